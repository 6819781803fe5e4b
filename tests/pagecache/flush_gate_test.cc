// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a flush is believed only when all that ran beside it have ended, and not a moment later.
// Method: starts and ends in chosen orders, then at random against a plain account of them.

#include "pagecache/flush_gate.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "base/prng.h"

namespace quire {
namespace {

struct Flush : FlushGate::Entry {
  Flush() {
    let_go = [](FlushGate::Entry& entry) { static_cast<Flush&>(entry).told = true; };
  }
  void End(FlushGate& gate, bool succeeded = true) { told = gate.End(*this, succeeded); }
  bool told = false;
};

TEST(FlushGateTest, AloneItIsBelievedAtOnce) {
  FlushGate gate;
  Flush a;
  gate.Start(a);
  EXPECT_TRUE(gate.any_running());
  a.End(gate);
  EXPECT_TRUE(a.told);
  EXPECT_FALSE(gate.any_running());
}

TEST(FlushGateTest, WaitsForThoseBesideItOnly) {
  FlushGate gate;
  Flush a, b, c;
  gate.Start(a);
  gate.Start(b);
  b.End(gate);
  EXPECT_FALSE(b.told);
  gate.Start(c);  // after b's end
  a.End(gate, /*succeeded=*/false);
  EXPECT_TRUE(a.told) << "a failure is told at once";
  EXPECT_TRUE(b.told);
  EXPECT_FALSE(c.told);
  c.End(gate);
  EXPECT_TRUE(c.told);
}

TEST(FlushGateTest, AtRandom) {
  FlushGate gate;
  Prng prng(1);
  std::deque<Flush> flushes(2000);
  std::set<size_t> running;
  std::vector<std::pair<size_t, std::set<size_t>>> held;  // and those it waits for
  size_t started = 0;
  while (started < flushes.size() || !running.empty()) {
    if (started < flushes.size() && (running.empty() || prng.Chance(1, 2))) {
      gate.Start(flushes[started]);
      running.insert(started++);
      continue;
    }
    const size_t one = *std::next(running.begin(), static_cast<long>(prng.Below(running.size())));
    running.erase(one);
    const bool succeeded = !prng.Chance(1, 10);
    if (succeeded) held.emplace_back(one, running);
    flushes[one].End(gate, succeeded);
    ASSERT_TRUE(succeeded || flushes[one].told);
    for (auto& [number, beside] : held) {
      beside.erase(one);
      ASSERT_EQ(flushes[number].told, beside.empty()) << number;
    }
  }
}

}  // namespace
}  // namespace quire
