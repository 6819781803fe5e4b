// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "sg/memory_stats.h"

namespace quire {

void MemoryStats::Add(const SgvPool::Stats& pool) {
  for (uint32_t order = 0; order < SgvPool::kOrders; ++order) {
    pools.hits[order] += pool.orders[order].hits.value();
    pools.misses[order] += pool.orders[order].misses.value();
    pools.pieces += pool.orders[order].pieces.value();
    pools.segments += pool.orders[order].segments.value();
  }
  pools.outside += pool.outside.value();
  pools.refused += pool.refused.value();
  pools.purged += pool.purged.value();
  pools.shrunk += pool.shrunk.value();
  pools.from_others += pool.from_others.value();
  pools.cached_pages += pool.cached_pages.load(std::memory_order_relaxed);
  pools.idle_pages += pool.idle_pages.load(std::memory_order_relaxed);
}

void MemoryStats::Add(const HeadroomPool::Stats& pool) {
  headroom.buffers += pool.buffers;
  headroom.free += pool.free;
  headroom.parked += pool.parked;
  headroom.taken += pool.taken;
  headroom.grown += pool.grown;
  headroom.released += pool.released;
  headroom.refused += pool.refused;
}

void MemoryStats::ForgetWhatIsNow() {
  pools.cached_pages = 0;
  pools.idle_pages = 0;
  headroom.buffers = 0;
  headroom.free = 0;
  headroom.parked = 0;
}

}  // namespace quire
