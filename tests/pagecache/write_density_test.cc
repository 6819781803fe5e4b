// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: stretches that are written densely between two flushes are told from the others.
// Method: sequences of writes and flushes on a clock that the test turns.

#include "pagecache/write_density.h"

#include <gtest/gtest.h>

namespace quire {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kDensePages = WriteDensity::kDenseBytes / kPage;

class WriteDensityTest : public ::testing::Test {
 protected:
  // Writes `count` pages of a stretch; how many of them were found in a dense one.
  uint64_t Write(uint64_t stretch, uint64_t count, uint32_t now_s = 0) {
    uint64_t dense = 0;
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t offset = stretch * WriteDensity::kStretchBytes + i % 512 * kPage;
      dense += density_.Note({offset, kPage}, now_s).dense ? 1 : 0;
    }
    return dense;
  }

  WriteDensity density_{uint64_t{1} << 30};
};

TEST_F(WriteDensityTest, AnEighthMakesAStretchDense) {
  EXPECT_EQ(Write(3, kDensePages), 0u);
  EXPECT_EQ(Write(3, 10), 10u);
  EXPECT_EQ(Write(4, 1), 0u) << "the neighbour is another stretch";
}

TEST_F(WriteDensityTest, ALongWriteIsDenseByItself) {
  EXPECT_TRUE(density_.Note({0, WriteDensity::kDenseBytes}, 0).dense);
  EXPECT_FALSE(
      density_.Note({WriteDensity::kStretchBytes, WriteDensity::kDenseBytes - kPage}, 0).dense);
}

TEST_F(WriteDensityTest, WhatWasDenseBeforeAFlushIsExpectedToBeAgain) {
  Write(0, kDensePages + 1);
  density_.Flushed({});
  EXPECT_EQ(Write(0, 1), 1u);
  density_.Flushed({});
  EXPECT_EQ(Write(0, kDensePages), 0u) << "it was not, the last time";
}

TEST_F(WriteDensityTest, FewWritesBetweenFlushesAreNeverDense) {
  for (int flush = 0; flush < 100; ++flush) {
    EXPECT_EQ(Write(0, kDensePages - 1), 0u);
    density_.Flushed({});
  }
}

TEST_F(WriteDensityTest, AFlushWithoutWritesChangesNothing) {
  Write(0, kDensePages);
  density_.Flushed({});
  density_.Flushed({0, kPage});
  density_.Flushed({});
  EXPECT_EQ(Write(0, 1), 1u);
}

TEST_F(WriteDensityTest, AFlushedRangeIsCleanAndTheOthersAreNot) {
  Write(0, kDensePages - 1);
  Write(1, kDensePages - 1);
  density_.Flushed({0, kPage});
  EXPECT_EQ(Write(0, 2), 0u);
  EXPECT_EQ(Write(1, 2), 1u);
  density_.Flushed({0, uint64_t{1} << 29});
  EXPECT_EQ(Write(2, kDensePages), 0u);
}

TEST_F(WriteDensityTest, StoresAreRememberedUntilTheStretchIsClean) {
  Write(0, 1);
  EXPECT_FALSE(density_.Note({0, kPage}, 0).stored);
  density_.NoteStored({0, kPage});
  EXPECT_TRUE(density_.Note({kPage, kPage}, 0).stored);
  EXPECT_FALSE(density_.Note({WriteDensity::kStretchBytes, kPage}, 0).stored);
  density_.Flushed({});
  EXPECT_FALSE(density_.Note({0, kPage}, 0).stored);
}

TEST_F(WriteDensityTest, TheKernelWritesBackWhatIsOld) {
  Write(0, kDensePages - 1, 0);
  EXPECT_EQ(Write(0, 2, 31), 0u);
  EXPECT_EQ(Write(0, kDensePages, 40), 2u);
}

}  // namespace
}  // namespace quire
