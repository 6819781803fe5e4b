// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the kernel's count is exact: of the calling thread, of others, and nothing of our own.
// Method: a known number of calls; skipped where the kernel does not let us count.
#include "bench/support/system_calls.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

namespace quire::bench {
namespace {

void Call(int count) {
  for (int i = 0; i < count; ++i) syscall(SYS_getppid);
}

TEST(SystemCalls, AreCountedExactly) {
  const SystemCallCounter counter;
  if (!counter.by_kernel()) GTEST_SKIP() << "tracepoints are not permitted here";
  Call(100);
  EXPECT_EQ(counter.Read(), 100u);
}

TEST(SystemCalls, OfNewThreadsAreCountedToo) {
  const SystemCallCounter counter;
  if (!counter.by_kernel()) GTEST_SKIP() << "tracepoints are not permitted here";
  std::thread([] { Call(1000); }).join();
  EXPECT_GE(counter.Read(), 1000u);
  EXPECT_LT(counter.Read(), 1100u);
}

}  // namespace
}  // namespace quire::bench
