// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the cheaper way is known after a few requests, outlives odd ones, and the other way is
// tried again, but only in a few spots of the file.
// Method: costs by hand.

#include "pagecache/write_costs.h"

#include <gtest/gtest.h>

#include "pagecache/units.h"

namespace quire {
namespace {

using Way = WriteCosts::Way;
constexpr uint64_t kSpot = 64 * 1024;

void NoteMany(WriteCosts& costs, uint64_t length, uint64_t store_ns, uint64_t write_ns) {
  for (int i = 0; i < 200; ++i) {
    costs.Note(Way::kStore, length, store_ns);
    costs.Note(Way::kWrite, length, write_ns);
  }
}

// In how many of `count` spots the advice is to write on the file.
int CountWrites(WriteCosts& costs, uint64_t length, int count) {
  int writes = 0;
  for (int i = 0; i < count; ++i) {
    const auto advice = costs.Advise({static_cast<uint64_t>(i) * std::max(kSpot, length), length});
    writes += advice.way == Way::kWrite ? 1 : 0;
  }
  return writes;
}

TEST(WriteCostsTest, ALengthDoesNotSpeakForAnother) {
  WriteCosts costs;
  NoteMany(costs, 4096, 100, 200);
  EXPECT_EQ(costs.Get(Way::kStore, 4096), 100u);
  EXPECT_EQ(costs.Get(Way::kWrite, 4096), 200u);
  EXPECT_EQ(costs.Get(Way::kStore, 8192), 0u);
  EXPECT_EQ(costs.Get(Way::kStore, 1), 100u) << "less than a page counts as one";
}

TEST(WriteCostsTest, BothWaysAreTriedWhileLittleIsKnown) {
  WriteCosts costs;
  costs.Note(Way::kStore, 4096, 100);
  EXPECT_EQ(costs.Get(Way::kStore, 4096), 0u);
  const int writes = CountWrites(costs, 4096, 1600);
  EXPECT_GT(writes, 300);
  EXPECT_LT(writes, 500);
  const int long_writes = CountWrites(costs, 1 << 20, 1600);
  EXPECT_GT(long_writes, 1100);
  EXPECT_LT(long_writes, 1300);
}

TEST(WriteCostsTest, TheDearerWayIsTriedInFewSpots) {
  WriteCosts costs;
  NoteMany(costs, 4096, 300, 5000);
  const int rare = CountWrites(costs, 4096, 16384);
  EXPECT_GT(rare, 10);
  EXPECT_LT(rare, 64);
  NoteMany(costs, 4096, 300, 400);
  const int often = CountWrites(costs, 4096, 16384);
  EXPECT_GT(often, 160);
  EXPECT_LT(often, 400);
  // The other way round it is the store that is tried.
  NoteMany(costs, 4096, 5000, 300);
  EXPECT_GT(CountWrites(costs, 4096, 16384), 16384 - 64);
}

TEST(WriteCostsTest, ASpotStaysWithItsWay) {
  WriteCosts costs;
  NoteMany(costs, 4096, 300, 400);
  for (uint64_t spot = 0; spot < 256; ++spot) {
    const Way way = costs.Advise({spot * kSpot, 4096}).way;
    for (uint64_t offset = 0; offset < kSpot; offset += kPageBytes) {
      EXPECT_EQ(costs.Advise({spot * kSpot + offset, 4096}).way, way);
    }
  }
}

TEST(WriteCostsTest, OddRequestsDoNotTurnTheChoice) {
  WriteCosts costs;
  NoteMany(costs, 4096, 1000, 20000);
  for (int i = 0; i < 10; ++i) costs.Note(Way::kStore, 4096, 500000);
  EXPECT_LT(costs.Get(Way::kStore, 4096), costs.Get(Way::kWrite, 4096));
}

TEST(WriteCostsTest, AChangeIsNoticed) {
  WriteCosts costs;
  NoteMany(costs, 4096, 300, 5000);
  NoteMany(costs, 4096, 3000, 2000);
  EXPECT_LT(costs.Get(Way::kWrite, 4096), costs.Get(Way::kStore, 4096));
}

TEST(WriteCostsTest, MeasuresAllThenSomeAndEveryTrial) {
  WriteCosts costs;
  for (uint64_t i = 0; i < 100; ++i) EXPECT_TRUE(costs.Advise({i * 4096, 4096}).measure);
  NoteMany(costs, 4096, 100, 200);
  int measured = 0;
  int usual = 0;
  for (uint64_t i = 0; i < 16000; ++i) {
    const auto advice = costs.Advise({i * 4096, 4096});
    if (advice.way == Way::kWrite) {
      EXPECT_TRUE(advice.measure);
    } else {
      ++usual;
      measured += advice.measure ? 1 : 0;
    }
  }
  EXPECT_NEAR(measured, usual / 32.0, 1);
}

}  // namespace
}  // namespace quire
