// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: blocks are aligned and never overlap, the leftmost fit is taken, and "full" is only said
//   when it is true.
// Method: every order by hand; then at random against a plain bitmap of units.
#include "sg/buddy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/prng.h"

namespace quire {
namespace {

constexpr uint32_t kUnits = Buddy::kUnits;

TEST(Buddy, OrderOfIsTheSmallestThatFits) {
  EXPECT_EQ(OrderOf(1), 0u);
  for (uint32_t order = 1; order <= 40; ++order) {
    const uint64_t size_units = uint64_t{1} << order;
    EXPECT_EQ(OrderOf(size_units), order);
    EXPECT_EQ(OrderOf(size_units + 1), order + 1);
    EXPECT_EQ(OrderOf(size_units / 2 + 1), order);
  }
}

TEST(Buddy, EveryOrderFillsTheChunk) {
  for (uint32_t order = 0; order <= Buddy::kMaxOrder; ++order) {
    SCOPED_TRACE(order);
    const uint32_t size_units = 1u << order;
    Buddy buddy;
    EXPECT_TRUE(buddy.empty());
    for (uint32_t unit = 0; unit < kUnits; unit += size_units) {
      EXPECT_TRUE(buddy.CanTake(order));
      EXPECT_EQ(buddy.CountFreeUnits(), kUnits - unit);
      EXPECT_EQ(buddy.Take(order), unit);  // the leftmost
      EXPECT_FALSE(buddy.empty());
      buddy.CheckInvariants();
    }
    EXPECT_EQ(buddy.CountFreeUnits(), 0u);
    EXPECT_EQ(buddy.largest(), std::nullopt);
    for (uint32_t other = 0; other <= Buddy::kMaxOrder; ++other) {
      EXPECT_FALSE(buddy.CanTake(other));
      EXPECT_EQ(buddy.Take(other), std::nullopt);
    }
    for (uint32_t unit = 0; unit < kUnits; unit += size_units) {
      EXPECT_EQ(buddy.Release(unit), order);
      buddy.CheckInvariants();
    }
    EXPECT_TRUE(buddy.empty());
    EXPECT_EQ(buddy.largest(), Buddy::kMaxOrder);
    EXPECT_EQ(buddy.CountFreeUnits(), kUnits);
  }
}

TEST(Buddy, TheLeftmostFitIsTakenNotTheTightest) {
  Buddy buddy;
  EXPECT_EQ(buddy.Take(2), 0u);
  EXPECT_EQ(buddy.Take(0), 4u);
  EXPECT_EQ(buddy.Take(0), 5u);
  EXPECT_EQ(buddy.Take(1), 6u);
  EXPECT_EQ(buddy.Take(3), 8u);
  EXPECT_EQ(buddy.Release(0), 2u);
  EXPECT_EQ(buddy.Release(5), 0u);
  EXPECT_EQ(buddy.Take(0), 0u);  // though unit 5 alone would fit
  EXPECT_EQ(buddy.Take(1), 2u);
  EXPECT_EQ(buddy.Take(1), 16u);  // units 1 and 5 are no pair
  EXPECT_EQ(buddy.Take(0), 1u);
  EXPECT_EQ(buddy.Take(0), 5u);
  buddy.CheckInvariants();
}

TEST(Buddy, NeighboursMergeInAnyOrder) {
  for (const uint32_t first : {0u, 1u, 2u, 3u}) {
    Buddy buddy;
    for (uint32_t unit = 0; unit < kUnits; ++unit) ASSERT_EQ(buddy.Take(0), unit);
    for (uint32_t i = 0; i < 4; ++i) {
      EXPECT_FALSE(buddy.CanTake(2));
      EXPECT_EQ(buddy.Release(512 + (first + i) % 4), 0u);
      buddy.CheckInvariants();
    }
    EXPECT_EQ(buddy.largest(), 2u);
    EXPECT_EQ(buddy.Take(2), 512u);
  }
}

TEST(Buddy, UnitsThatAreNoBuddiesDoNotMerge) {
  Buddy buddy;
  for (uint32_t unit = 0; unit < kUnits; ++unit) ASSERT_EQ(buddy.Take(0), unit);
  buddy.Release(1);
  buddy.Release(2);
  EXPECT_EQ(buddy.largest(), 0u);
  EXPECT_EQ(buddy.Take(1), std::nullopt);
  buddy.Release(3);
  EXPECT_EQ(buddy.Take(1), 2u);
  buddy.CheckInvariants();
}

// What the buddy is measured by.
struct Bitmap {
  std::vector<bool> taken = std::vector<bool>(kUnits);

  bool IsFree(uint32_t unit, uint32_t order) const {
    for (uint32_t i = unit; i < unit + (1u << order); ++i) {
      if (taken[i]) return false;
    }
    return true;
  }
  std::optional<uint32_t> LeftmostFree(uint32_t order) const {
    for (uint32_t unit = 0; unit < kUnits; unit += 1u << order) {
      if (IsFree(unit, order)) return unit;
    }
    return std::nullopt;
  }
  void Mark(uint32_t unit, uint32_t order, bool now) {
    for (uint32_t i = unit; i < unit + (1u << order); ++i) taken[i] = now;
  }
  uint32_t CountFreeUnits() const {
    return static_cast<uint32_t>(std::count(taken.begin(), taken.end(), false));
  }
};

struct Block {
  uint32_t unit, order;
};

void RunAgainstBitmap(uint64_t seed, uint32_t max_order) {
  SCOPED_TRACE(testing::Message() << "seed " << seed << ", orders to " << max_order);
  Prng prng(seed);
  Buddy buddy;
  Bitmap bitmap;
  std::vector<Block> blocks;
  bool filling = true;
  for (int step = 0; step < 4000; ++step) {
    SCOPED_TRACE(step);
    if (prng.Chance(1, 200)) filling = !filling;
    if (prng.Chance(filling ? 3 : 1, 4)) {
      const auto order = static_cast<uint32_t>(prng.Below(max_order + 1));
      const auto expected = bitmap.LeftmostFree(order);
      ASSERT_EQ(buddy.CanTake(order), expected.has_value());
      const auto unit = buddy.Take(order);
      ASSERT_EQ(unit, expected);  // hence aligned to its size, and free
      if (unit.has_value()) {
        bitmap.Mark(*unit, order, true);
        blocks.push_back({*unit, order});
      }
    } else if (!blocks.empty()) {
      std::swap(blocks[prng.Below(blocks.size())], blocks.back());
      ASSERT_EQ(buddy.Release(blocks.back().unit), blocks.back().order);
      bitmap.Mark(blocks.back().unit, blocks.back().order, false);
      blocks.pop_back();
    }
    ASSERT_EQ(buddy.CountFreeUnits(), bitmap.CountFreeUnits());
    ASSERT_EQ(buddy.empty(), blocks.empty());
    if (step % 16 == 0) buddy.CheckInvariants();
  }
  for (const Block& block : blocks) ASSERT_EQ(buddy.Release(block.unit), block.order);
  EXPECT_TRUE(buddy.empty());
  buddy.CheckInvariants();
}

TEST(Buddy, RandomBlocksAgreeWithABitmap) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    for (const uint32_t max_order : {0u, 3u, 6u, Buddy::kMaxOrder}) {
      RunAgainstBitmap(seed, max_order);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(BuddyDeathTest, ADoubleReleaseIsABug) {
  Buddy buddy;
  ASSERT_EQ(buddy.Take(2), 0u);
  ASSERT_EQ(buddy.Take(2), 4u);
  buddy.Release(4);
  EXPECT_DEATH(buddy.Release(4), "this must hold");
  buddy.Release(0);
  EXPECT_DEATH(buddy.Release(0), "this must hold");
  EXPECT_DEATH(buddy.Release(kUnits), "this must hold");
}

TEST(BuddyDeathTest, AReleaseInsideABlockIsABug) {
  Buddy buddy;
  ASSERT_EQ(buddy.Take(3), 0u);
  for (uint32_t unit = 1; unit < 9; unit += 3) {
    EXPECT_DEATH(buddy.Release(unit), "this must hold");
  }
  Buddy whole;
  ASSERT_EQ(whole.Take(Buddy::kMaxOrder), 0u);
  EXPECT_DEATH(whole.Release(kUnits / 2), "this must hold");
}

}  // namespace
}  // namespace quire
