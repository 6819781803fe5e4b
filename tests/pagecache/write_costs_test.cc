// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the cheaper way is known after a few requests, outlives an odd one, and the other way is
// tried again, but only in a few stretches of the file.
// Method: costs by hand.

#include "pagecache/write_costs.h"

#include <gtest/gtest.h>

#include "pagecache/units.h"

namespace quire {
namespace {

using Way = WriteCosts::Way;
constexpr uint64_t kStretch = 2 * 1024 * 1024;

void NoteMany(WriteCosts& costs, uint64_t length, uint64_t store_ns, uint64_t write_ns) {
  for (int i = 0; i < 200; ++i) {
    costs.Note(Way::kStore, length, store_ns);
    costs.Note(Way::kWrite, length, write_ns);
  }
}

// In how many of `count` stretches the choice differs from "store".
int CountWriteFirst(const WriteCosts& costs, uint64_t length, int count) {
  int writes = 0;
  for (int i = 0; i < count; ++i) {
    const auto chosen = costs.ToChooseBy({static_cast<uint64_t>(i) * kStretch, length});
    if (chosen.write_ns < chosen.store_ns) ++writes;
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

TEST(WriteCostsTest, NothingIsSaidBeforeThereIsEnough) {
  WriteCosts costs;
  costs.Note(Way::kStore, 4096, 100);
  EXPECT_EQ(costs.Get(Way::kStore, 4096), 0u);
  const int tries = CountWriteFirst(costs, 4096, 1600);
  EXPECT_GT(tries, 50);
  EXPECT_LT(tries, 200);
}

TEST(WriteCostsTest, TheDearerWayIsTriedInFewStretches) {
  WriteCosts costs;
  NoteMany(costs, 4096, 300, 5000);
  const int rare = CountWriteFirst(costs, 4096, 16384);
  EXPECT_GT(rare, 10);
  EXPECT_LT(rare, 64);
  NoteMany(costs, 4096, 300, 400);
  const int often = CountWriteFirst(costs, 4096, 16384);
  EXPECT_GT(often, 160);
  EXPECT_LT(often, 400);
  // The other way round it is the store that is tried.
  NoteMany(costs, 4096, 5000, 300);
  EXPECT_GT(CountWriteFirst(costs, 4096, 16384), 16384 - 64);
}

TEST(WriteCostsTest, AStretchStaysWithItsWay) {
  WriteCosts costs;
  for (uint64_t offset = 0; offset < kStretch; offset += kPageBytes) {
    const auto here = costs.ToChooseBy({offset, 4096});
    EXPECT_EQ(here.write_ns, costs.ToChooseBy({0, 4096}).write_ns);
  }
}

TEST(WriteCostsTest, OneOddRequestDoesNotTurnTheChoice) {
  WriteCosts costs;
  NoteMany(costs, 4096, 1000, 20000);
  costs.Note(Way::kStore, 4096, 500000);
  EXPECT_LT(costs.Get(Way::kStore, 4096), costs.Get(Way::kWrite, 4096));
}

TEST(WriteCostsTest, MeasuresAllThenSome) {
  WriteCosts costs;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(costs.WorthMeasuring(4096));
  NoteMany(costs, 4096, 100, 200);
  int count = 0;
  for (int i = 0; i < 800; ++i) count += costs.WorthMeasuring(4096) ? 1 : 0;
  EXPECT_EQ(count, 25);
}

}  // namespace
}  // namespace quire
