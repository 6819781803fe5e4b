// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a seed means the same sequence for ever (recorded failures depend on it).
// Method: the published first values of SplitMix64, and simple statistics.
#include "base/prng.h"

#include <gtest/gtest.h>

namespace quire {
namespace {

TEST(Prng, IsSplitMix64) {
  Prng prng(0);
  EXPECT_EQ(prng.Next(), 0xe220a8397b1dcdafu);
  EXPECT_EQ(prng.Next(), 0x6e789e6aa1b965f4u);
  EXPECT_EQ(prng.Next(), 0x06c45d188009454fu);
}

TEST(Prng, BelowStaysBelowAndReachesAll) {
  Prng prng(7);
  uint32_t seen = 0;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t value = prng.Below(10);
    ASSERT_LT(value, 10u);
    seen |= 1u << value;
  }
  EXPECT_EQ(seen, 0x3ffu);
}

TEST(Prng, ChanceIsAboutRight) {
  Prng prng(7);
  int count = 0;
  for (int i = 0; i < 10'000; ++i) count += prng.Chance(1, 4) ? 1 : 0;
  EXPECT_GT(count, 2300);
  EXPECT_LT(count, 2700);
}

}  // namespace
}  // namespace quire
