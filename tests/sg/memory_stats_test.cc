// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a snapshot is the sum over all pools, and of those that are gone only what was counted.
// Method: counters by hand, each of them another number.

#include "sg/memory_stats.h"

#include <gtest/gtest.h>

namespace quire {
namespace {

// Fills in `stats`, `times` as much of everything.
void Fill(SgvPool::Stats& stats, uint64_t times) {
  for (uint32_t order = 0; order < SgvPool::kOrders; ++order) {
    stats.orders[order].hits.Add((100 + order) * times);
    stats.orders[order].misses.Add((200 + order) * times);
    stats.orders[order].pieces.Add(4 * times);
    stats.orders[order].segments.Add(1 * times);
  }
  stats.outside.Add(5 * times);
  stats.refused.Add(6 * times);
  stats.purged.Add(7 * times);
  stats.shrunk.Add(8 * times);
  stats.from_others.Add(9 * times);
  stats.cached_pages = 11 * times;
  stats.idle_pages = 10 * times;
}

TEST(MemoryStatsTest, SumsOverPools) {
  SgvPool::Stats first;
  SgvPool::Stats second;
  Fill(first, 1);
  Fill(second, 2);
  MemoryStats stats;
  stats.Add(first);
  stats.Add(second);
  for (uint32_t order = 0; order < SgvPool::kOrders; ++order) {
    EXPECT_EQ(stats.pools.hits[order], 3 * (100 + order));
    EXPECT_EQ(stats.pools.misses[order], 3 * (200 + order));
  }
  EXPECT_EQ(stats.pools.pieces, 3 * 4 * SgvPool::kOrders);
  EXPECT_EQ(stats.pools.segments, 3 * 1 * SgvPool::kOrders);
  EXPECT_EQ(stats.pools.outside, 15u);
  EXPECT_EQ(stats.pools.refused, 18u);
  EXPECT_EQ(stats.pools.purged, 21u);
  EXPECT_EQ(stats.pools.shrunk, 24u);
  EXPECT_EQ(stats.pools.from_others, 27u);
  EXPECT_EQ(stats.pools.cached_pages, 33u);
  EXPECT_EQ(stats.pools.idle_pages, 30u);
}

TEST(MemoryStatsTest, SumsOverHeadrooms) {
  const HeadroomPool::Stats pool = {
      .buffers = 1, .free = 2, .parked = 3, .taken = 4, .grown = 5, .released = 6, .refused = 7};
  MemoryStats stats;
  stats.Add(pool);
  stats.Add(pool);
  EXPECT_EQ(stats.headroom.buffers, 2u);
  EXPECT_EQ(stats.headroom.free, 4u);
  EXPECT_EQ(stats.headroom.parked, 6u);
  EXPECT_EQ(stats.headroom.taken, 8u);
  EXPECT_EQ(stats.headroom.grown, 10u);
  EXPECT_EQ(stats.headroom.released, 12u);
  EXPECT_EQ(stats.headroom.refused, 14u);
}

TEST(MemoryStatsTest, OfWhatIsGoneOnlyTheCountsStay) {
  SgvPool::Stats pool;
  Fill(pool, 1);
  MemoryStats stats;
  stats.Add(pool);
  stats.Add(HeadroomPool::Stats{
      .buffers = 1, .free = 2, .parked = 3, .taken = 4, .grown = 5, .released = 6, .refused = 7});
  stats.ForgetWhatIsNow();
  EXPECT_EQ(stats.pools.cached_pages, 0u);
  EXPECT_EQ(stats.pools.idle_pages, 0u);
  EXPECT_EQ(stats.headroom.buffers, 0u);
  EXPECT_EQ(stats.headroom.free, 0u);
  EXPECT_EQ(stats.headroom.parked, 0u);
  EXPECT_EQ(stats.pools.hits[3], 103u);
  EXPECT_EQ(stats.pools.misses[3], 203u);
  EXPECT_EQ(stats.pools.outside, 5u);
  EXPECT_EQ(stats.pools.refused, 6u);
  EXPECT_EQ(stats.pools.purged, 7u);
  EXPECT_EQ(stats.pools.shrunk, 8u);
  EXPECT_EQ(stats.pools.from_others, 9u);
  EXPECT_EQ(stats.headroom.taken, 4u);
  EXPECT_EQ(stats.headroom.grown, 5u);
  EXPECT_EQ(stats.headroom.released, 6u);
  EXPECT_EQ(stats.headroom.refused, 7u);
}

TEST(MemoryStatsTest, WhatWasMergedIsAShareOfThePieces) {
  MemoryStats stats;
  EXPECT_EQ(stats.pools.merged_share(), 0) << "of nothing";
  stats.pools.pieces = 4;
  stats.pools.segments = 1;
  EXPECT_DOUBLE_EQ(stats.pools.merged_share(), 0.75);
  stats.pools.segments = 4;
  EXPECT_EQ(stats.pools.merged_share(), 0);
  // Of two counters read one after the other, or of segments of a page each.
  stats.pools.segments = 5;
  EXPECT_EQ(stats.pools.merged_share(), 0);
}

}  // namespace
}  // namespace quire
