// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What is known about which pages are in memory, so that a hit costs no system call.
//
// A region (1 MiB) is *verified* when every page of it was found complete, with nothing in flight:
// that stays true for as long as nobody evicts it, and mapped pages leave only under memory
// pressure or truncation. A verification is believed for up to two epochs (100 ms each), then one
// mincore of the region renews it if it is warm. A wrong hint costs whoever touches the page a
// major fault; it never costs correctness. A region is *warm* when its page tables are filled.
//
// Regions that are asked about often are verified and warmed by a worker thread (see
// housekeeping.h): the reactor never waits for a page.
//
// Owns: 8 bytes per region. Threads: any thread; hints are relaxed atomics.
#pragma once

#include <cstdint>

#include "base/byte_range.h"
#include "pagecache/lazy_words.h"
#include "pagecache/units.h"

namespace quire {

class Residency {
 public:
  static constexpr uint64_t kEpochNs = 100'000'000;

  enum class Hint : uint8_t {
    kUnknown,
    kStale,      // verified and warm, but too long ago
    kFreshCold,  // in memory; page tables not known to be filled
    kFreshWarm,
  };

  explicit Residency(uint64_t capacity_bytes) : regions_(capacity_bytes / kRegionBytes + 1) {}

  // The weakest hint over the regions that `range` touches.
  Hint Look(ByteRange range, uint32_t epoch) const;
  // Counts `cost` towards warming the first region of `range`; true when it is worth the work now.
  // Then the caller has the region to itself until Verified, Unverified or Postpone.
  bool WorthWarming(ByteRange range, uint32_t cost);

  void Verified(uint64_t region, uint32_t epoch, bool warm);
  void Renewed(ByteRange range, uint32_t epoch);
  void Unverified(uint64_t region);
  // Nobody has time for it now: the next one who asks gets it.
  void Postpone(uint64_t region);
  // Pages of the range may be gone, or are about to be.
  void Forget(ByteRange range);
  // The page tables of the range were given back.
  void Cooled(ByteRange range);

 private:
  static constexpr uint64_t kVerified = 1;
  static constexpr uint64_t kWarm = 2;
  static constexpr uint64_t kBusy = 4;

  Hint LookAt(uint64_t region, uint32_t epoch) const;
  template <typename Change>
  void Update(uint64_t region, Change change);

  LazyWords regions_;  // last verified epoch << 32 | heat << 8 | flags
};

}  // namespace quire
