// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the annotated mutex excludes, as std::mutex does.
// Method: two threads add to one plain number.
#include <gtest/gtest.h>

#include <thread>

#include "base/mutex.h"

namespace quire {
namespace {

struct Shared {
  Mutex mutex;
  uint64_t count QUIRE_GUARDED_BY(mutex) = 0;
};

TEST(MutexThreads, Excludes) {
  constexpr int kCount = 50'000;
  Shared shared;
  const auto add = [&] {
    for (int i = 0; i < kCount; ++i) {
      MutexLock lock(shared.mutex);
      ++shared.count;
    }
  };
  std::thread one(add);
  std::thread two(add);
  one.join();
  two.join();
  MutexLock lock(shared.mutex);
  EXPECT_EQ(shared.count, 2u * kCount);
}

TEST(MutexThreads, TryLockFailsWhenHeld) {
  Mutex mutex;
  mutex.lock();
  std::thread([&] {
    const bool locked = mutex.try_lock();
    EXPECT_FALSE(locked);
    if (locked) mutex.unlock();
  }).join();
  mutex.unlock();
}

}  // namespace
}  // namespace quire
