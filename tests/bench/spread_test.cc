// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: medians, quartiles and percentiles are what they are called.
// Method: small sets with known answers.
#include "bench/support/spread.h"

#include <gtest/gtest.h>

namespace quire::bench {
namespace {

TEST(Spread, OfNothingIsZero) {
  EXPECT_EQ(SpreadOf({}).median, 0);
  std::vector<uint64_t> none;
  EXPECT_EQ(Percentile(none, 0.99), 0u);
}

TEST(Spread, OfOneIsThatOne) {
  const Spread spread = SpreadOf({7});
  EXPECT_EQ(spread.low, 7);
  EXPECT_EQ(spread.median, 7);
  EXPECT_EQ(spread.high, 7);
}

TEST(Spread, IsBetweenTheNearestRanks) {
  const Spread spread = SpreadOf({4, 1, 3, 2});
  EXPECT_DOUBLE_EQ(spread.low, 1.75);
  EXPECT_DOUBLE_EQ(spread.median, 2.5);
  EXPECT_DOUBLE_EQ(spread.high, 3.25);
}

TEST(Percentile, IsTheValueThatTheFractionDoesNotExceed) {
  std::vector<uint64_t> values;
  for (uint64_t i = 1000; i > 0; --i) values.push_back(i);
  EXPECT_EQ(Percentile(values, 0), 1u);
  EXPECT_EQ(Percentile(values, 0.5), 500u);
  EXPECT_EQ(Percentile(values, 0.999), 999u);
  EXPECT_EQ(Percentile(values, 1), 1000u);
}

}  // namespace
}  // namespace quire::bench
