// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: no copied byte is lost from the count, whichever threads copied.
// Method: more threads than the counters have stripes.
#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "sg/copy.h"

namespace quire {
namespace {

TEST(CopyThreads, TheSumIsExact) {
  constexpr int kThreads = 20;
  constexpr int kCopies = 1000;
  const CopyCounts before = ReadCopyCounts();
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([] {
      std::array<std::byte, 10> from{};
      std::array<std::byte, 10> to{};
      for (int k = 0; k < kCopies; ++k) {
        CopyBytes(to, from);
        CountKernelCopy(3);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const CopyCounts after = ReadCopyCounts();
  EXPECT_EQ(after.user_bytes - before.user_bytes, 10u * kThreads * kCopies);
  EXPECT_EQ(after.kernel_bytes - before.kernel_bytes, 3u * kThreads * kCopies);
}

}  // namespace
}  // namespace quire
