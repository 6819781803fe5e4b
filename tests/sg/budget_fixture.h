// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A budget of 4 MiB, accounts with a slice each, and waiters that remember in which order they were
// granted: what the tests of budgets start from.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "sg/memory_budget.h"

namespace quire::budget_test {

using Kind = BudgetAccount::Kind;
using enum BudgetAnswer;

inline constexpr uint64_t kMib = uint64_t{1} << 20;

// An account with one slice.
struct Account {
  Account(MemoryBudget& budget, const BudgetAccount::Options& options)
      : account(budget, options), slice(account) {}
  uint64_t used() const { return account.stats().used_bytes; }
  BudgetAccount account;
  BudgetSlice slice;
};

inline BudgetAccount::Options Initiator(uint64_t limit = ~uint64_t{0}, uint64_t guaranteed = 0) {
  return {.name = "initiator", .limit_bytes = limit, .guaranteed_bytes = guaranteed};
}
inline BudgetAccount::Options Device(uint64_t limit = ~uint64_t{0}) {
  return {.name = "device", .kind = Kind::kDevice, .limit_bytes = limit};
}

inline BudgetPair Pair(Account& initiator, Account& device) {
  return {&initiator.slice, &device.slice};
}

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

}  // namespace quire::budget_test
