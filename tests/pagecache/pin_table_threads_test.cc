// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: writes have their bytes to themselves, under any load; everybody gets a turn.
// Method: threads take and release random overlapping ranges; owners of each page are counted
// beside the table and compared with its rules.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "base/prng.h"
#include "pagecache/pin_table.h"

namespace quire {
namespace {

constexpr uint64_t kPages = 64;
// Around the border between two shards.
constexpr uint64_t kBase = kMaxTransferBytes - kPages / 2 * kPageBytes;

struct TestPin : Pin {
  std::atomic<bool> granted{false};
};

class Owners {
 public:
  void Enter(ByteRange range, PinKind kind) {
    for (uint64_t page = First(range); page < Last(range); ++page) {
      const int writers = writers_[page].fetch_add(kind == PinKind::kWrite ? 1 : 0);
      const int fills = fills_[page].fetch_add(kind == PinKind::kFill ? 1 : 0);
      if (kind == PinKind::kWrite || kind == PinKind::kFill) {
        EXPECT_EQ(writers, 0);
        EXPECT_EQ(fills, 0);
      }
    }
  }
  void Leave(ByteRange range, PinKind kind) {
    for (uint64_t page = First(range); page < Last(range); ++page) {
      writers_[page].fetch_sub(kind == PinKind::kWrite ? 1 : 0);
      fills_[page].fetch_sub(kind == PinKind::kFill ? 1 : 0);
    }
  }

 private:
  static uint64_t First(ByteRange range) { return (range.offset - kBase) / kPageBytes; }
  static uint64_t Last(ByteRange range) { return (range.end() - kBase) / kPageBytes; }
  std::array<std::atomic<int>, kPages> writers_{};
  std::array<std::atomic<int>, kPages> fills_{};
};

TEST(PinTableThreadsTest, WritesHaveTheirBytesToThemselves) {
  const auto seed = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(testing::Message() << "--gtest_random_seed=" << seed);
  PinTable table;
  Owners owners;
  const auto run = [&](uint64_t number) {
    Prng random(seed * 100 + number);
    for (int i = 0; i < 3000; ++i) {
      const uint64_t first = random.Below(kPages);
      const uint64_t count = 1 + random.Below(std::min<uint64_t>(kPages - first, 8));
      const ByteRange range{kBase + first * kPageBytes, count * kPageBytes};
      constexpr std::array kKinds = {PinKind::kLent, PinKind::kFill, PinKind::kWrite};
      const PinKind kind = kKinds[random.Below(kKinds.size())];
      TestPin pin;
      const bool now = table.Acquire(
          pin, range, kind, [](Pin& waiter) { static_cast<TestPin&>(waiter).granted.store(true); });
      while (!now && !pin.granted.load()) std::this_thread::yield();
      if (kind != PinKind::kLent) owners.Enter(range, kind);
      if (random.Chance(1, 4)) std::this_thread::yield();
      if (kind != PinKind::kLent) owners.Leave(range, kind);
      table.Release(pin);
      if (i % 256 == 0) table.CheckInvariants();
    }
  };
  std::vector<std::thread> threads;
  for (uint64_t number = 0; number < 4; ++number) threads.emplace_back(run, number);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(table.count(), 0u);
}

}  // namespace
}  // namespace quire
