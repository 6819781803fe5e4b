// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: no buffer is taken while any thread still reads it, and none is lost.
// Method: other threads read what the owner wrote and drop; the owner takes and parks at the same
//   time; pools are closed while references drop.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/prng.h"
#include "sg/headroom_pool.h"

namespace quire {
namespace {

// What the network still has to send, in any order.
class Line {
 public:
  struct Send {
    HeadroomBuffer* buffer = nullptr;
    std::byte mark{0};
  };

  void Put(const Send& send) {
    MutexLock lock(mutex_);
    sends_.push_back(send);
  }
  bool Get(Send& send, Prng& prng) {
    MutexLock lock(mutex_);
    if (sends_.empty()) return false;
    std::swap(sends_[prng.Below(sends_.size())], sends_.back());
    send = sends_.back();
    sends_.pop_back();
    return true;
  }

 private:
  Mutex mutex_;
  std::vector<Send> sends_ QUIRE_GUARDED_BY(mutex_);
};

TEST(HeadroomPoolThreads, NoBufferIsReusedWhileItIsRead) {
  HeadroomPool pool({.buffer_bytes = 64, .count_fixed = 4, .max_buffers = 32});
  Line line;
  std::atomic<bool> over{false};
  std::atomic<uint64_t> count_torn{0};
  std::vector<std::thread> threads;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    threads.emplace_back([&, seed] {
      Prng prng(seed);
      for (Line::Send send; true;) {
        const bool last = over;
        if (line.Get(send, prng)) {
          const auto bytes = send.buffer->memory();
          count_torn += !std::all_of(bytes.begin(), bytes.end(),
                                     [&](std::byte byte) { return byte == send.mark; });
          send.buffer->Drop();
        } else if (last) {
          return;
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  Prng prng(9);
  uint64_t count_taken = 0;
  while (count_taken < 20'000) {
    HeadroomBuffer* const buffer = pool.Take();
    if (buffer == nullptr) {
      std::this_thread::yield();
      continue;
    }
    const auto mark = static_cast<std::byte>(++count_taken);
    std::fill(buffer->memory().begin(), buffer->memory().end(), mark);
    for (uint64_t i = prng.Below(4); i > 0; --i) {
      buffer->Keep();
      line.Put({buffer, mark});
    }
    if (prng.Chance(1, 8)) {
      buffer->Drop();
    } else {
      pool.Park(*buffer);
    }
    if (prng.Chance(1, 16)) {
      const HeadroomPool::Stats stats = pool.stats();
      ASSERT_LE(stats.buffers, 32u);
      ASSERT_LE(stats.free, 4u);
      ASSERT_LE(stats.parked, stats.buffers - stats.free);
    }
  }
  over = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count_torn, 0u);
  EXPECT_TRUE(pool.Settle());
  const HeadroomPool::Stats stats = pool.stats();
  EXPECT_EQ(stats.taken, count_taken);
  EXPECT_EQ(stats.buffers, 4u);
  EXPECT_EQ(stats.free, 4u);
  EXPECT_EQ(stats.parked, 0u);
  EXPECT_EQ(stats.released, stats.grown);
}

TEST(HeadroomPoolThreads, ClosedWhileReferencesDrop) {
  const uint64_t before = HeadroomPool::CountQuarantined();
  uint64_t count_quarantined = 0;
  for (int round = 0; round < 300; ++round) {
    auto pool = std::make_unique<HeadroomPool>(
        HeadroomPool::Options{.buffer_bytes = 64, .count_fixed = 2, .max_buffers = 6});
    std::vector<HeadroomBuffer*> buffers;
    while (HeadroomBuffer* const buffer = pool->Take()) buffers.push_back(buffer);
    for (HeadroomBuffer* const buffer : buffers) {
      buffer->Keep();
      pool->Park(*buffer);
    }
    std::atomic<size_t> count_begun{0};
    std::thread dropper([&] {
      for (HeadroomBuffer* const buffer : buffers) {
        ++count_begun;
        buffer->Drop();
      }
    });
    while (count_begun < static_cast<size_t>(round % 7)) std::this_thread::yield();
    count_quarantined += pool->Close();
    EXPECT_TRUE(pool->Settle());
    pool.reset();  // the dropper may still be at it
    dropper.join();
  }
  EXPECT_EQ(HeadroomPool::CountQuarantined(), before + count_quarantined);
}

}  // namespace
}  // namespace quire
