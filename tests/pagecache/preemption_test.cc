// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a thread that waited for a processor is told from one that slept.
// Method: the kernel's own line as text; a busy thread that shares its processor with another one,
// against one that sleeps.

#include "pagecache/preemption.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "base/clock.h"

namespace quire {
namespace {

TEST(PreemptionTest, ReadsTheSecondNumber) {
  EXPECT_EQ(ParseRunDelay("123 456 7\n"), 456u);
  EXPECT_EQ(ParseRunDelay("123"), 0u);
  EXPECT_EQ(ParseRunDelay(""), 0u);
  EXPECT_EQ(ParseRunDelay("1 x 2"), 0u);
}

void PinToProcessor(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  sched_setaffinity(0, sizeof(set), &set);
}

void Spin(uint64_t for_ns) {
  const uint64_t end_ns = Clock::System().NowNs() + for_ns;
  while (Clock::System().NowNs() < end_ns) {
  }
}

TEST(PreemptionTest, CountsWaitingForAProcessor) {
  if (access("/proc/thread-self/schedstat", R_OK) != 0) {
    GTEST_SKIP() << "this kernel does not count run delays (CONFIG_SCHED_INFO)";
  }
  std::atomic<bool> stop{false};
  std::thread rival([&stop] {
    PinToProcessor(0);
    while (!stop.load()) {
    }
  });
  uint64_t waited_ns = 0;
  std::thread([&waited_ns] {
    PinToProcessor(0);
    Preemption preemption;
    preemption.Since();
    Spin(200 * kNsPerMs);
    waited_ns = preemption.Since();
  }).join();
  stop.store(true);
  rival.join();
  EXPECT_GT(waited_ns, 20 * kNsPerMs);
}

TEST(PreemptionTest, SleepingIsNotWaitingForAProcessor) {
  Preemption preemption;
  uint64_t least_ns = ~uint64_t{0};
  for (int i = 0; i < 3; ++i) {  // a busy machine may keep even a sleeper waiting
    preemption.Since();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    least_ns = std::min(least_ns, preemption.Since());
  }
  EXPECT_LT(least_ns, 50 * kNsPerMs);
}

}  // namespace
}  // namespace quire
