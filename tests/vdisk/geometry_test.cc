// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: block arithmetic never overflows and rounds a file down to whole blocks.
// Method: ranges on both sides of the end and at the end of the number range.

#include "vdisk/geometry.h"

#include <gtest/gtest.h>

namespace quire {
namespace {

TEST(GeometryTest, WholeBlocksOnly) {
  const Geometry geometry = Geometry::ForSize(4096 + 511, 512);
  EXPECT_EQ(geometry.count.value, 8u);
  EXPECT_EQ(geometry.size_bytes(), 4096u);
}

TEST(GeometryTest, ContainsIsSafeForAnyNumbers) {
  const Geometry geometry = Geometry::ForSize(4096, 512);
  constexpr uint64_t kMost = ~uint64_t{0};
  EXPECT_TRUE(geometry.Contains({{0}, {8}}));
  EXPECT_TRUE(geometry.Contains({{8}, {0}}));
  EXPECT_FALSE(geometry.Contains({{0}, {9}}));
  EXPECT_FALSE(geometry.Contains({{9}, {0}}));
  EXPECT_FALSE(geometry.Contains({{1}, {kMost}}));
  EXPECT_FALSE(geometry.Contains({{kMost}, {1}}));
  EXPECT_EQ(geometry.Bytes({{2}, {3}}), (ByteRange{1024, 1536}));
}

}  // namespace
}  // namespace quire
