// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: conditions may be posted by any thread while the nexus's reactor takes them.
// Method: threads post and count; the taker sees each condition at least once after the last post.

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "vdisk/unit_attention.h"

namespace quire {
namespace {

TEST(UnitAttentionThreadsTest, WhatIsPostedLastIsTold) {
  UnitAttentionQueue queue;
  constexpr std::array kPosted = {UnitAttention::kCapacityChanged,
                                  UnitAttention::kReservationsReleased};
  constexpr int kTimes = 5000;
  std::vector<std::thread> posters;
  for (const UnitAttention attention : kPosted) {
    posters.emplace_back([&queue, attention] {
      for (int i = 0; i < kTimes; ++i) queue.Post(attention);
    });
  }
  std::array<int, kPosted.size()> told{};
  const auto take = [&] {
    while (queue.pending()) {
      const auto attention = queue.Take();
      ASSERT_TRUE(attention.has_value()) << "nobody else takes";
      for (size_t i = 0; i < kPosted.size(); ++i) told[i] += *attention == kPosted[i];
    }
  };
  for (int i = 0; i < kTimes; ++i) take();
  for (std::thread& poster : posters) poster.join();
  take();
  for (const int count : told) {
    EXPECT_GE(count, 1);
    EXPECT_LE(count, kTimes);
  }
}

}  // namespace
}  // namespace quire
