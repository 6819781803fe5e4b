// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the owner and everybody else never hold the lock at once, whoever pays for that.
// Method: plain numbers under the lock, changed by the owner and by others; lost updates show.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/owner_lock.h"

namespace quire {
namespace {

class OwnerLockThreadsTest : public testing::TestWithParam<bool> {};

TEST_P(OwnerLockThreadsTest, NoUpdateIsLost) {
  OwnerLock lock(GetParam() && OwnerLock::HasMembarrier());
  uint64_t count = 0;
  std::atomic<bool> bound{false};
  constexpr int kByOwner = 200000;
  constexpr int kByOthers = 300;
  std::thread owner([&] {
    lock.BindToThisThread();
    bound = true;
    for (int i = 0; i < kByOwner; ++i) {
      OwnerLock::Guard guard(lock);
      ++count;
    }
  });
  std::vector<std::thread> others;
  for (int other = 0; other < 2; ++other) {
    others.emplace_back([&] {
      while (!bound) std::this_thread::yield();
      for (int i = 0; i < kByOthers; ++i) {
        OwnerLock::Guard guard(lock);
        ++count;
      }
    });
  }
  for (std::thread& other : others) other.join();
  owner.join();
  EXPECT_EQ(count, kByOwner + 2u * kByOthers);
}

TEST_P(OwnerLockThreadsTest, ManyAreHeldAtOnce) {
  constexpr int kLocks = 3;
  std::vector<std::unique_ptr<OwnerLock>> locks;
  std::vector<OwnerLock*> all;
  for (int i = 0; i < kLocks; ++i) {
    locks.push_back(std::make_unique<OwnerLock>(GetParam() && OwnerLock::HasMembarrier()));
    all.push_back(locks.back().get());
  }
  std::vector<uint64_t> counts(kLocks, 0);
  std::atomic<bool> stop{false};
  std::vector<std::thread> owners;
  for (int i = 0; i < kLocks; ++i) {
    owners.emplace_back([&, i] {
      OwnerLock& lock = *locks[static_cast<size_t>(i)];
      lock.BindToThisThread();
      while (!stop) {
        OwnerLock::Guard guard(lock);
        ++counts[static_cast<size_t>(i)];
      }
    });
  }
  for (int round = 0; round < 200; ++round) {
    OwnerLock::GuardAll guard(all);
    const std::vector<uint64_t> before = counts;
    std::this_thread::yield();
    EXPECT_EQ(counts, before) << "nobody else is in";
  }
  stop = true;
  for (std::thread& owner : owners) owner.join();
}

INSTANTIATE_TEST_SUITE_P(WhoPays, OwnerLockThreadsTest, testing::Bool(),
                         [](const auto& which) { return which.param ? "Others" : "Owner"; });

}  // namespace
}  // namespace quire
