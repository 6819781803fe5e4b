// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: no two threads ever own the same slot.
// Method: four threads write their number all over what they take, and look again before release.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/prng.h"
#include "sg/slab.h"

namespace quire {
namespace {

constexpr size_t kSlot = 4096;

void TakeAndRelease(Slab& slab, uint64_t number) {
  Prng prng(number);
  const auto mine = static_cast<std::byte>(number);
  for (int i = 0; i < 3000; ++i) {
    const auto run = slab.Take(1 + prng.Below(3 * kSlot));
    if (!run.has_value()) continue;
    std::fill(run->begin(), run->end(), mine);
    ASSERT_TRUE(std::all_of(run->begin(), run->end(), [&](std::byte b) { return b == mine; }));
    slab.Release(*run);
  }
}

TEST(SlabThreads, RunsAreExclusive) {
  const auto slab = *Slab::Create({kSlot, 8});
  std::vector<std::thread> threads;
  for (uint64_t i = 1; i <= 4; ++i) threads.emplace_back([&, i] { TakeAndRelease(*slab, i); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(slab->count_taken(), 0u);
  const auto all = slab->Take(slab->max_bytes());
  ASSERT_TRUE(all.has_value());
  slab->Release(*all);
}

}  // namespace
}  // namespace quire
