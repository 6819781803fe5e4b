// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// How much memory the data of initiators may take: a budget for all, an account for each initiator
// and each device, which all sessions of it share.
// Owns: the budget. Lifetime: outlives the sessions that it admits. Threads: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "sg/memory_budget.h"
#include "vdisk/device.h"

namespace quire {

class Admission {
 public:
  struct Options {
    uint64_t limit_bytes = uint64_t{512} << 20;
    uint64_t initiator_limit_bytes = ~uint64_t{0};
    uint64_t device_limit_bytes = ~uint64_t{0};
    // One transfer of the greatest length, so that each initiator always comes forward.
    uint64_t guaranteed_bytes = uint64_t{4} << 20;
  };

  explicit Admission(const Options& options) : options_(options), budget_(options.limit_bytes) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  MemoryBudget& budget() { return budget_; }
  // The account, made at the first call and kept for as long as anybody has it.
  std::shared_ptr<BudgetAccount> OfInitiator(const std::string& name);
  std::shared_ptr<BudgetAccount> OfDevice(const Device& device, const std::string& name);

 private:
  template <typename Key>
  std::shared_ptr<BudgetAccount> Find(std::map<Key, std::weak_ptr<BudgetAccount>>& accounts,
                                      const Key& key, const BudgetAccount::Options& options);

  // Constant after construction.
  const Options options_;
  // Guarded.
  MemoryBudget budget_;
  Mutex mutex_;
  std::map<std::string, std::weak_ptr<BudgetAccount>> initiators_ QUIRE_GUARDED_BY(mutex_);
  std::map<const Device*, std::weak_ptr<BudgetAccount>> devices_ QUIRE_GUARDED_BY(mutex_);
};

}  // namespace quire
