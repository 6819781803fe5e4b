// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// How much memory may be in use: in all, by each device and by each initiator; exact, charged
// before it is used.
//
//   the limit   [ guaranteed to A ][ guaranteed to B ][ ......... common .......... ]
//
//   An initiator takes what is guaranteed to it first, whatever others do; more comes out of what
//   is common. A device has a limit only.
//
// Each reactor has a slice of each account it uses: bytes granted to the account that it may charge
// without asking anybody. Only when a slice runs dry, or holds too much, the budget's mutex is
// taken; what other slices hold in vain is taken from them first, so that nothing is refused that
// could be had.
//
// A refusal is an ordinary answer. Whoever wants to wait queues at the account that refused, first
// in first out; the accounts take turns. Who is first there and lacks nothing there any more, but
// at its other account, moves to that one's queue, to its place by arrival: nobody waits behind
// somebody else's want. What a waiter lacks is kept for it as it comes back, so that a large
// request does not starve; among the first of their queues, who has been first for longer goes
// before.
//
// Owns: nothing. Lifetime: budget, then accounts, then slices; destructors check that all came
// back. Threads: a slice is charged by one thread at a time; the rest any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/intrusive_list.h"
#include "base/mutex.h"

namespace quire {

class BudgetAccount;
class BudgetSlice;

// What a charge is written to.
struct BudgetPair {
  BudgetSlice* initiator = nullptr;
  BudgetSlice* device = nullptr;
};

// A charge that waits. Caller-owned; stays where it is until `granted` runs or Cancel returns.
struct BudgetWaiter : ListNode<BudgetWaiter> {
  uint64_t length_bytes = 0;
  BudgetPair pair;
  // The charge is made. Runs once, without locks, on a thread that gave memory back.
  void (*granted)(BudgetWaiter& waiter) = nullptr;

 private:
  friend class MemoryBudget;
  BudgetAccount* queue_ = nullptr;
  uint64_t arrival_ = 0;
  uint64_t sequence_ = 0;  // of the first in a queue: when it became that
};

enum class BudgetAnswer : uint8_t {
  kCharged,
  kGlobalLimit,
  kInitiatorLimit,
  kDeviceLimit,
  kQueue,     // others wait there already
  kTooLarge,  // more than one of the limits: never to be had
};

struct BudgetAccountStats {
  std::string name;
  uint64_t used_bytes = 0, guaranteed_bytes = 0, waiters = 0;  // now
  uint64_t refused_global = 0, refused_here = 0, served_waiters = 0;
};

struct BudgetStats {
  uint64_t limit_bytes = 0, used_bytes = 0;  // now
  std::vector<BudgetAccountStats> accounts;  // in the order in which they came
};

class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}
  ~MemoryBudget();
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  [[nodiscard]] BudgetAnswer TryCharge(BudgetPair pair, uint64_t length_bytes);
  // The same; a refusal other than kTooLarge queues the waiter.
  [[nodiscard]] BudgetAnswer ChargeOrWait(BudgetWaiter& waiter);
  // False when it was granted meanwhile: `granted` has run or is about to.
  [[nodiscard]] bool Cancel(BudgetWaiter& waiter);
  // To the pair that it was charged to.
  void Release(BudgetPair pair, uint64_t length_bytes);

  uint64_t limit_bytes() const { return limit_bytes_; }
  // Charged now; slices' reserves are not in it.
  uint64_t used_bytes() const;
  BudgetStats stats() const;
  void CheckInvariants() const;

 private:
  friend class BudgetAccount;
  friend class BudgetSlice;

  BudgetAnswer Charge(BudgetPair pair, uint64_t length_bytes, BudgetWaiter* waiter);
  BudgetAnswer ChargeLocked(BudgetPair pair, uint64_t length_bytes) QUIRE_REQUIRES(mutex_);
  BudgetAnswer Draw(BudgetSlice& slice, uint64_t length_bytes) QUIRE_REQUIRES(mutex_);
  bool Grant(BudgetAccount& account, uint64_t length_bytes, const BudgetWaiter* who)
      QUIRE_REQUIRES(mutex_);
  static bool Before(const BudgetWaiter* claimant, const BudgetWaiter* who);
  static uint64_t CommonShare(const BudgetAccount& account, uint64_t length_bytes);
  void Ungrant(BudgetAccount& account, uint64_t length_bytes) QUIRE_REQUIRES(mutex_);
  void Reclaim(BudgetAccount& account) QUIRE_REQUIRES(mutex_);
  void Enqueue(BudgetWaiter& waiter, BudgetAnswer refusal) QUIRE_REQUIRES(mutex_);
  void Dequeue(BudgetWaiter& waiter) QUIRE_REQUIRES(mutex_);
  void Join(BudgetWaiter& waiter, BudgetAccount& account) QUIRE_REQUIRES(mutex_);
  void Unclaim(const BudgetWaiter& waiter) QUIRE_REQUIRES(mutex_);
  void Leave(BudgetWaiter& waiter) QUIRE_REQUIRES(mutex_);
  void Serve() QUIRE_REQUIRES(mutex_);
  bool ServeFirst(BudgetAccount& account) QUIRE_REQUIRES(mutex_);
  bool LacksAtInitiator(const BudgetWaiter& waiter) const QUIRE_REQUIRES(mutex_);
  bool MoveOn(BudgetWaiter& waiter) QUIRE_REQUIRES(mutex_);
  BudgetWaiter* NextGranted();
  bool GrantBoth(const BudgetWaiter& waiter) QUIRE_REQUIRES(mutex_);
  void Claim(const BudgetWaiter& waiter) QUIRE_REQUIRES(mutex_);
  uint64_t MostWaitedFor() const QUIRE_REQUIRES(mutex_);
  void ServeAndTell();
  uint64_t CommonLimit() const QUIRE_REQUIRES(mutex_) { return limit_bytes_ - guaranteed_bytes_; }

  const uint64_t limit_bytes_;
  std::atomic<uint32_t> count_waiters_{0};
  mutable Mutex mutex_;
  std::vector<BudgetAccount*> accounts_ QUIRE_GUARDED_BY(mutex_);
  uint64_t guaranteed_bytes_ QUIRE_GUARDED_BY(mutex_) = 0;
  uint64_t common_used_bytes_ QUIRE_GUARDED_BY(mutex_) = 0;
  size_t turn_ QUIRE_GUARDED_BY(mutex_) = 0;  // the account that is served next
  uint64_t next_sequence_ QUIRE_GUARDED_BY(mutex_) = 1;
  // Lacks what is common: nobody younger gets of that.
  const BudgetWaiter* common_claimant_ QUIRE_GUARDED_BY(mutex_) = nullptr;
  // Granted and not yet told; one thread tells, whatever others add meanwhile.
  IntrusiveList<BudgetWaiter, BudgetWaiter> granted_ QUIRE_GUARDED_BY(mutex_);
  bool telling_ QUIRE_GUARDED_BY(mutex_) = false;
};

class BudgetAccount {
 public:
  enum class Kind : uint8_t { kInitiator, kDevice };
  struct Options {
    std::string name;
    Kind kind = Kind::kInitiator;
    uint64_t limit_bytes = ~uint64_t{0};
    uint64_t guaranteed_bytes = 0;  // initiators only; cut to what others have left
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

  bool initiator() const { return options_.kind == Kind::kInitiator; }
  uint64_t UsedLocked() const;
  Stats StatsLocked() const;
  bool HasRoom(uint64_t length_bytes) const {
    return length_bytes <= options_.limit_bytes &&
           granted_bytes_ <= options_.limit_bytes - length_bytes;
  }

  MemoryBudget& budget_;
  Options options_;
  std::atomic<uint32_t> count_waiters_{0};
  // Guarded by the budget's mutex.
  std::vector<BudgetSlice*> slices_;
  uint64_t granted_bytes_ = 0;  // charged, or held by slices
  IntrusiveList<BudgetWaiter, BudgetWaiter> waiters_;
  const BudgetWaiter* claimant_ = nullptr;  // lacks room here: nobody younger gets of that
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

  bool TryTake(uint64_t length_bytes);
  void GiveBack(uint64_t length_bytes) {
    reserve_bytes_.fetch_add(length_bytes, std::memory_order_acq_rel);
  }
  uint64_t TakeAll() { return reserve_bytes_.exchange(0, std::memory_order_seq_cst); }

  BudgetAccount& account_;
  alignas(64) std::atomic<uint64_t> reserve_bytes_{0};
};

}  // namespace quire
