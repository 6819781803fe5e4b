// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: those who wait are served in order and in turns, a large one among small ones is served
// too,
//   and nobody waits behind somebody else's want.
// Method: accounts filled to the byte, waiters at each kind of limit, all orders of accounts.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <vector>

#include "sg/memory_budget.h"
#include "tests/sg/budget_fixture.h"

namespace quire {
namespace {

using namespace budget_test;  // NOLINT(google-build-using-namespace)

// An initiator that lacks its own room does not stand before a device that has some.
TEST_F(MemoryBudgetTest, WantElsewhereKeepsNobodyFromADevice) {
  Account slow(budget, Initiator(2 * kMib));
  Account other(budget, Initiator());
  Account first(budget, Device(2 * kMib));
  Account second(budget, Device(2 * kMib));
  EXPECT_EQ(budget.TryCharge(Pair(other, first), 2 * kMib), kCharged);
  Waiter waiter(1, Pair(slow, first), kMib, &order);
  EXPECT_EQ(budget.ChargeOrWait(waiter), kDeviceLimit);
  EXPECT_EQ(budget.TryCharge(Pair(slow, second), 2 * kMib), kCharged);
  budget.Release(Pair(other, first), 2 * kMib);
  EXPECT_EQ(budget.TryCharge(Pair(other, first), 4096), kCharged);
  budget.CheckInvariants();
  EXPECT_EQ(order, std::vector<int>{});
  budget.Release(Pair(slow, second), 2 * kMib);
  EXPECT_EQ(order, std::vector<int>{1});
  budget.Release(Pair(slow, first), kMib);
  budget.Release(Pair(other, first), 4096);
}

// And a full device does not keep an initiator from the others.
TEST_F(MemoryBudgetTest, AFullDeviceKeepsNobodyFromOthers) {
  Account a(budget, Initiator(2 * kMib));
  Account other(budget, Initiator());
  Account first(budget, Device(2 * kMib));
  Account second(budget, Device(2 * kMib));
  EXPECT_EQ(budget.TryCharge(Pair(a, second), 2 * kMib), kCharged);
  Waiter waiter(1, Pair(a, first), kMib, &order);
  EXPECT_EQ(budget.ChargeOrWait(waiter), kInitiatorLimit);
  EXPECT_EQ(budget.TryCharge(Pair(other, first), 2 * kMib), kCharged);
  budget.Release(Pair(a, second), 2 * kMib);
  EXPECT_EQ(order, std::vector<int>{});
  EXPECT_EQ(budget.TryCharge(Pair(a, second), kMib), kCharged);
  budget.Release(Pair(other, first), 2 * kMib);
  EXPECT_EQ(order, std::vector<int>{1});
  budget.Release(Pair(a, first), kMib);
  budget.Release(Pair(a, second), kMib);
}

// Gives back what it is granted, at once.
struct Generous : BudgetWaiter {
  MemoryBudget* budget = nullptr;
  int* depth = nullptr;
  int* deepest = nullptr;
};

TEST_F(MemoryBudgetTest, GrantsThatMakeGrantsPossibleDoNotNest) {
  Account a(budget, Initiator());
  Account d(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 4 * kMib), kCharged);
  int depth = 0;
  int deepest = 0;
  std::deque<Generous> waiters(1000);
  for (Generous& waiter : waiters) {
    waiter.pair = Pair(a, d);
    waiter.length_bytes = 4 * kMib;
    waiter.budget = &budget;
    waiter.depth = &depth;
    waiter.deepest = &deepest;
    waiter.granted = [](BudgetWaiter& granted) {
      auto& self = static_cast<Generous&>(granted);
      *self.deepest = std::max(*self.deepest, ++*self.depth);
      self.budget->Release(self.pair, self.length_bytes);
      --*self.depth;
    };
    EXPECT_NE(budget.ChargeOrWait(waiter), kCharged);
  }
  budget.Release(Pair(a, d), 4 * kMib);
  EXPECT_EQ(budget.used_bytes(), 0u);
  EXPECT_EQ(deepest, 1);
}

TEST_F(MemoryBudgetTest, AnAccountServesInOrderAndNobodyOvertakes) {
  Account a(budget, Initiator(kMib));
  Account d(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(a, d), kMib), kCharged);
  Waiter first(1, Pair(a, d), kMib, &order);
  Waiter second(2, Pair(a, d), 1, &order);
  Waiter third(3, Pair(a, d), 1, &order);
  EXPECT_EQ(budget.ChargeOrWait(first), kInitiatorLimit);
  EXPECT_EQ(budget.ChargeOrWait(second), kQueue);
  EXPECT_EQ(budget.ChargeOrWait(third), kQueue);
  EXPECT_EQ(a.account.stats().waiters, 3u);
  budget.Release(Pair(a, d), kMib / 2);
  EXPECT_TRUE(order.empty());                          // the first one wants it all
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 1), kQueue);  // though there is room
  budget.Release(Pair(a, d), kMib / 2);
  EXPECT_EQ(order, (std::vector<int>{1}));
  budget.Release(Pair(a, d), kMib);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(a.used(), 2u);
  EXPECT_EQ(a.account.stats().served_waiters, 3u);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 1), kCharged);
  budget.Release(Pair(a, d), 3);
}

TEST_F(MemoryBudgetTest, ADeviceServesInOrder) {
  Account a(budget, Initiator());
  Account b(budget, Initiator());
  Account d(budget, Device(kMib));
  Account e(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(a, d), kMib), kCharged);
  Waiter first(1, Pair(a, d), kMib, &order);
  Waiter second(2, Pair(b, d), 1, &order);
  EXPECT_EQ(budget.ChargeOrWait(first), kDeviceLimit);
  EXPECT_EQ(budget.ChargeOrWait(second), kQueue);
  EXPECT_EQ(d.account.stats().waiters, 2u);
  // Other devices are not held up.
  EXPECT_EQ(budget.TryCharge(Pair(b, e), kMib), kCharged);
  budget.Release(Pair(a, d), kMib);
  EXPECT_EQ(order, (std::vector<int>{1}));
  budget.Release(Pair(a, d), kMib);
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  budget.Release(Pair(b, d), 1);
  budget.Release(Pair(b, e), kMib);
}

TEST_F(MemoryBudgetTest, AccountsTakeTurns) {
  Account a(budget, Initiator());
  Account b(budget, Initiator());
  Account hog(budget, Initiator());
  Account d(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(hog, d), 4 * kMib), kCharged);
  std::deque<Waiter> waiters;
  for (int i = 0; i < 8; ++i) waiters.emplace_back(i, Pair(i < 4 ? a : b, d), kMib / 2, &order);
  for (Waiter& one : waiters) EXPECT_NE(budget.ChargeOrWait(one), kCharged);
  for (int i = 0; i < 8; ++i) {
    budget.Release(Pair(hog, d), kMib / 2);
    EXPECT_EQ(order.size(), static_cast<size_t>(i + 1));
    budget.CheckInvariants();
  }
  // One of each, whoever begins.
  for (size_t i = 0; i < 8; i += 2) EXPECT_NE(order[i] < 4, order[i + 1] < 4);
  for (Waiter& one : waiters) budget.Release(one.pair, one.length_bytes);
}

TEST_F(MemoryBudgetTest, ALargeOneIsNotStarvedBySmallOnes) {
  Account large(budget, Initiator());
  Account small(budget, Initiator());
  Account d(budget, Device());
  for (int i = 0; i < 64; ++i) {
    ASSERT_EQ(budget.TryCharge(Pair(small, d), kMib / 16), kCharged);
  }
  Waiter waiter(-1, Pair(large, d), 3 * kMib, &order);
  EXPECT_EQ(budget.ChargeOrWait(waiter), kGlobalLimit);
  std::deque<Waiter> waiters;
  for (int i = 0; i < 100; ++i) {
    waiters.emplace_back(i, Pair(small, d), kMib / 16, &order);
    EXPECT_NE(budget.ChargeOrWait(waiters.back()), kCharged);
  }
  // What comes back is collected for it, and for nobody else.
  for (int i = 0; i < 48; ++i) {
    EXPECT_TRUE(order.empty());
    EXPECT_NE(budget.TryCharge(Pair(small, d), 1), kCharged);
    budget.Release(Pair(small, d), kMib / 16);
  }
  EXPECT_EQ(order, std::vector<int>{-1});
  budget.Release(Pair(large, d), 3 * kMib);
  while (small.used() > 0) budget.Release(Pair(small, d), kMib / 16);
  EXPECT_EQ(order.size(), 101u);
}

TEST_F(MemoryBudgetTest, ACancelledWaiterLetsThoseBehindItPass) {
  Account a(budget, Initiator(kMib));
  Account d(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(a, d), kMib / 2), kCharged);
  Waiter first(1, Pair(a, d), kMib, &order);
  Waiter second(2, Pair(a, d), kMib / 2, &order);
  EXPECT_EQ(budget.ChargeOrWait(first), kInitiatorLimit);
  EXPECT_EQ(budget.ChargeOrWait(second), kQueue);
  EXPECT_TRUE(budget.Cancel(first));
  EXPECT_EQ(order, std::vector<int>{2});
  EXPECT_FALSE(budget.Cancel(first));
  EXPECT_FALSE(budget.Cancel(second));
  EXPECT_EQ(a.account.stats().waiters, 0u);
  budget.Release(Pair(a, d), kMib);
}

TEST_F(MemoryBudgetTest, ASliceThatGoesServesThoseWhoWait) {
  Account a(budget, Initiator());
  Account d(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 4 * kMib), kCharged);
  Waiter waiter(1, Pair(a, d), kMib, &order);
  EXPECT_EQ(budget.ChargeOrWait(waiter), kGlobalLimit);
  {
    // Memory may come back to another slice than it was charged to.
    BudgetSlice other(a.account);
    budget.Release({&other, &d.slice}, kMib);
  }
  EXPECT_EQ(order, std::vector<int>{1});
  budget.Release(Pair(a, d), 4 * kMib);
}

// Whoever is granted may charge and give back from within.
TEST_F(MemoryBudgetTest, AGrantMayReleaseAtOnce) {
  Account a(budget, Initiator());
  Account d(budget, Device());
  static MemoryBudget* the_budget = nullptr;
  static int count_granted = 0;
  the_budget = &budget;
  count_granted = 0;
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 4 * kMib), kCharged);
  std::deque<BudgetWaiter> waiters(5);
  for (BudgetWaiter& one : waiters) {
    one.pair = Pair(a, d);
    one.length_bytes = 4 * kMib;
    one.granted = [](BudgetWaiter& self) {
      ++count_granted;
      the_budget->Release(self.pair, self.length_bytes);
    };
    EXPECT_NE(budget.ChargeOrWait(one), kCharged);
  }
  budget.Release(Pair(a, d), 4 * kMib);
  EXPECT_EQ(count_granted, 5);
  EXPECT_EQ(budget.used_bytes(), 0u);
}

// A large one that waits at its initiator for room at the device.
TEST_F(MemoryBudgetTest, ALargeOneBehindAnotherIsNotStarvedAtTheDevice) {
  Account a(budget, Initiator(2 * kMib));
  Account b(budget, Initiator());
  Account d(budget, Device(kMib));
  Account e(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(a, e), 2 * kMib), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), kMib / 2), kCharged);
  Waiter large(1, Pair(a, d), kMib, &order);
  EXPECT_EQ(budget.ChargeOrWait(large), kInitiatorLimit);
  budget.Release(Pair(a, e), 2 * kMib);
  EXPECT_TRUE(order.empty());
  // Now it is the device that lacks room: a small one must not take what comes back there.
  EXPECT_NE(budget.TryCharge(Pair(b, d), kMib / 4), kCharged);
  budget.Release(Pair(b, d), kMib / 2);
  EXPECT_EQ(order, std::vector<int>{1});
  if (order.empty()) {
    EXPECT_TRUE(budget.Cancel(large));
  } else {
    budget.Release(Pair(a, d), kMib);
  }
  if (b.used() > 0) budget.Release(Pair(b, d), b.used());
}

// The first of a device's queue that may not have what is common for an older one's sake does not
// stand before a device that has room.
TEST(MemoryBudget, AClaimElsewhereKeepsNobodyFromWhatIsGuaranteed) {
  MemoryBudget budget(16 * kMib);
  std::vector<int> order;
  Account guaranteed(budget, Initiator(~uint64_t{0}, 4 * kMib));
  Account hog(budget, Initiator());
  Account large(budget, Initiator());
  Account small(budget, Initiator());
  Account d(budget, Device(2 * kMib));
  Account e(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(hog, d), 2 * kMib), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(hog, e), 8 * kMib), kCharged);
  Waiter first(1, Pair(large, e), 6 * kMib, &order);
  EXPECT_EQ(budget.ChargeOrWait(first), kGlobalLimit);
  Waiter second(2, Pair(small, d), kMib, &order);
  EXPECT_NE(budget.ChargeOrWait(second), kCharged);
  budget.Release(Pair(hog, d), 2 * kMib);
  EXPECT_TRUE(order.empty());
  EXPECT_EQ(d.account.stats().waiters, 0u);
  EXPECT_EQ(budget.TryCharge(Pair(guaranteed, d), kMib), kCharged);
  budget.CheckInvariants();
  budget.Release(Pair(hog, e), 8 * kMib);
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  budget.Release(Pair(large, e), 6 * kMib);
  budget.Release(Pair(small, d), kMib);
  budget.Release(Pair(guaranteed, d), kMib);
}

// Nor one that is in the device's queue already when the older one begins to lack what is common.
TEST(MemoryBudget, AClaimThatComesLaterKeepsNobodyFromWhatIsGuaranteed) {
  MemoryBudget budget(16 * kMib);
  std::vector<int> order;
  Account guaranteed(budget, Initiator(~uint64_t{0}, 4 * kMib));
  Account hog(budget, Initiator());
  Account large(budget, Initiator());
  Account small(budget, Initiator());
  Account d(budget, Device(2 * kMib));
  Account e(budget, Device());
  Account f(budget, Device(6 * kMib));
  EXPECT_EQ(budget.TryCharge(Pair(hog, d), 2 * kMib), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(hog, f), kMib), kCharged);
  Waiter first(1, Pair(large, f), 6 * kMib, &order);
  EXPECT_EQ(budget.ChargeOrWait(first), kDeviceLimit);
  Waiter second(2, Pair(small, d), kMib, &order);
  EXPECT_EQ(budget.ChargeOrWait(second), kDeviceLimit);
  EXPECT_EQ(budget.TryCharge(Pair(hog, e), 7 * kMib), kCharged);
  budget.Release(Pair(hog, d), 2 * kMib);
  EXPECT_TRUE(order.empty());
  EXPECT_EQ(d.account.stats().waiters, 0u);
  EXPECT_EQ(budget.TryCharge(Pair(guaranteed, d), kMib), kCharged);
  EXPECT_TRUE(budget.NobodyWaitsInVain());
  budget.Release(Pair(hog, f), kMib);
  budget.Release(Pair(hog, e), 7 * kMib);
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  budget.Release(Pair(large, f), 6 * kMib);
  budget.Release(Pair(small, d), kMib);
  budget.Release(Pair(guaranteed, d), kMib);
}

// Who claims what is common and then lacks his device only makes way, also for one who was looked
// at before him. Whose account came first, and whose queue, is all the same.
void LapseAClaim(const std::vector<int>& order_of_accounts, bool other_queue_first) {
  MemoryBudget budget(8 * kMib);
  std::vector<int> order;
  std::unique_ptr<Account> accounts[5];  // who claims, the other, the hog, and two devices
  for (const int i : order_of_accounts) {
    const auto options = i < 3 ? Initiator() : Device(i == 3 ? 2 * kMib : ~uint64_t{0});
    accounts[i] = std::make_unique<Account>(budget, options);
  }
  auto& [claims, other, hog, full, free] = accounts;
  ASSERT_EQ(budget.TryCharge(Pair(*hog, *full), 2 * kMib), kCharged);
  Waiter before(0, Pair(*other, *full), kMib, &order);
  Waiter waiter(1, Pair(*claims, *full), 2 * kMib, &order);
  Waiter late(2, Pair(*other, *free), kMib, &order);
  if (other_queue_first) {
    // The other's queue is there already, though its first one is younger.
    ASSERT_EQ(budget.TryCharge(Pair(*hog, *free), 6 * kMib), kCharged);
    ASSERT_EQ(budget.ChargeOrWait(before), kGlobalLimit);
    ASSERT_EQ(budget.ChargeOrWait(late), kQueue);
    ASSERT_NE(budget.ChargeOrWait(waiter), kCharged);
    ASSERT_TRUE(budget.Cancel(before));
    budget.Release(Pair(*hog, *free), kMib / 2);
  } else {
    ASSERT_EQ(budget.ChargeOrWait(waiter), kDeviceLimit);
    ASSERT_EQ(budget.TryCharge(Pair(*hog, *free), 6 * kMib - kMib / 2), kCharged);
    ASSERT_EQ(budget.ChargeOrWait(late), kGlobalLimit);
  }
  ASSERT_TRUE(order.empty());
  budget.Release(Pair(*hog, *free), 4 * kMib);
  EXPECT_EQ(order, std::vector<int>{2});
  EXPECT_TRUE(budget.NobodyWaitsInVain());
  budget.Release(Pair(*hog, *full), 2 * kMib);
  EXPECT_EQ(order, (std::vector<int>{2, 1}));
  budget.Release(Pair(*hog, *free), kMib + kMib / 2);
  budget.Release(Pair(*other, *free), kMib);
  budget.Release(Pair(*claims, *full), 2 * kMib);
  budget.CheckInvariants();
}

TEST(MemoryBudget, AClaimThatLapsesServesOthers) {
  std::vector<int> order = {0, 1, 2, 3, 4};
  do {
    for (const bool other_queue_first : {false, true}) {
      SCOPED_TRACE(testing::PrintToString(order) + (other_queue_first ? " other first" : ""));
      LapseAClaim(order, other_queue_first);
    }
  } while (std::ranges::next_permutation(order).found && !testing::Test::HasFailure());
}

// One that waits at its own limit is nobody else's concern, and is found when it is its turn.
TEST_F(MemoryBudgetTest, AStrangerWhoWaitsIsServedByHisOwnOnly) {
  Account stranger(budget, Initiator(kMib / 4));
  Account a(budget, Initiator());
  Account d(budget, Device());
  Account e(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(stranger, e), kMib / 4), kCharged);
  Waiter waiter(1, Pair(stranger, e), kMib / 4, &order);
  EXPECT_EQ(budget.ChargeOrWait(waiter), kInitiatorLimit);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(budget.TryCharge(Pair(a, d), 3 * kMib), kCharged);
    budget.Release(Pair(a, d), 3 * kMib);
    EXPECT_EQ(budget.TryCharge(Pair(a, e), kMib), kCharged);  // whose device he does not lack
    budget.Release(Pair(a, e), kMib);
  }
  EXPECT_TRUE(order.empty());
  budget.Release(Pair(stranger, e), kMib / 4);
  EXPECT_EQ(order, std::vector<int>{1});
  budget.Release(Pair(stranger, e), kMib / 4);
}

}  // namespace
}  // namespace quire
