// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: no limit is ever exceeded and nothing is refused that could be had; those who wait are
//   served in order and in turns, and a large one among small ones is served too.
// Method: accounts filled to the byte, then random calls against plain sums.
#include "sg/memory_budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/prng.h"

namespace quire {
namespace {

using Kind = BudgetAccount::Kind;
using enum BudgetAnswer;

constexpr uint64_t kMib = uint64_t{1} << 20;

// An account with one slice.
struct Account {
  Account(MemoryBudget& budget, const BudgetAccount::Options& options)
      : account(budget, options), slice(account) {}
  uint64_t used() const { return account.stats().used_bytes; }
  BudgetAccount account;
  BudgetSlice slice;
};

BudgetAccount::Options Initiator(uint64_t limit = ~uint64_t{0}, uint64_t guaranteed = 0) {
  return {.name = "initiator", .limit_bytes = limit, .guaranteed_bytes = guaranteed};
}
BudgetAccount::Options Device(uint64_t limit = ~uint64_t{0}) {
  return {.name = "device", .kind = Kind::kDevice, .limit_bytes = limit};
}

BudgetPair Pair(Account& initiator, Account& device) { return {&initiator.slice, &device.slice}; }

// Writes its number into `order` when it is granted.
struct Waiter : BudgetWaiter {
  Waiter(int n, BudgetPair to, uint64_t bytes, std::vector<int>* into) : number(n), order(into) {
    pair = to;
    length_bytes = bytes;
    granted = [](BudgetWaiter& waiter) {
      auto& self = static_cast<Waiter&>(waiter);
      self.order->push_back(self.number);
    };
  }
  const int number;
  std::vector<int>* const order;
};

struct MemoryBudgetTest : testing::Test {
  void TearDown() override {
    budget.CheckInvariants();
    EXPECT_TRUE(budget.NobodyWaitsInVain());
  }
  MemoryBudget budget{4 * kMib};
  std::vector<int> order;
};

TEST_F(MemoryBudgetTest, TheGlobalLimitIsExact) {
  Account a(budget, Initiator());
  Account b(budget, Initiator());
  Account d(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(a, d), kMib), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), 3 * kMib - 1), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), 2), kGlobalLimit);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 1), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 1), kGlobalLimit);
  EXPECT_EQ(budget.used_bytes(), 4 * kMib);
  EXPECT_EQ(a.used(), kMib + 1);
  EXPECT_EQ(d.used(), 4 * kMib);
  EXPECT_EQ(a.account.stats().refused_global, 1u);
  EXPECT_EQ(b.account.stats().refused_global, 1u);
  EXPECT_EQ(b.account.stats().refused_here, 0u);
  budget.Release(Pair(a, d), kMib + 1);
  budget.Release(Pair(b, d), 3 * kMib - 1);
  EXPECT_EQ(budget.used_bytes(), 0u);
}

TEST_F(MemoryBudgetTest, TheLimitsOfAnInitiatorAndADeviceAreExact) {
  Account a(budget, Initiator(kMib));
  Account b(budget, Initiator());
  Account d(budget, Device(2 * kMib));
  EXPECT_EQ(budget.TryCharge(Pair(a, d), kMib + 1), kTooLarge);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), kMib - 1), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 2), kInitiatorLimit);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 1), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 1), kInitiatorLimit);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), 2 * kMib + 1), kTooLarge);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), kMib + 1), kDeviceLimit);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), kMib), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), 1), kDeviceLimit);
  EXPECT_EQ(a.account.stats().refused_here, 2u);
  EXPECT_EQ(d.account.stats().refused_here, 2u);
  // A refusal at the device leaves nothing at the initiator.
  EXPECT_EQ(b.used(), kMib);
  EXPECT_EQ(budget.used_bytes(), 2 * kMib);
  budget.CheckInvariants();
  budget.Release(Pair(a, d), kMib);
  budget.Release(Pair(b, d), kMib);
}

TEST_F(MemoryBudgetTest, MoreThanTheLimitIsNeverToBeHad) {
  Account a(budget, Initiator());
  Account d(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 4 * kMib + 1), kTooLarge);
  Account guaranteed(budget, Initiator(~uint64_t{0}, kMib));
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 3 * kMib + 1), kTooLarge);
  EXPECT_EQ(budget.TryCharge(Pair(guaranteed, d), 4 * kMib), kCharged);
  budget.Release(Pair(guaranteed, d), 4 * kMib);
  Waiter waiter(1, Pair(a, d), 3 * kMib + 1, &order);
  EXPECT_EQ(budget.ChargeOrWait(waiter), kTooLarge);
  EXPECT_EQ(a.account.stats().waiters, 0u);
}

TEST(MemoryBudget, NoLimitIsALimitAsWell) {
  constexpr uint64_t kAll = ~uint64_t{0};
  MemoryBudget budget(kAll);
  Account a(budget, Initiator());
  Account d(budget, Device());
  ASSERT_EQ(budget.TryCharge(Pair(a, d), kAll - 1), kCharged);
  EXPECT_EQ(budget.used_bytes(), kAll - 1);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 2), kInitiatorLimit);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 1), kCharged);
  EXPECT_EQ(d.used(), kAll);
  budget.CheckInvariants();
  budget.Release(Pair(a, d), kAll);
  EXPECT_EQ(budget.used_bytes(), 0u);
  budget.CheckInvariants();
}

TEST_F(MemoryBudgetTest, WhatOtherSlicesHoldInVainIsFound) {
  Account a(budget, Initiator());
  Account b(budget, Initiator());
  Account d(budget, Device());
  BudgetSlice a2(a.account);
  BudgetSlice d2(d.account);
  // Leaves reserves in all four slices.
  EXPECT_EQ(budget.TryCharge({&a.slice, &d.slice}, 1), kCharged);
  EXPECT_EQ(budget.TryCharge({&a2, &d2}, 1), kCharged);
  EXPECT_EQ(budget.used_bytes(), 2u);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), 4 * kMib - 2), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), 1), kGlobalLimit);
  EXPECT_EQ(a.used(), 2u);
  budget.Release({&a.slice, &d.slice}, 1);
  budget.Release({&a2, &d2}, 1);
  budget.Release(Pair(b, d), 4 * kMib - 2);
}

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

// ---- Waiting ----

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

// ---- At random, against sums ----

class RandomBudget {
 public:
  explicit RandomBudget(uint64_t seed) : prng_(seed) {
    for (size_t i = 0; i < kInitiators; ++i) {
      Add(RandomInitiator(prng_));
    }
    for (size_t i = 0; i < kDevices; ++i) {
      Add(Device(prng_.Chance(1, 2) ? ~uint64_t{0} : kMib + prng_.Below(3 * kMib)));
    }
  }

  void Run() {
    for (int step = 0; step < 1500 && !testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      Step();
      Check();
    }
    // Giving back everything serves all who wait.
    while (!charges_.empty() && !testing::Test::HasFailure()) {
      Release();
      Check();
    }
    for (const Owner& owner : owners_) {
      const BudgetAccount::Stats stats = owner.account->stats();
      EXPECT_EQ(stats.used_bytes, 0u);
      EXPECT_EQ(stats.waiters, 0u);
    }
    EXPECT_EQ(count_waiting_, 0u);
    EXPECT_EQ(budget_.used_bytes(), 0u);
    // Whatever still waits is taken out, so that the failure above is what is seen.
    for (const auto& one : requests_) {
      if (one->waits) static_cast<void>(budget_.Cancel(*one));
    }
    while (!charges_.empty()) Release();
  }

 private:
  static constexpr size_t kInitiators = 4;
  static constexpr size_t kDevices = 3;
  static constexpr uint64_t kLimit = 4 * kMib;

  struct Owner {
    BudgetAccount::Options options;
    std::unique_ptr<BudgetAccount> account;
    std::unique_ptr<BudgetSlice> slices[2];
    uint64_t used_bytes = 0;
    uint64_t guaranteed_bytes = 0;  // after the last step
  };
  struct Request : BudgetWaiter {
    RandomBudget* test = nullptr;
    size_t initiator = 0, device = 0;
    bool waits = false;
  };

  void Add(const BudgetAccount::Options& options) {
    Owner owner;
    owner.options = options;
    owner.account = std::make_unique<BudgetAccount>(budget_, options);
    for (auto& slice : owner.slices) slice = std::make_unique<BudgetSlice>(*owner.account);
    owner.guaranteed_bytes = owner.account->stats().guaranteed_bytes;
    owners_.push_back(std::move(owner));
  }

  static BudgetAccount::Options RandomInitiator(Prng& prng) {
    const uint64_t limit = prng.Chance(1, 2) ? ~uint64_t{0} : kMib + prng.Below(3 * kMib);
    return Initiator(limit, prng.Chance(1, 2) ? prng.Below(kMib + kMib / 2) : 0);
  }

  // One that uses nothing goes and another one comes, which may find less left for its guarantee.
  void Replace() {
    const size_t at = prng_.Below(kInitiators);
    for (const auto& one : requests_) {
      if (one->initiator == at && one->waits) return;
    }
    if (owners_[at].used_bytes > 0) return;
    for (auto& slice : owners_[at].slices) slice.reset();
    owners_[at].account.reset();
    owners_[at].guaranteed_bytes = 0;
    Add(RandomInitiator(prng_));
    owners_[at] = std::move(owners_.back());
    owners_.pop_back();
  }

  std::unique_ptr<Request> NewRequest() {
    auto one = std::make_unique<Request>();
    one->test = this;
    one->initiator = prng_.Below(kInitiators);
    one->device = kInitiators + prng_.Below(kDevices);
    one->pair = {owners_[one->initiator].slices[prng_.Below(2)].get(),
                 owners_[one->device].slices[prng_.Below(2)].get()};
    one->length_bytes = 1 + prng_.Below(uint64_t{1} << (10 + prng_.Below(13)));
    one->granted = [](BudgetWaiter& waiter) {
      auto& self = static_cast<Request&>(waiter);
      EXPECT_TRUE(self.waits);
      self.waits = false;
      --self.test->count_waiting_;
      self.test->Charged(self);
    };
    return one;
  }

  void Charged(Request& one) {
    owners_[one.initiator].used_bytes += one.length_bytes;
    owners_[one.device].used_bytes += one.length_bytes;
    charges_.push_back(&one);
  }

  uint64_t CommonLeft() const {
    uint64_t left = kLimit;
    for (size_t i = 0; i < kInitiators; ++i) {
      left -= std::max(owners_[i].used_bytes, owners_[i].guaranteed_bytes);
    }
    return left;
  }

  bool Fits(const Request& one) const {
    const Owner& initiator = owners_[one.initiator];
    const Owner& device = owners_[one.device];
    const uint64_t guaranteed = initiator.guaranteed_bytes;
    const uint64_t own = guaranteed > initiator.used_bytes ? guaranteed - initiator.used_bytes : 0;
    return one.length_bytes <= initiator.options.limit_bytes - initiator.used_bytes &&
           one.length_bytes <= device.options.limit_bytes - device.used_bytes &&
           one.length_bytes <= CommonLeft() + own;
  }

  bool TooLarge(const Request& one) const {
    uint64_t guaranteed_to_others = 0;
    for (size_t i = 0; i < kInitiators; ++i) {
      if (i != one.initiator) guaranteed_to_others += owners_[i].guaranteed_bytes;
    }
    return one.length_bytes >
           std::min({kLimit - guaranteed_to_others, owners_[one.initiator].options.limit_bytes,
                     owners_[one.device].options.limit_bytes});
  }

  void Step() {
    const uint64_t what = prng_.Below(100);
    if (what < 30) {
      Charge();
    } else if (what < 50) {
      Wait();
    } else if (what < 90) {
      Release();
    } else if (what < 95) {
      CancelOne();
    } else if (what < 98) {
      ChargeWhatIsGuaranteed();
    } else {
      Replace();
    }
  }

  void Charge() {
    auto one = NewRequest();
    const bool fits = Fits(*one);
    const BudgetAnswer answer = budget_.TryCharge(one->pair, one->length_bytes);
    ASSERT_EQ(answer == kTooLarge, TooLarge(*one));
    if (answer == kCharged) {
      ASSERT_TRUE(fits);
      Charged(*one);
      requests_.push_back(std::move(one));
    } else if (count_waiting_ == 0) {
      ASSERT_FALSE(fits) << "refused in vain";
    }
  }

  // Nothing that others do or wait for keeps an initiator from it, as long as nobody waits at the
  // device or in its own queue.
  void ChargeWhatIsGuaranteed() {
    auto one = NewRequest();
    const Owner& initiator = owners_[one->initiator];
    const Owner& device = owners_[one->device];
    if (initiator.account->stats().waiters + device.account->stats().waiters > 0) return;
    if (initiator.used_bytes >= initiator.guaranteed_bytes) return;
    const uint64_t most = std::min(initiator.guaranteed_bytes - initiator.used_bytes,
                                   device.options.limit_bytes - device.used_bytes);
    if (most == 0) return;
    one->length_bytes = 1 + prng_.Below(most);
    ASSERT_EQ(budget_.TryCharge(one->pair, one->length_bytes), kCharged);
    Charged(*one);
    requests_.push_back(std::move(one));
  }

  void Wait() {
    requests_.push_back(NewRequest());
    Request& one = *requests_.back();
    const bool fits = Fits(one);
    const size_t count_waiting = count_waiting_;
    one.waits = true;
    ++count_waiting_;
    const BudgetAnswer answer = budget_.ChargeOrWait(one);
    if (answer == kCharged || answer == kTooLarge) {
      ASSERT_TRUE(one.waits);
      one.waits = false;
      --count_waiting_;
    }
    ASSERT_EQ(answer == kTooLarge, TooLarge(one));
    if (answer == kCharged) {
      ASSERT_TRUE(fits);
      Charged(one);
    }
    ASSERT_TRUE(answer == kCharged || !fits || count_waiting > 0) << "refused in vain";
  }

  void Release() {
    if (charges_.empty()) return;
    const size_t at = prng_.Below(charges_.size());
    Request& one = *charges_[at];
    charges_.erase(charges_.begin() + static_cast<long>(at));
    owners_[one.initiator].used_bytes -= one.length_bytes;
    owners_[one.device].used_bytes -= one.length_bytes;
    budget_.Release(one.pair, one.length_bytes);
  }

  void CancelOne() {
    if (requests_.empty()) return;
    Request& one = *requests_[prng_.Below(requests_.size())];
    if (!one.waits) {
      ASSERT_FALSE(budget_.Cancel(one));
      return;
    }
    one.waits = false;  // not granted from here on
    --count_waiting_;
    ASSERT_TRUE(budget_.Cancel(one));
  }

  void Check() {
    budget_.CheckInvariants();
    uint64_t total = 0;
    uint64_t waiters = 0;
    for (size_t i = 0; i < owners_.size(); ++i) {
      Owner& owner = owners_[i];
      const BudgetAccount::Stats stats = owner.account->stats();
      ASSERT_EQ(stats.used_bytes, owner.used_bytes);
      ASSERT_LE(owner.used_bytes, owner.options.limit_bytes);
      ASSERT_GE(stats.guaranteed_bytes, owner.guaranteed_bytes) << "never less again";
      owner.guaranteed_bytes = stats.guaranteed_bytes;
      waiters += stats.waiters;
      if (i < kInitiators) total += owner.used_bytes;
    }
    ASSERT_EQ(budget_.used_bytes(), total);
    ASSERT_LE(total, kLimit);
    ASSERT_EQ(waiters, count_waiting_);
    ASSERT_TRUE(budget_.NobodyWaitsInVain());
    // Nor all of them for each other.
    const auto lacks = [this](const auto& one) { return one->waits && !Fits(*one); };
    ASSERT_TRUE(count_waiting_ == 0 || std::ranges::any_of(requests_, lacks));
  }

  Prng prng_;
  MemoryBudget budget_{kLimit};
  std::vector<Owner> owners_;
  std::vector<std::unique_ptr<Request>> requests_;
  std::vector<Request*> charges_;
  size_t count_waiting_ = 0;
};

uint64_t the_seed = 0;

TEST(MemoryBudget, RandomCallsAgreeWithSums) {
  // A check that fails ends the process: not without the seed.
  const auto former = std::signal(SIGABRT, [](int) {
    std::fprintf(stderr, "seed %llu\n", static_cast<unsigned long long>(the_seed));
  });
  for (the_seed = 1; the_seed <= 60 && !testing::Test::HasFailure(); ++the_seed) {
    SCOPED_TRACE("seed " + std::to_string(the_seed));
    RandomBudget(the_seed).Run();
  }
  std::signal(SIGABRT, former);
}

// ---- Across two queues ----

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

// ---- In another's shadow ----

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

// ---- Guarantees that come late ----

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

// ---- A stranger ----

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
