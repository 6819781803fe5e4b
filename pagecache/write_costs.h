// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What storing into the mapping and writing on the file cost for resident ranges, by length:
// learned from real requests, because it depends on the file system and on the size of the folios
// that the data happens to lie in.
//
// Both ways pay for the first write to a folio (ext4, a folio of 2 MiB: 105 us by a store, 62 us by
// a write, for its 512 buffer heads); later writes to it cost 0.3 us by a store and 5 to 20 us by a
// write. So the means count, under the reuse that the load really has, and a trial of the other way
// has to stay in one place: some stretches of the file (2 MiB each, drawn by a hash) always go the
// other way.
// Threads: any thread; relaxed atomics, a lost update is harmless.
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

  // The mean of about the last 64, ns of CPU; 0 before there were enough to tell.
  uint32_t Get(Way way, uint64_t length_bytes) const;
  // Whether the next request of this length should be measured (that is a fifth of the cost of a
  // small one): all until both ways are known, then one of 32.
  bool WorthMeasuring(uint64_t length_bytes);
  void Note(Way way, uint64_t length_bytes, uint64_t cost_ns);

  // The costs to choose by: as measured, or turned round in a stretch that tries the other way: one
  // of 16 while that is unknown, one of 64 while the two are close, one of 512 when not.
  struct Costs {
    uint32_t store_ns;
    uint32_t write_ns;
  };
  Costs ToChooseBy(ByteRange range) const;

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
