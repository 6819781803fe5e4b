// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: runs never overlap, holes are found again, and "full" is only said when it is true.
// Method: small slabs filled and emptied in patterns, then at random against a plain bitmap.
#include "sg/slab.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/prng.h"

namespace quire {
namespace {

constexpr size_t kSlot = 4096;

std::unique_ptr<Slab> Make(size_t count_slots) {
  absl::StatusOr<std::unique_ptr<Slab>> slab = Slab::Create({kSlot, count_slots});
  EXPECT_TRUE(slab.ok());
  return *std::move(slab);
}

TEST(Slab, GivesWhatWasAskedFor) {
  const auto slab = Make(4);
  const auto run = slab->Take(kSlot + 1);
  ASSERT_TRUE(run.has_value());
  EXPECT_EQ(run->size(), kSlot + 1);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(run->data()) % kSlot, 0u);
  EXPECT_EQ(slab->count_taken(), 2u);
  std::memset(run->data(), 1, run->size());
  slab->Release(*run);
  EXPECT_EQ(slab->count_taken(), 0u);
}

TEST(Slab, FullIsAnOrdinaryAnswer) {
  const auto slab = Make(4);
  EXPECT_FALSE(slab->Take(0).has_value());
  EXPECT_FALSE(slab->Take(4 * kSlot + 1).has_value());
  const auto all = slab->Take(4 * kSlot);
  ASSERT_TRUE(all.has_value());
  EXPECT_FALSE(slab->Take(1).has_value());
  slab->Release(*all);
}

TEST(Slab, FindsAHoleAnywhere) {
  const auto slab = Make(4);
  std::vector<std::span<std::byte>> runs;
  runs.reserve(4);
  for (int i = 0; i < 4; ++i) runs.push_back(*slab->Take(kSlot));
  for (const size_t hole : {2u, 0u, 3u, 1u}) {
    slab->Release(runs[hole]);
    const auto again = slab->Take(kSlot);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->data(), runs[hole].data());
  }
  slab->Release(runs[1]);
  slab->Release(runs[2]);
  const auto two = slab->Take(2 * kSlot);
  ASSERT_TRUE(two.has_value());
  EXPECT_EQ(two->data(), runs[1].data());
  slab->Release(*two);
  slab->Release(runs[0]);
  slab->Release(runs[3]);
}

TEST(Slab, RandomRunsNeverOverlap) {
  constexpr size_t kSlots = 37;
  const auto slab = Make(kSlots);
  std::vector<std::span<std::byte>> runs;
  std::vector<bool> taken(kSlots);
  const auto mark = [&](std::span<std::byte> run, bool now) {
    const auto first = static_cast<size_t>(run.data() - slab->memory().data()) / kSlot;
    for (size_t i = first; i < first + (run.size() + kSlot - 1) / kSlot; ++i) {
      ASSERT_NE(taken[i], now);
      taken[i] = now;
    }
  };
  Prng prng(1);
  for (int i = 0; i < 20'000; ++i) {
    const size_t length_bytes = 1 + prng.Below(6 * kSlot);
    if (const auto run = slab->Take(length_bytes); run.has_value()) {
      mark(*run, true);
      runs.push_back(*run);
    } else {
      // True only when no hole is long enough.
      const size_t count = (length_bytes + kSlot - 1) / kSlot;
      size_t free = 0;
      for (const bool slot : taken) ASSERT_LT(free = slot ? 0 : free + 1, count);
    }
    while (!runs.empty() && prng.Chance(1, 2)) {
      std::swap(runs[prng.Below(runs.size())], runs.back());
      mark(runs.back(), false);
      slab->Release(runs.back());
      runs.pop_back();
    }
  }
  for (const auto run : runs) slab->Release(run);
}

TEST(SlabTest, LowSlotsComeFirst) {
  const auto slab = Make(16);
  std::vector<std::span<std::byte>> runs;
  for (int round = 0; round < 10; ++round) {
    for (size_t i = 0; i < 4; ++i) {
      runs.push_back(*slab->Take(kSlot));
      EXPECT_LT(static_cast<size_t>(runs.back().data() - slab->memory().data()), 4 * kSlot);
    }
    for (const auto run : runs) slab->Release(run);
    runs.clear();
  }
}

TEST(SlabDeathTest, ALeakIsABug) {
  EXPECT_DEATH({ static_cast<void>(Make(4)->Take(1)); }, "count_taken");
}

}  // namespace
}  // namespace quire
