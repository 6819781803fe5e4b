// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a counter is exact for its owner and safe to look at from another thread.
// Method: one thread adds, another reads and must never see it go back.
#include <gtest/gtest.h>

#include <thread>

#include "base/counter.h"

namespace quire {
namespace {

TEST(CounterThreads, OneWriterAnyReader) {
  constexpr uint64_t kCount = 200'000;
  Counter counter;
  std::thread owner([&] {
    for (uint64_t i = 0; i < kCount; ++i) counter.Add(i % 2 == 0 ? 1 : 3);
  });
  uint64_t last = 0;
  while (last < 2 * kCount) {
    const uint64_t now = counter.value();
    ASSERT_GE(now, last);
    last = now;
  }
  owner.join();
  EXPECT_EQ(counter.value(), 2 * kCount);
}

}  // namespace
}  // namespace quire
