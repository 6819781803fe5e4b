// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: one read at a time, in the order of arrival, and no recursion over those done at once.
// Method: ops that are done at once or later, by a list of who was let in.

#include "pagecache/turnstile.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace quire {
namespace {

TEST(TurnstileTest, TheFirstGoesOnAndTheOthersFollowInOrder) {
  Turnstile turnstile;
  FileOp ops[3];
  std::vector<FileOp*> let_in;
  const auto go_on = [&let_in](FileOp& op) { let_in.push_back(&op); };
  EXPECT_TRUE(turnstile.Enter(ops[0]));
  EXPECT_FALSE(turnstile.Enter(ops[1]));
  EXPECT_FALSE(turnstile.Enter(ops[2]));
  turnstile.Leave(go_on);
  EXPECT_EQ(let_in, std::vector<FileOp*>{&ops[1]});
  turnstile.Leave(go_on);
  EXPECT_EQ(let_in, (std::vector<FileOp*>{&ops[1], &ops[2]}));
  turnstile.Leave(go_on);
  EXPECT_EQ(let_in.size(), 2u);
  EXPECT_TRUE(turnstile.Enter(ops[0]));
  turnstile.Leave(go_on);
}

TEST(TurnstileTest, ReadsThatAreDoneAtOnceDoNotNest) {
  Turnstile turnstile;
  std::vector<std::unique_ptr<FileOp>> ops;
  ops.reserve(1000);
  for (int i = 0; i < 1000; ++i) ops.push_back(std::make_unique<FileOp>());
  for (auto& op : ops) turnstile.Enter(*op);
  struct Walk {
    Turnstile& turnstile;
    int count = 1;
    int depth = 0;
    int deepest = 0;
    void GoOn() {
      ++count;
      deepest = std::max(deepest, ++depth);
      turnstile.Leave([this](FileOp&) { GoOn(); });
      --depth;
    }
  } walk{turnstile};
  turnstile.Leave([&walk](FileOp&) { walk.GoOn(); });
  EXPECT_EQ(walk.count, 1000);
  EXPECT_EQ(walk.deepest, 1);
}

}  // namespace
}  // namespace quire
