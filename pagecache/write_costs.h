// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Whether storing into the mapping or writing on the file is cheaper for resident ranges that are
// written densely, by length: learned from real requests, because it depends on the file system and
// on the size of the folios that the data happens to lie in.
//
// What counts is the mean under the reuse that the load really has: the first store to a page pays
// for a page fault (0.4 us in a large folio, 2 us in one of its own), later ones for the copy
// alone. So a trial of the other way has to stay in one place: some spots of the file (64 KiB each,
// drawn by a hash) always go the other way. Threads: any thread; relaxed atomics, a lost update is
// harmless.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/byte_range.h"

namespace quire {

class WriteCosts {
 public:
  enum class Way : uint8_t { kStore, kWrite };

  struct Advice {
    Way way;       // the cheaper one, or the other one for a trial
    bool measure;  // what it costs should be noted; measuring is a tenth of the cost of a small one
  };
  Advice Advise(ByteRange range);
  void Note(Way way, uint64_t length_bytes, uint64_t cost_ns);

  // The mean of about the last 64, ns of CPU; 0 before there were enough to tell.
  uint32_t Get(Way way, uint64_t length_bytes) const;

 private:
  // By power of two of pages: 1, 2-3, 4-7, ... 1024.
  static constexpr size_t kClasses = 11;
  static size_t ClassOf(uint64_t length_bytes);

  struct Mean {
    std::atomic<uint32_t> ns{0};
    std::atomic<uint32_t> count{0};
  };
  struct Class {
    std::array<Mean, 2> means;
    std::atomic<uint32_t> count_requests{0};
  };
  std::array<Class, kClasses> classes_;
};

}  // namespace quire
