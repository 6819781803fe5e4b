// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the system clock runs forward like CLOCK_MONOTONIC, the manual one only when told.
// Method: compare with the kernel's clock read before and after.
#include "base/clock.h"

#include <gtest/gtest.h>
#include <time.h>

namespace quire {
namespace {

uint64_t KernelNowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * kNsPerSecond + static_cast<uint64_t>(now.tv_nsec);
}

TEST(Clock, SystemIsMonotonic) {
  const uint64_t before = KernelNowNs();
  const uint64_t now = Clock::System().NowNs();
  EXPECT_LE(before, now);
  EXPECT_LE(now, KernelNowNs());
}

TEST(Clock, ManualMovesOnlyByHand) {
  ManualClock clock;
  const uint64_t start = clock.NowNs();
  EXPECT_GT(start, 0u);
  EXPECT_EQ(clock.NowNs(), start);
  clock.Advance(5 * kNsPerMs);
  EXPECT_EQ(clock.NowNs(), start + 5 * kNsPerMs);
}

}  // namespace
}  // namespace quire
