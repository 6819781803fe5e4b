// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The data of GET LBA STATUS: which blocks have room of their own.
// Owns: nothing. Lifetime: the response outlives it. Threads: one owner.
// Source: SBC-3 5.4.
#pragma once

#include <cstdint>

#include "vdisk/geometry.h"
#include "vdisk/response.h"

namespace quire {

// PROVISIONING STATUS (SBC-3 5.4.2).
enum class LbaStatus : uint8_t { kMapped = 0, kDeallocated = 1, kAnchored = 2 };

// Takes ranges in ascending order, each beginning where the last one ended; joins those of one
// status, and cuts what 32 bits cannot count.
class LbaStatusWriter {
 public:
  // The first LBA is the CDB's, wherever the first range begins.
  LbaStatusWriter(Lba first, Response& response);

  void Add(BlockCount count, LbaStatus status);
  // No more descriptors can be told: the search may stop.
  bool full() const { return response_.full(); }
  // Call it once, at the end.
  void Finish();

 private:
  void Flush();

  Response& response_;
  Lba next_;            // the first LBA of `pending_`
  BlockCount pending_;  // not written yet
  LbaStatus status_ = LbaStatus::kMapped;
};

}  // namespace quire
