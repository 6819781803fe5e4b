// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the set answers like a std::set, on both sides of every boundary of its tree.
// Method: sizes around powers of 64; members at the edges, then at random against std::set.
#include "sg/number_set.h"

#include <gtest/gtest.h>

#include <iterator>
#include <limits>
#include <set>

#include "base/prng.h"

namespace quire {
namespace {

constexpr uint64_t kCounts[] = {1,    2,    63,   64,   65,     127,    128,
                                4095, 4096, 4097, 8193, 262143, 262144, 262145};

void ExpectSame(const NumberSet& numbers, const std::set<uint64_t>& model) {
  ASSERT_EQ(numbers.size(), model.size());
  ASSERT_EQ(numbers.empty(), model.empty());
  if (model.empty()) {
    ASSERT_EQ(numbers.Lowest(), std::nullopt);
    ASSERT_EQ(numbers.Highest(), std::nullopt);
  } else {
    ASSERT_EQ(numbers.Lowest(), *model.begin());
    ASSERT_EQ(numbers.Highest(), *model.rbegin());
  }
}

TEST(NumberSet, OfNothing) {
  const NumberSet numbers(0);
  EXPECT_TRUE(numbers.empty());
  EXPECT_FALSE(numbers.Contains(0));
  EXPECT_EQ(numbers.Lowest(), std::nullopt);
  EXPECT_EQ(numbers.Highest(), std::nullopt);
}

TEST(NumberSet, BothEnds) {
  for (const uint64_t count : kCounts) {
    SCOPED_TRACE(count);
    NumberSet numbers(count);
    EXPECT_EQ(numbers.Lowest(), std::nullopt);
    numbers.Insert(count - 1);
    EXPECT_EQ(numbers.Lowest(), count - 1);
    EXPECT_EQ(numbers.Highest(), count - 1);
    if (count > 1) {
      numbers.Insert(0);
      EXPECT_EQ(numbers.Lowest(), 0u);
      EXPECT_EQ(numbers.Highest(), count - 1);
      numbers.Remove(0);
      EXPECT_EQ(numbers.Lowest(), count - 1);
      EXPECT_FALSE(numbers.Contains(0));
    }
    EXPECT_TRUE(numbers.Contains(count - 1));
    numbers.Remove(count - 1);
    EXPECT_EQ(numbers.Highest(), std::nullopt);
    EXPECT_TRUE(numbers.empty());
  }
}

TEST(NumberSet, NoNumberIsTooLargeToAskFor) {
  for (const uint64_t count : kCounts) {
    NumberSet numbers(count);
    for (uint64_t number = 0; number < count; ++number) numbers.Insert(number);
    EXPECT_EQ(numbers.size(), count);
    EXPECT_FALSE(numbers.Contains(count));
    EXPECT_FALSE(numbers.Contains((count + 63) / 64 * 64));
    EXPECT_FALSE(numbers.Contains(uint64_t{1} << 32));
    EXPECT_FALSE(numbers.Contains(std::numeric_limits<uint64_t>::max()));
  }
}

TEST(NumberSet, EmptiedFromEitherEndInOrder) {
  for (const uint64_t count : kCounts) {
    SCOPED_TRACE(count);
    NumberSet numbers(count);
    for (const bool up : {true, false}) {
      for (uint64_t number = 0; number < count; ++number) numbers.Insert(number);
      for (uint64_t i = 0; i < count; ++i) {
        const uint64_t expected = up ? i : count - 1 - i;
        ASSERT_EQ(up ? numbers.Lowest() : numbers.Highest(), expected);
        numbers.Remove(expected);
      }
      ASSERT_TRUE(numbers.empty());
    }
  }
}

void RunAgainstSet(uint64_t seed, uint64_t count) {
  SCOPED_TRACE(testing::Message() << "seed " << seed << ", numbers below " << count);
  Prng prng(seed);
  NumberSet numbers(count);
  std::set<uint64_t> model;
  bool filling = true;
  for (int step = 0; step < 3000; ++step) {
    SCOPED_TRACE(step);
    if (prng.Chance(1, 300)) filling = !filling;
    // Near a former member or anywhere, so that words and whole subtrees fill and empty.
    uint64_t number = prng.Below(count);
    if (!model.empty() && prng.Chance(1, 2)) {
      const auto near = model.lower_bound(number);
      number = near == model.end() ? *model.rbegin() : *near;
      if (filling && number + 1 < count) ++number;
    }
    ASSERT_EQ(numbers.Contains(number), model.contains(number));
    if (model.contains(number)) {
      if (!filling || prng.Chance(1, 4)) {
        numbers.Remove(number);
        model.erase(number);
      }
    } else if (filling || prng.Chance(1, 8)) {
      numbers.Insert(number);
      model.insert(number);
    }
    ExpectSame(numbers, model);
    if (testing::Test::HasFatalFailure()) return;
  }
  while (!model.empty()) {
    const auto last = prng.Chance(1, 2) ? model.begin() : std::prev(model.end());
    numbers.Remove(*last);
    model.erase(last);
    ExpectSame(numbers, model);
  }
}

TEST(NumberSet, RandomMembersAgreeWithAStdSet) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    for (const uint64_t count : kCounts) {
      RunAgainstSet(seed, count);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(NumberSetDeathTest, WrongMembersAreBugs) {
  NumberSet numbers(65);
  numbers.Insert(64);
  EXPECT_DEATH(numbers.Insert(64), "Contains");
  EXPECT_DEATH(numbers.Insert(65), "count_");
  EXPECT_DEATH(numbers.Remove(63), "Contains");
  EXPECT_DEATH(numbers.Remove(65), "Contains");
}

}  // namespace
}  // namespace quire
