// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "sg/budget_account.h"

#include <algorithm>

#include "base/check.h"
#include "sg/memory_budget.h"

namespace quire {

BudgetAccount::BudgetAccount(MemoryBudget& budget, const Options& options)
    : budget_(budget), options_(options) {
  MutexLock lock(budget_.mutex_);
  options_.guaranteed_bytes =
      initiator() ? std::min(options_.guaranteed_bytes, options_.limit_bytes) : 0;
  budget_.accounts_.push_back(this);
  budget_.short_bytes_ += options_.guaranteed_bytes;
  budget_.RaiseGuarantees();
  budget_.SettleCommon();
}

BudgetAccount::~BudgetAccount() {
  {
    MutexLock lock(budget_.mutex_);
    QUIRE_CHECK(slices_.empty());
    QUIRE_CHECK(waiters_.empty());
    QUIRE_CHECK(granted_bytes_ == 0);
    budget_.guaranteed_bytes_ -= guaranteed_bytes_;
    budget_.short_bytes_ -= ShortBytes();
    std::erase(budget_.accounts_, this);
  }
  budget_.ServeAndTell();
}

uint64_t BudgetAccount::UsedLocked() const {
  uint64_t used = granted_bytes_;
  for (const BudgetSlice* slice : slices_) {
    const uint64_t reserve = slice->reserve_bytes_.load(std::memory_order_relaxed);
    used -= std::min(used, reserve);  // another thread may be between two slices
  }
  return used;
}

BudgetAccount::Stats BudgetAccount::stats() const {
  MutexLock lock(budget_.mutex_);
  return StatsLocked();
}

BudgetAccount::Stats BudgetAccount::StatsLocked() const {
  Stats now = stats_;
  now.name = options_.name;
  now.used_bytes = UsedLocked();
  now.guaranteed_bytes = guaranteed_bytes_;
  now.waiters = count_waiters_.load(std::memory_order_relaxed);
  return now;
}

BudgetSlice::BudgetSlice(BudgetAccount& account) : account_(account) {
  MutexLock lock(account_.budget_.mutex_);
  account_.slices_.push_back(this);
}

BudgetSlice::~BudgetSlice() {
  MemoryBudget& budget = account_.budget_;
  {
    MutexLock lock(budget.mutex_);
    budget.Ungrant(account_, TakeAll());
    std::erase(account_.slices_, this);
  }
  budget.ServeAndTell();
}

bool BudgetSlice::TryTake(uint64_t length_bytes) {
  uint64_t reserve = reserve_bytes_.load(std::memory_order_relaxed);
  do {
    if (reserve < length_bytes) return false;
  } while (!reserve_bytes_.compare_exchange_weak(
      reserve, reserve - length_bytes, std::memory_order_acq_rel, std::memory_order_relaxed));
  return true;
}

}  // namespace quire
