// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: which shards a range lies in: one lock for a block, and the lock of every span it covers.
// Method: ranges on both sides of every boundary.

#include "vdisk/range_shards.h"

#include <gtest/gtest.h>

namespace quire {
namespace {

constexpr uint64_t kSpan = RangeShards::kSpanBytes;

TEST(RangeShardsTest, HowManyShards) {
  struct Row {
    ByteRange range;
    size_t count;
  };
  for (const Row& row :
       {Row{{0, 1}, 1}, Row{{0, kSpan}, 1}, Row{{0, kSpan + 1}, 2}, Row{{kSpan - 1, 1}, 1},
        Row{{kSpan - 1, 2}, 2}, Row{{kSpan - 1, kSpan + 1}, 2}, Row{{kSpan - 1, kSpan + 2}, 3},
        Row{{512, 128 << 10}, 3}, Row{{0, 3 * kSpan}, 3}, Row{{0, 3 * kSpan + 1}, 4},
        Row{{kSpan - 1, 250 * kSpan + 1}, 251}, Row{{~uint64_t{0} - 1, 1}, 1},
        Row{{0, ~uint64_t{0}}, 251}}) {
    RangePart part;
    part.range = row.range;
    RangeShards::Set shards;
    RangeShards::AddShards(part, shards);
    EXPECT_EQ(shards.count(), row.count) << row.range.offset << "+" << row.range.length;
  }
}

TEST(RangeShardsTest, NeighboursAreInDifferentShards) {
  for (const uint64_t stride : {kSpan, 2 * kSpan, 16 * kSpan, 1024 * kSpan}) {
    RangeShards::Set all;
    for (uint64_t i = 0; i < RangeShards::kShards; ++i) {
      RangePart part;
      part.range = {i * stride, 512};
      RangeShards::AddShards(part, all);
    }
    EXPECT_TRUE(all.all()) << stride;
  }
}

}  // namespace
}  // namespace quire
