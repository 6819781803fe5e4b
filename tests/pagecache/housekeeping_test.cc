// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: idle page tables are given back after ten seconds, and an idle channel has nothing to do.
// Method: a clock that is advanced by hand.

#include "pagecache/housekeeping.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/support/served_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;

TEST(HousekeepingTest, IdleWindowsAreRetiredThenNothingIsLeftToDo) {
  ManualClock clock;
  const ScratchFile scratch(4 * kMiB);
  scratch.Fill(0, Filled(4 * kMiB, 'a'));
  WorkerPool workers;
  const auto file = *File::Open({.path = scratch.path(), .clock = &clock});
  ReactorOptions options;
  options.clock = &clock;
  Client client(workers, *file, options);
  ReadOp op;
  op.references_only = true;
  ASSERT_TRUE(client.Read(op, {0, 4 * kMiB}).ok());
  op.data.Reset();
  EXPECT_GT(file->stats().page_table_bytes, 0u);
  EXPECT_TRUE(client.reactor().timers().next_due_ns().has_value());

  // Workers need real time; the clock stands for the ten seconds.
  for (int i = 0; i < 500 && client.reactor().timers().next_due_ns().has_value(); ++i) {
    clock.Advance(kNsPerSecond / 10);
    for (int turn = 0; turn < 20; ++turn) client.reactor().Poll();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(file->stats().page_table_bytes, 0u);
  EXPECT_GE(file->stats().retired_windows, 1u);
  EXPECT_FALSE(client.reactor().timers().next_due_ns().has_value()) << "idle costs no CPU";
}

TEST(HousekeepingTest, WhatIsLentStays) {
  ManualClock clock;
  const ScratchFile scratch(4 * kMiB);
  scratch.Fill(0, Filled(4 * kMiB, 'a'));
  WorkerPool workers;
  const auto file = *File::Open({.path = scratch.path(), .clock = &clock});
  ReactorOptions options;
  options.clock = &clock;
  Client client(workers, *file, options);
  ReadOp op;
  op.references_only = true;
  ASSERT_TRUE(client.Read(op, {0, 4096}).ok());
  for (int i = 0; i < 200; ++i) {
    clock.Advance(kNsPerSecond / 10);
    for (int turn = 0; turn < 20; ++turn) client.reactor().Poll();
  }
  EXPECT_EQ(file->stats().retired_windows, 0u);
  EXPECT_EQ(Collect(op.data.view()), Filled(4096, 'a'));
  op.data.Reset();
}

}  // namespace
}  // namespace quire
