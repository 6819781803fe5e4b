// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a signal is seen by the next sleep even when it came first, and is drained once.
// Method: sleeps that must end at once beside one that must last.
#include "engine/wake_fd.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace quire {
namespace {

TEST(WakeFd, SignalsAreNotLost) {
  WakeFd wake;
  ASSERT_TRUE(wake.Open().ok());
  EXPECT_FALSE(wake.Drain());
  wake.Signal();
  wake.Signal();
  const uint64_t start_ns = Clock::System().NowNs();
  wake.Sleep(UINT64_MAX);
  EXPECT_LT(Clock::System().NowNs() - start_ns, 10 * kNsPerSecond);
  EXPECT_TRUE(wake.Drain());
  EXPECT_FALSE(wake.Drain());
}

TEST(WakeFd, SleepsForItsTime) {
  WakeFd wake;
  ASSERT_TRUE(wake.Open().ok());
  const uint64_t start_ns = Clock::System().NowNs();
  wake.Sleep(20 * kNsPerMs);
  EXPECT_GE(Clock::System().NowNs() - start_ns, 19 * kNsPerMs);
}

}  // namespace
}  // namespace quire
