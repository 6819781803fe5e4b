// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: what is guaranteed to an initiator is there from the start, whatever others took, and is
//   raised as they leave more.
// Method: accounts that come and go while others hold what is common.
#include "sg/budget_account.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/sg/budget_fixture.h"

namespace quire {
namespace {

using namespace budget_test;  // NOLINT(google-build-using-namespace)

TEST_F(MemoryBudgetTest, WhatIsGuaranteedIsThereThoughOthersTookTheRest) {
  Account a(budget, Initiator(~uint64_t{0}, kMib));
  Account b(budget, Initiator());
  Account d(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(b, d), 3 * kMib), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), 1), kGlobalLimit);
  // Not even one that waits for it gets it.
  Waiter greedy(1, Pair(b, d), 1, &order);
  EXPECT_EQ(budget.ChargeOrWait(greedy), kGlobalLimit);
  for (int i = 0; i < 16; ++i) EXPECT_EQ(budget.TryCharge(Pair(a, d), kMib / 16), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 1), kGlobalLimit);
  EXPECT_TRUE(order.empty());
  budget.Release(Pair(a, d), kMib);  // was guaranteed: helps nobody else
  EXPECT_TRUE(order.empty());
  EXPECT_TRUE(budget.Cancel(greedy));
  budget.Release(Pair(b, d), 3 * kMib);
  EXPECT_EQ(a.account.stats().guaranteed_bytes, kMib);
}

TEST_F(MemoryBudgetTest, AGuaranteeIsCutToWhatIsLeft) {
  Account a(budget, Initiator(~uint64_t{0}, kMib));
  Account b(budget, Initiator(~uint64_t{0}, 2 * kMib));
  Account limited(budget, Initiator(kMib, 2 * kMib));
  Account d(budget, {.name = "device", .kind = Kind::kDevice, .guaranteed_bytes = kMib});
  EXPECT_EQ(a.account.stats().guaranteed_bytes, kMib);
  EXPECT_EQ(b.account.stats().guaranteed_bytes, kMib) << "half of all stays common";
  EXPECT_EQ(limited.account.stats().guaranteed_bytes, 0u);
  EXPECT_EQ(d.account.stats().guaranteed_bytes, 0u);
  EXPECT_EQ(budget.TryCharge(Pair(limited, d), kMib), kCharged);
  budget.Release(Pair(limited, d), kMib);
}

TEST_F(MemoryBudgetTest, AGuaranteeIsNotAboveTheLimitOfItsAccount) {
  Account limited(budget, Initiator(kMib, 2 * kMib));
  EXPECT_EQ(limited.account.stats().guaranteed_bytes, kMib);
}

TEST_F(MemoryBudgetTest, AGuaranteeIsCutByWhatIsUsedNotByReserves) {
  Account a(budget, Initiator());
  Account d(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 3 * kMib), kCharged);
  Account late(budget, Initiator(~uint64_t{0}, 4 * kMib));
  EXPECT_EQ(late.account.stats().guaranteed_bytes, kMib);
  budget.Release(Pair(a, d), 3 * kMib);
}

TEST_F(MemoryBudgetTest, AGuaranteeLeavesWhatIsWaitedFor) {
  Account a(budget, Initiator());
  Account d(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(a, d), kMib), kCharged);
  Waiter waiter(1, Pair(a, d), 4 * kMib, &order);
  EXPECT_EQ(budget.ChargeOrWait(waiter), kGlobalLimit);
  Account late(budget, Initiator(~uint64_t{0}, 3 * kMib));
  budget.Release(Pair(a, d), kMib);
  EXPECT_EQ(order, std::vector<int>{1});
  EXPECT_EQ(late.account.stats().guaranteed_bytes, 0u);
  if (order.empty()) {
    EXPECT_TRUE(budget.Cancel(waiter));
  } else {
    budget.Release(Pair(a, d), 4 * kMib);
  }
}

TEST_F(MemoryBudgetTest, AnAccountThatGoesLeavesItsGuaranteeToOthers) {
  Account b(budget, Initiator());
  Account d(budget, Device());
  Waiter waiter(1, Pair(b, d), 1, &order);
  auto a = std::make_unique<Account>(budget, Initiator(~uint64_t{0}, kMib));
  EXPECT_EQ(budget.TryCharge(Pair(b, d), 3 * kMib), kCharged);
  EXPECT_EQ(budget.ChargeOrWait(waiter), kGlobalLimit);
  a.reset();
  EXPECT_EQ(order, std::vector<int>{1});
  budget.Release(Pair(b, d), 3 * kMib + 1);
}

TEST_F(MemoryBudgetTest, AGuaranteeIsRaisedAsOthersLeaveMore) {
  Account hog(budget, Initiator());
  Account d(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(hog, d), 4 * kMib), kCharged);
  Account late(budget, Initiator(~uint64_t{0}, kMib));
  Account later(budget, Initiator(~uint64_t{0}, 2 * kMib));
  EXPECT_EQ(late.account.stats().guaranteed_bytes, 0u);
  // The oldest first; the hog's wants do not hold it up.
  Waiter more(1, Pair(hog, d), kMib, &order);
  EXPECT_EQ(budget.ChargeOrWait(more), kGlobalLimit);
  budget.Release(Pair(hog, d), kMib / 2);
  EXPECT_EQ(late.account.stats().guaranteed_bytes, kMib / 2);
  EXPECT_EQ(budget.TryCharge(Pair(late, d), kMib / 2), kCharged);
  budget.Release(Pair(hog, d), kMib);
  EXPECT_EQ(late.account.stats().guaranteed_bytes, kMib);
  EXPECT_EQ(later.account.stats().guaranteed_bytes, kMib / 2);
  EXPECT_TRUE(order.empty());
  budget.Release(Pair(hog, d), 2 * kMib);
  EXPECT_EQ(order, std::vector<int>{1});
  EXPECT_EQ(later.account.stats().guaranteed_bytes, kMib) << "half of all stays common";
  EXPECT_EQ(budget.TryCharge(Pair(hog, d), kMib / 2), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(hog, d), 1), kGlobalLimit);
  EXPECT_EQ(budget.TryCharge(Pair(late, d), kMib / 2), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(later, d), kMib), kCharged);
  budget.CheckInvariants();
  budget.Release(Pair(late, d), kMib);
  budget.Release(Pair(later, d), kMib);
  budget.Release(Pair(hog, d), hog.used());
}

TEST_F(MemoryBudgetTest, AGuaranteeIsRaisedThoughNobodyWaits) {
  Account hog(budget, Initiator());
  Account d(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(hog, d), 4 * kMib), kCharged);
  Account late(budget, Initiator(~uint64_t{0}, kMib));
  budget.Release(Pair(hog, d), 2 * kMib);
  EXPECT_EQ(late.account.stats().guaranteed_bytes, kMib);
  EXPECT_EQ(budget.TryCharge(Pair(hog, d), 2 * kMib), kGlobalLimit);
  budget.Release(Pair(hog, d), 2 * kMib);
}

TEST_F(MemoryBudgetTest, AnAccountThatGoesLeavesItsGuaranteeToThoseWhoLackOne) {
  Account d(budget, Device());
  auto first = std::make_unique<Account>(budget, Initiator(~uint64_t{0}, 2 * kMib));
  Account second(budget, Initiator(~uint64_t{0}, kMib));
  EXPECT_EQ(second.account.stats().guaranteed_bytes, 0u);
  EXPECT_EQ(budget.TryCharge(Pair(second, d), kMib / 2), kCharged);
  first.reset();
  EXPECT_EQ(second.account.stats().guaranteed_bytes, kMib);
  budget.CheckInvariants();
  budget.Release(Pair(second, d), kMib / 2);
}

}  // namespace
}  // namespace quire
