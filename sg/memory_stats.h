// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What a process's memory for buffers has done and does, as one snapshot: for those who print it.
// Owns: plain values. Threads: the snapshot is its reader's; it is taken from counters that run on,
// so figures of different pieces may be a moment apart.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "sg/headroom_pool.h"
#include "sg/memory_budget.h"
#include "sg/regions.h"
#include "sg/sgv_pool.h"

namespace quire {

struct MemoryStats {
  // Ready-made vectors, over all reactors.
  struct Pools {
    std::array<uint64_t, SgvPool::kOrders> hits{}, misses{};  // by order of pages
    uint64_t outside = 0;                                     // requests above 4 MiB
    uint64_t refused = 0;                                     // nothing left
    uint64_t purged = 0;                                      // vectors given back by age
    uint64_t shrunk = 0;       // vectors given back for want of memory
    uint64_t from_others = 0;  // returned on another thread
    // Of vectors made: pieces out of the regions, and segments that they became.
    uint64_t pieces = 0, segments = 0;
    uint64_t cached_pages = 0, idle_pages = 0;  // now

    double merged_share() const {
      // The two are read one after the other while they grow.
      const uint64_t merged = pieces - std::min(pieces, segments);
      return pieces == 0 ? 0 : static_cast<double>(merged) / static_cast<double>(pieces);
    }
  };
  Pools pools;
  HeadroomPool::Stats headroom;  // over all reactors
  uint64_t quarantined = 0;      // header buffers that the network never gave back
  Regions::Stats regions;
  DataArea::Stats area;  // that the regions lie in
  BudgetStats budget;
  std::string pressure_watch;    // what is watched
  uint64_t pressure_events = 0;  // times that memory was short

  void Add(const SgvPool::Stats& pool);
  void Add(const HeadroomPool::Stats& pool);
  // Keeps what was counted.
  void ForgetWhatIsNow();
};

}  // namespace quire
