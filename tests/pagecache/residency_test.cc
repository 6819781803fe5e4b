// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a hint is believed for as long as it was verified for, and never after it was forgotten.
// Method: epochs and ranges by hand; a verification that comes late.

#include "pagecache/residency.h"

#include <gtest/gtest.h>

namespace quire {
namespace {

using Hint = Residency::Hint;
constexpr ByteRange kFirst{0, kRegionBytes};
constexpr uint32_t kEnough = 100000;

class ResidencyTest : public testing::Test {
 protected:
  void Verify(uint64_t region, uint32_t epoch, bool warm) {
    ASSERT_TRUE(residency_.WorthWarming({region * kRegionBytes, 1}, kEnough));
    residency_.Verified(region, epoch, warm);
  }
  Residency residency_{64 * kRegionBytes};
};

TEST_F(ResidencyTest, NothingIsKnownAtFirst) {
  EXPECT_EQ(residency_.Look(kFirst, 1), Hint::kUnknown);
}

TEST_F(ResidencyTest, IsBelievedForTwoEpochs) {
  Verify(0, 10, true);
  EXPECT_EQ(residency_.Look(kFirst, 10), Hint::kFreshWarm);
  EXPECT_EQ(residency_.Look(kFirst, 11), Hint::kFreshWarm);
  EXPECT_EQ(residency_.Look(kFirst, 12), Hint::kStale);
  residency_.Renewed(kFirst, 12);
  EXPECT_EQ(residency_.Look(kFirst, 13), Hint::kFreshWarm);
}

TEST_F(ResidencyTest, TheWeakestRegionCounts) {
  Verify(0, 10, true);
  EXPECT_EQ(residency_.Look({kRegionBytes - 1, 2}, 10), Hint::kUnknown);
  Verify(1, 10, false);
  EXPECT_EQ(residency_.Look({kRegionBytes - 1, 2}, 10), Hint::kFreshCold);
  EXPECT_EQ(residency_.Look({kRegionBytes - 1, 1}, 10), Hint::kFreshWarm);
}

TEST_F(ResidencyTest, HeatAddsUpAndIsGivenOnce) {
  uint32_t count_asked = 0;
  while (!residency_.WorthWarming(kFirst, 11)) ++count_asked;
  EXPECT_GT(count_asked, 4u);
  EXPECT_LT(count_asked, 100u);
  EXPECT_FALSE(residency_.WorthWarming(kFirst, kEnough)) << "somebody is at it";
  residency_.Unverified(0);
  EXPECT_TRUE(residency_.WorthWarming(kFirst, kEnough));
}

TEST_F(ResidencyTest, APostponedRegionIsStillHot) {
  ASSERT_TRUE(residency_.WorthWarming(kFirst, kEnough));
  residency_.Postpone(0);
  EXPECT_TRUE(residency_.WorthWarming(kFirst, 1));
  residency_.Unverified(0);
  EXPECT_FALSE(residency_.WorthWarming(kFirst, 1));
}

TEST_F(ResidencyTest, ForgettingBeatsALateVerification) {
  ASSERT_TRUE(residency_.WorthWarming(kFirst, kEnough));
  residency_.Forget({4096, 4096});
  residency_.Verified(0, 10, true);
  EXPECT_EQ(residency_.Look(kFirst, 10), Hint::kUnknown);
}

TEST_F(ResidencyTest, ForgetsEveryRegionItTouches) {
  Verify(0, 10, true);
  Verify(1, 10, true);
  Verify(2, 10, true);
  residency_.Forget({kRegionBytes - 1, 2});
  EXPECT_EQ(residency_.Look(kFirst, 10), Hint::kUnknown);
  EXPECT_EQ(residency_.Look({kRegionBytes, 1}, 10), Hint::kUnknown);
  EXPECT_EQ(residency_.Look({2 * kRegionBytes, 1}, 10), Hint::kFreshWarm);
}

TEST_F(ResidencyTest, CoolingKeepsWhatIsInMemory) {
  Verify(0, 10, true);
  residency_.Cooled({0, kWindowBytes});
  EXPECT_EQ(residency_.Look(kFirst, 10), Hint::kFreshCold);
  EXPECT_EQ(residency_.Look(kFirst, 20), Hint::kUnknown) << "not worth renewing";
}

}  // namespace
}  // namespace quire
