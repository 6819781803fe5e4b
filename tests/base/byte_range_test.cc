// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: ranges are compared, cut and aligned right, and no sum overflows unnoticed.
// Method: tables of values on both sides of every boundary.
#include "base/byte_range.h"

#include <gtest/gtest.h>

namespace quire {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

TEST(ByteRange, ValidRefusesOnlyOverflow) {
  EXPECT_TRUE((ByteRange{0, kMax}.Valid()));
  EXPECT_TRUE((ByteRange{kMax, 0}.Valid()));
  EXPECT_TRUE((ByteRange{kMax - 1, 1}.Valid()));
  EXPECT_FALSE((ByteRange{1, kMax}.Valid()));
  EXPECT_FALSE((ByteRange{kMax, 1}.Valid()));
}

TEST(ByteRange, FitsInIsSafeForAnyNumbers) {
  EXPECT_TRUE((ByteRange{0, 10}.FitsIn(10)));
  EXPECT_TRUE((ByteRange{10, 0}.FitsIn(10)));
  EXPECT_FALSE((ByteRange{11, 0}.FitsIn(10)));
  EXPECT_FALSE((ByteRange{1, 10}.FitsIn(10)));
  EXPECT_FALSE((ByteRange{5, kMax}.FitsIn(10)));
  EXPECT_FALSE((ByteRange{kMax, 5}.FitsIn(10)));
}

TEST(ByteRange, NeighboursDoNotOverlap) {
  const ByteRange range{10, 10};
  EXPECT_FALSE(range.Overlaps({0, 10}));
  EXPECT_TRUE(range.Overlaps({0, 11}));
  EXPECT_TRUE(range.Overlaps({19, 1}));
  EXPECT_FALSE(range.Overlaps({20, 1}));
  EXPECT_TRUE(range.Overlaps({0, 100}));
}

TEST(ByteRange, Contains) {
  const ByteRange range{10, 10};
  EXPECT_TRUE(range.Contains({10, 10}));
  EXPECT_TRUE(range.Contains({20, 0}));
  EXPECT_FALSE(range.Contains({9, 2}));
  EXPECT_FALSE(range.Contains({19, 2}));
}

TEST(ByteRange, Intersect) {
  const ByteRange range{10, 10};
  EXPECT_EQ(range.Intersect({5, 10}), (ByteRange{10, 5}));
  EXPECT_EQ(range.Intersect({15, 10}), (ByteRange{15, 5}));
  EXPECT_EQ(range.Intersect({0, 100}), range);
  EXPECT_TRUE(range.Intersect({20, 5}).empty());
  EXPECT_TRUE(range.Intersect({0, 5}).empty());
}

TEST(ByteRange, Align) {
  EXPECT_EQ((ByteRange{4095, 2}.AlignedOut(4096)), (ByteRange{0, 8192}));
  EXPECT_EQ((ByteRange{4096, 4096}.AlignedOut(4096)), (ByteRange{4096, 4096}));
  EXPECT_EQ((ByteRange{4097, 0}.AlignedOut(4096)), (ByteRange{4096, 4096}));
  EXPECT_TRUE((ByteRange{4096, 8192}.AlignedTo(4096)));
  EXPECT_FALSE((ByteRange{4096, 8191}.AlignedTo(4096)));
  EXPECT_FALSE((ByteRange{4095, 8192}.AlignedTo(4096)));
}

}  // namespace
}  // namespace quire
