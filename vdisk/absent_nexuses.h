// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The unit attentions of initiators that are not connected at the moment, kept until they return.
//
// A nexus that is not known here starts with POWER ON, which tells an initiator to look at
// everything anew. So nothing is lost when the one that left first is forgotten for want of room:
// it only hears less precisely what it missed.
// Owns: the names and their lists. Threads: any thread; not for the data path.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "vdisk/unit_attention.h"

namespace quire {

class AbsentNexuses {
 public:
  // A name of 230 bytes and a list: 256 of them are 64 KiB a unit.
  static constexpr size_t kMaxCount = 256;

  explicit AbsentNexuses(size_t max_count = kMaxCount) : max_count_(max_count) {}

  // The nexus was lost: what it has not been told yet is kept, and I_T NEXUS LOSS with it.
  void Leave(std::string_view name, UnitAttentionList list);
  // What the nexus has to be told now that it is back. It is present from here on.
  UnitAttentionList Return(std::string_view name);
  // For one that is absent, known or not (a registration restored at start, for example).
  void Post(std::string_view name, UnitAttention attention);
  // For all that are known.
  void PostAll(UnitAttention attention);
  size_t count() const;

 private:
  struct Absent {
    std::string name;
    UnitAttentionList list;
  };
  using Absents = std::list<Absent>;

  Absents::iterator Find(std::string_view name) QUIRE_REQUIRES(mutex_);
  void Add(std::string_view name, UnitAttentionList list) QUIRE_REQUIRES(mutex_);

  const size_t max_count_;
  mutable Mutex mutex_;
  // INVARIANT: names differ; at most max_count_; the one that left first is in front.
  Absents absents_ QUIRE_GUARDED_BY(mutex_);
};

}  // namespace quire
