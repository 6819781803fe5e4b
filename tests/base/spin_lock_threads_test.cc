// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: one thread at a time holds the lock.
// Method: more threads than processors change a plain number under it; a lost update shows.

#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

#include "base/spin_lock.h"

namespace quire {
namespace {

TEST(SpinLockThreadsTest, NoUpdateIsLost) {
  SpinLock lock;
  uint64_t count = 0;
  constexpr int kThreads = 4;
  constexpr int kTimes = 20000;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTimes; ++i) {
        const std::lock_guard guard(lock);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, uint64_t{kThreads} * kTimes);
}

}  // namespace
}  // namespace quire
