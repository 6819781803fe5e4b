// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Whose memory is counted: an initiator or a device, with a slice of its account for each reactor,
// which charges it without asking anybody; and those who wait at it.
// Owns: nothing. Lifetime: the budget outlives accounts, an account its slices; destructors check
// that all came back. Threads: a slice is charged by one thread at a time; the rest any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/intrusive_list.h"

namespace quire {

class BudgetAccount;
class BudgetSlice;
class MemoryBudget;

// What a charge is written to.
struct BudgetPair {
  BudgetSlice* initiator = nullptr;
  BudgetSlice* device = nullptr;
};

// A charge that waits. Caller-owned; stays where it is until `granted` runs or Cancel returns.
struct BudgetWaiter : ListNode<BudgetWaiter> {
  uint64_t length_bytes = 0;
  BudgetPair pair;
  // The charge is made. Runs once, without locks, on a thread that made it possible: one that gave
  // memory back, or in anybody's TryCharge, Cancel or destructor of an account or slice, or in this
  // waiter's own ChargeOrWait. Whatever it calls here, it is not called from within another one.
  void (*granted)(BudgetWaiter& waiter) = nullptr;

 private:
  friend class MemoryBudget;
  BudgetAccount* queue_ = nullptr;
  uint64_t arrival_ = 0;
  uint64_t sequence_ = 0;  // of the first in a queue: when it became that
  uint64_t moved_ = 0;     // after which change it last went to its device's queue
};

struct BudgetAccountStats {
  std::string name;
  uint64_t used_bytes = 0, guaranteed_bytes = 0, waiters = 0;  // now
  uint64_t refused_global = 0, refused_here = 0, served_waiters = 0;
};

class BudgetAccount : ListNode<BudgetAccount> {
 public:
  enum class Kind : uint8_t { kInitiator, kDevice };
  struct Options {
    std::string name;
    Kind kind = Kind::kInitiator;
    uint64_t limit_bytes = ~uint64_t{0};
    // Initiators only; cut to what others have left, and raised as they leave more.
    uint64_t guaranteed_bytes = 0;
  };
  using Stats = BudgetAccountStats;

  BudgetAccount(MemoryBudget& budget, const Options& options);
  ~BudgetAccount();
  BudgetAccount(const BudgetAccount&) = delete;
  BudgetAccount& operator=(const BudgetAccount&) = delete;

  MemoryBudget& budget() { return budget_; }
  const std::string& name() const { return options_.name; }
  Stats stats() const;

 private:
  friend class MemoryBudget;
  friend class BudgetSlice;
  template <typename T, typename Tag>
  friend class IntrusiveList;

  bool initiator() const { return options_.kind == Kind::kInitiator; }
  uint64_t UsedLocked() const;
  Stats StatsLocked() const;
  bool HasRoom(uint64_t length_bytes) const {
    return length_bytes <= options_.limit_bytes &&
           granted_bytes_ <= options_.limit_bytes - length_bytes;
  }
  uint64_t ShortBytes() const { return options_.guaranteed_bytes - guaranteed_bytes_; }

  MemoryBudget& budget_;
  Options options_;
  std::atomic<uint32_t> count_waiters_{0};
  // Guarded by the budget's mutex; not on a line with what each charge reads.
  alignas(64) std::vector<BudgetSlice*> slices_;
  uint64_t guaranteed_bytes_ = 0;  // of what the options want
  uint64_t granted_bytes_ = 0;     // charged, or held by slices
  IntrusiveList<BudgetWaiter, BudgetWaiter> waiters_;
  // The first of the queue, when it lacks room here: nobody younger gets of that.
  const BudgetWaiter* claimant_ = nullptr;
  Stats stats_;
};

class BudgetSlice {
 public:
  // How much a slice draws beyond what is asked, and half of what it keeps.
  static constexpr uint64_t kGrainBytes = 4096 * 1024;

  explicit BudgetSlice(BudgetAccount& account);
  ~BudgetSlice();
  BudgetSlice(const BudgetSlice&) = delete;
  BudgetSlice& operator=(const BudgetSlice&) = delete;

  BudgetAccount& account() { return account_; }

 private:
  friend class MemoryBudget;
  friend class BudgetAccount;

  bool Has(uint64_t length_bytes) const {
    return reserve_bytes_.load(std::memory_order_relaxed) >= length_bytes;
  }
  bool TryTake(uint64_t length_bytes);
  uint64_t GiveBack(uint64_t length_bytes) {
    return reserve_bytes_.fetch_add(length_bytes, std::memory_order_seq_cst) + length_bytes;
  }
  // Most are empty most of the time, and a look is cheaper than an exchange.
  uint64_t TakeAll() {
    if (reserve_bytes_.load(std::memory_order_seq_cst) == 0) return 0;
    return reserve_bytes_.exchange(0, std::memory_order_seq_cst);
  }

  BudgetAccount& account_;
  alignas(64) std::atomic<uint64_t> reserve_bytes_{0};
};

}  // namespace quire
