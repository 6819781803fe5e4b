// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a hold gives its memory back exactly once, whoever owned it in between.
// Method: a release function that counts.
#include "sg/hold.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace quire {
namespace {

struct Owner {
  std::vector<uint64_t> released;
  Hold Lend(uint64_t cookie) {
    return {[](void* owner, uint64_t value) noexcept {
              static_cast<Owner*>(owner)->released.push_back(value);
            },
            this, cookie};
  }
};

using Cookies = std::vector<uint64_t>;

TEST(Hold, ReleasesAtTheEnd) {
  Owner owner;
  {
    const Hold hold = owner.Lend(7);
    EXPECT_TRUE(hold.held());
    EXPECT_TRUE(owner.released.empty());
  }
  EXPECT_EQ(owner.released, Cookies{7});
}

TEST(Hold, ReleasesOnceByHand) {
  Owner owner;
  {
    Hold hold = owner.Lend(7);
    hold.Release();
    EXPECT_FALSE(hold.held());
    hold.Release();
  }
  EXPECT_EQ(owner.released, Cookies{7});
}

TEST(Hold, MovingHandsItOn) {
  Owner owner;
  Hold first = owner.Lend(1);
  Hold second = std::move(first);
  EXPECT_FALSE(first.held());  // NOLINT(bugprone-use-after-move): that is the point
  EXPECT_TRUE(second.held());
  Hold third = owner.Lend(3);
  third = std::move(second);
  EXPECT_EQ(owner.released, Cookies{3});
  third = Hold();
  EXPECT_EQ(owner.released, (Cookies{3, 1}));
}

TEST(Hold, MovingOntoItselfKeepsIt) {
  Owner owner;
  Hold hold = owner.Lend(1);
  Hold& same = hold;
  hold = std::move(same);
  EXPECT_TRUE(hold.held());
  EXPECT_TRUE(owner.released.empty());
}

}  // namespace
}  // namespace quire
