// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// How much memory may be in use: in all, by each device and by each initiator; exact, charged
// before it is used.
//
//   the limit   [ guaranteed to A ][ guaranteed to B ][ ......... common .......... ]
//
//   An initiator takes what is guaranteed to it first, whatever others do; more comes out of what
//   is common. A device has a limit only. Who comes when little is left is guaranteed less than he
//   wants, and more as memory comes back; half of all stays common.
//
// Each reactor has a slice of each account it uses: bytes granted to the account that it may charge
// without asking anybody. Only when a slice runs dry, or holds too much, the budget's mutex is
// taken; what other slices hold in vain is taken from them first, so that nothing is refused that
// could be had.
//
// Who waits is a matter of his two accounts: they do without slices until he is served, all others
// go on. Only while what is common is wanted - the first of a queue lacks it, or a guarantee is to
// be raised - nobody keeps any of it in a slice.
//
// A refusal is an ordinary answer. Whoever wants to wait queues at the account that refused, first
// in first out; the accounts take turns. Who is first there and lacks nothing there any more, but
// at its other account, moves to that one's queue, to its place by arrival: nobody waits behind
// somebody else's want. What a waiter lacks where it waits, and of what is common, is kept for it
// as it comes back, so that a large request does not starve; among the first of their queues, who
// has been first for longer goes before. To lack is also to want what is kept for somebody older.
//
// Owns: nothing. Lifetime: budget, then accounts, then slices; destructors check that all came
// back. Threads: a slice is charged by one thread at a time; the rest any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/intrusive_list.h"
#include "base/mutex.h"
#include "sg/budget_account.h"

namespace quire {

enum class BudgetAnswer : uint8_t {
  kCharged,
  kGlobalLimit,
  kInitiatorLimit,
  kDeviceLimit,
  kQueue,     // others wait there already
  kTooLarge,  // more than a limit, or than others' guarantees leave: not to be had as things are
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

  // May refuse what another thread has taken and is about to put back, because the second of its
  // slices was emptied meanwhile; whoever waits is served when it does.
  [[nodiscard]] BudgetAnswer TryCharge(BudgetPair pair, uint64_t length_bytes);
  // The same; a refusal other than kTooLarge queues the waiter. It may be granted before this
  // returns: the answer then says why it had to queue.
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
  // Whether whoever is first in a queue lacks something, at the device if it waits there.
  // REQUIRES: no other call is under way.
  [[nodiscard]] bool NobodyWaitsInVain() const;

 private:
  friend class BudgetAccount;
  friend class BudgetSlice;

  using Waiters = IntrusiveList<BudgetWaiter, BudgetWaiter>;

  // How much the one is more than the other.
  static constexpr uint64_t Excess(uint64_t bytes, uint64_t limit_bytes) {
    return bytes > limit_bytes ? bytes - limit_bytes : 0;
  }

  bool Watched(BudgetPair pair) const;
  bool TakeBoth(BudgetPair pair, uint64_t length_bytes);
  BudgetAnswer Charge(BudgetPair pair, uint64_t length_bytes, BudgetWaiter* waiter);
  BudgetAnswer ChargeLocked(BudgetPair pair, uint64_t length_bytes) QUIRE_REQUIRES(mutex_);
  BudgetAnswer Draw(BudgetSlice& slice, uint64_t length_bytes) QUIRE_REQUIRES(mutex_);
  bool Grant(BudgetAccount& account, uint64_t length_bytes, const BudgetWaiter* who)
      QUIRE_REQUIRES(mutex_);
  static bool Before(const BudgetWaiter* claimant, const BudgetWaiter* who);
  static uint64_t CommonShare(const BudgetAccount& account, uint64_t length_bytes);
  void Ungrant(BudgetAccount& account, uint64_t length_bytes) QUIRE_REQUIRES(mutex_);
  void Reclaim(BudgetAccount& account) QUIRE_REQUIRES(mutex_);
  void ReclaimInitiators() QUIRE_REQUIRES(mutex_);
  void TakeBack(BudgetSlice& slice, uint64_t kept_bytes) QUIRE_REQUIRES(mutex_);
  void WantCommon() QUIRE_REQUIRES(mutex_);
  void SettleCommon() QUIRE_REQUIRES(mutex_);
  bool MayRaise() const QUIRE_REQUIRES(mutex_);
  void RaiseGuarantees() QUIRE_REQUIRES(mutex_);
  void Raise(BudgetAccount& account, uint64_t more_bytes) QUIRE_REQUIRES(mutex_);
  void Enqueue(BudgetWaiter& waiter, BudgetAnswer refusal) QUIRE_REQUIRES(mutex_);
  void Dequeue(BudgetWaiter& waiter) QUIRE_REQUIRES(mutex_);
  void Join(BudgetWaiter& waiter, BudgetAccount& account) QUIRE_REQUIRES(mutex_);
  void Unclaim(const BudgetWaiter& waiter) QUIRE_REQUIRES(mutex_);
  void Leave(BudgetWaiter& waiter) QUIRE_REQUIRES(mutex_);
  void Serve() QUIRE_REQUIRES(mutex_);
  bool ServeAll() QUIRE_REQUIRES(mutex_);
  bool ServeFirst(BudgetAccount& account) QUIRE_REQUIRES(mutex_);
  void Gather(const BudgetWaiter& waiter) QUIRE_REQUIRES(mutex_);
  bool LacksCommon(const BudgetWaiter& waiter) const QUIRE_REQUIRES(mutex_);
  bool LacksAtInitiator(const BudgetWaiter& waiter) const QUIRE_REQUIRES(mutex_);
  bool LacksAtDevice(const BudgetWaiter& waiter) const QUIRE_REQUIRES(mutex_);
  bool MoveOn(BudgetWaiter& waiter) QUIRE_REQUIRES(mutex_);
  bool GrantBoth(const BudgetWaiter& waiter) QUIRE_REQUIRES(mutex_);
  bool Claim(const BudgetWaiter& waiter) QUIRE_REQUIRES(mutex_);
  void ServeAndTell(BudgetPair came_back = {});
  static void Tell(Waiters& granted);
  void CheckQueue(BudgetAccount& account) const QUIRE_REQUIRES(mutex_);
  uint64_t CommonLimit() const QUIRE_REQUIRES(mutex_) { return limit_bytes_ - guaranteed_bytes_; }

  const uint64_t limit_bytes_;
  // Nobody keeps what is common in a slice. Changes under the mutex, is read without.
  // INVARIANT: set while there is a common claimant.
  std::atomic<bool> common_wanted_{false};
  // Not on a line with what each charge reads.
  alignas(64) mutable Mutex mutex_;
  std::vector<BudgetAccount*> accounts_ QUIRE_GUARDED_BY(mutex_);
  // Those that have waiters; who was served goes to the end.
  mutable IntrusiveList<BudgetAccount, BudgetAccount> queues_ QUIRE_GUARDED_BY(mutex_);
  uint64_t guaranteed_bytes_ QUIRE_GUARDED_BY(mutex_) = 0;
  uint64_t short_bytes_ QUIRE_GUARDED_BY(mutex_) = 0;  // wanted as guarantees beyond that
  uint64_t common_used_bytes_ QUIRE_GUARDED_BY(mutex_) = 0;
  uint64_t count_waiters_ QUIRE_GUARDED_BY(mutex_) = 0;
  // Of what is common, since somebody waits: no less than any waiter needs.
  uint64_t most_waited_bytes_ QUIRE_GUARDED_BY(mutex_) = 0;
  uint64_t next_sequence_ QUIRE_GUARDED_BY(mutex_) = 1;
  uint64_t count_changes_ QUIRE_GUARDED_BY(mutex_) = 0;  // services, grants and lapsed claims
  // Lacks what is common: nobody younger gets of that.
  const BudgetWaiter* common_claimant_ QUIRE_GUARDED_BY(mutex_) = nullptr;
  Waiters granted_ QUIRE_GUARDED_BY(mutex_);  // in this call, to be told without the mutex
};

}  // namespace quire
