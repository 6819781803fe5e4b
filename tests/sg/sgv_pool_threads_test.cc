// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: vectors that come back on any thread are found again by the owner, their bytes exclusive.
// Method: an owner fills what it takes and hands it to threads that check and return it; then two
//   pools in two threads share regions that are too small for both.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/prng.h"
#include "sg/regions.h"
#include "sg/sgv_pool.h"

namespace quire {
namespace {

constexpr uint64_t kPage = PageSource::kPageBytes;
constexpr uint64_t kChunk = Regions::kChunkBytes;

void Fill(const SgView& view, std::byte mark) {
  for (const Segment& segment : view.segments()) {
    std::fill_n(segment.data, segment.size_bytes, mark);
  }
}

bool IsFilled(const SgView& view, std::byte mark) {
  return std::all_of(view.segments().begin(), view.segments().end(), [&](const Segment& segment) {
    return std::all_of(segment.data, segment.data + segment.size_bytes,
                       [&](std::byte byte) { return byte == mark; });
  });
}

struct Letter {
  SgVector vector;
  std::byte mark;
};

class Mailbox {
 public:
  void Put(Letter letter) {
    const MutexLock lock(mutex_);
    letters_.push_back(std::move(letter));
  }
  void Close() {
    const MutexLock lock(mutex_);
    closed_ = true;
  }
  // False when closed and empty.
  bool Get(Letter& letter) {
    for (;;) {
      {
        const MutexLock lock(mutex_);
        if (!letters_.empty()) {
          letter = std::move(letters_.front());
          letters_.pop_front();
          return true;
        }
        if (closed_) return false;
      }
      std::this_thread::yield();
    }
  }

 private:
  Mutex mutex_;
  std::deque<Letter> letters_;
  bool closed_ = false;
};

TEST(SgvPoolThreads, OneTakesAndOthersReturn) {
  const auto regions = *Regions::Create({.max_bytes = 2 * kChunk});
  SgvPool pool(*regions, {.max_idle_bytes = kChunk});
  Mailbox mailbox;
  std::vector<std::thread> returners;
  for (int i = 0; i < 3; ++i) {
    returners.emplace_back([&] {
      Letter letter;
      while (mailbox.Get(letter)) {
        ASSERT_TRUE(IsFilled(letter.vector.view(), letter.mark));
        letter.vector.Reset();
      }
    });
  }
  Prng prng(7);
  uint64_t served = 0;
  for (uint64_t i = 0; i < 3000; ++i) {
    Sgv* const vector = pool.Take(1 + prng.Below(kPage << prng.Below(6)));
    if (i % 64 == 0) {
      pool.Tick(i);
      pool.CheckInvariants();
    }
    if (vector == nullptr) {
      std::this_thread::yield();
      continue;
    }
    ++served;
    Letter letter{SgvPool::Lend(*vector), static_cast<std::byte>(i)};
    Fill(letter.vector.view(), letter.mark);
    // Some go back at home.
    if (prng.Chance(3, 4)) mailbox.Put(std::move(letter));
  }
  mailbox.Close();
  for (std::thread& returner : returners) returner.join();
  pool.Tick(10'000);
  EXPECT_GT(served, 0u);
  EXPECT_GT(pool.stats().from_others.value(), 0u);
  EXPECT_EQ(pool.stats().cached_pages.load(), pool.stats().idle_pages.load());
  EXPECT_EQ(regions->stats().used_bytes, pool.stats().cached_pages.load() * kPage);
  pool.Shrink(~uint64_t{0});
  EXPECT_EQ(regions->stats().used_bytes, 0u);
  regions->CheckInvariants();
}

void UseAPool(Regions& regions, uint64_t number, uint64_t& served) {
  SgvPool pool(regions, {.purge_ns = 100});
  Prng prng(number);
  std::vector<Letter> mine;
  for (uint64_t i = 1; i <= 1500; ++i) {
    if (Sgv* const vector = pool.Take(1 + prng.Below(kPage << prng.Below(9))); vector != nullptr) {
      ++served;
      mine.push_back({SgvPool::Lend(*vector), static_cast<std::byte>(2 * i + number)});
      Fill(mine.back().vector.view(), mine.back().mark);
    }
    while (mine.size() > prng.Below(16)) {
      const size_t at = prng.Below(mine.size());
      ASSERT_TRUE(IsFilled(mine[at].vector.view(), mine[at].mark));
      mine.erase(mine.begin() + static_cast<long>(at));
    }
    pool.Tick(i);
  }
}

TEST(SgvPoolThreads, TwoPoolsShareWhatIsTooSmallForBoth) {
  const auto regions = *Regions::Create({.max_bytes = kChunk});
  uint64_t served[2] = {};
  {
    std::vector<std::thread> threads;
    for (uint64_t i = 0; i < 2; ++i) {
      threads.emplace_back([&, i] { UseAPool(*regions, i, served[i]); });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_GT(served[0], 500u);
  EXPECT_GT(served[1], 500u);
  EXPECT_EQ(regions->stats().used_bytes, 0u);
  regions->CheckInvariants();
}

}  // namespace
}  // namespace quire
