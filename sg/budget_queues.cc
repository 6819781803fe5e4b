// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Those who wait for a budget: who is next, at which account, and who is told.
#include <algorithm>

#include "base/check.h"
#include "sg/memory_budget.h"

namespace quire {
namespace {

// Where the loop that tells on this thread finds what is granted while it tells.
thread_local constinit IntrusiveList<BudgetWaiter, BudgetWaiter>* told_here = nullptr;

}  // namespace

void MemoryBudget::Enqueue(BudgetWaiter& waiter, BudgetAnswer refusal) {
  BudgetAccount& initiator = waiter.pair.initiator->account_;
  BudgetAccount& device = waiter.pair.device->account_;
  const bool at_device =
      refusal == BudgetAnswer::kDeviceLimit ||
      (refusal == BudgetAnswer::kQueue && initiator.waiters_.empty() && !device.waiters_.empty());
  waiter.arrival_ = next_sequence_++;
  waiter.sequence_ = 0;
  waiter.moved_ = 0;
  Join(waiter, at_device ? device : initiator);
  ++count_waiters_;
  most_waited_bytes_ =
      std::max(most_waited_bytes_, Excess(waiter.length_bytes, initiator.guaranteed_bytes_));
}

// By arrival: as a rule to the end.
void MemoryBudget::Join(BudgetWaiter& waiter, BudgetAccount& account) {
  waiter.queue_ = &account;
  account.count_waiters_.fetch_add(1, std::memory_order_seq_cst);
  Waiters& waiters = account.waiters_;
  if (waiters.empty()) queues_.PushBack(account);
  BudgetWaiter* const former_first = waiters.Front();
  if (former_first == nullptr || waiters.Back()->arrival_ < waiter.arrival_) {
    waiters.PushBack(waiter);
  } else {
    BudgetWaiter* later = former_first;
    while (later->arrival_ < waiter.arrival_) later = waiters.Next(*later);
    waiters.InsertBefore(*later, waiter);
  }
  if (waiters.Front() == &waiter && former_first != nullptr) {
    former_first->sequence_ = 0;
    Unclaim(*former_first);
  }
  if (waiters.Front() != &waiter) waiter.sequence_ = 0;
  if (waiters.Front()->sequence_ == 0) waiters.Front()->sequence_ = next_sequence_++;
}

// It keeps its sequence: it may become the first elsewhere.
void MemoryBudget::Leave(BudgetWaiter& waiter) {
  Waiters& waiters = waiter.queue_->waiters_;
  waiters.Remove(waiter);
  if (waiters.empty()) queues_.Remove(*waiter.queue_);
  BudgetWaiter* const first = waiters.Front();
  if (first != nullptr && first->sequence_ == 0) first->sequence_ = next_sequence_++;
  waiter.queue_->count_waiters_.fetch_sub(1, std::memory_order_relaxed);
  waiter.queue_ = nullptr;
  Unclaim(waiter);
}

void MemoryBudget::Unclaim(const BudgetWaiter& waiter) {
  for (const BudgetWaiter** claimant :
       {&waiter.pair.initiator->account_.claimant_, &waiter.pair.device->account_.claimant_,
        &common_claimant_}) {
    if (*claimant == &waiter) *claimant = nullptr;
  }
}

void MemoryBudget::Dequeue(BudgetWaiter& waiter) {
  Leave(waiter);
  --count_waiters_;
  if (count_waiters_ == 0) most_waited_bytes_ = 0;
}

bool MemoryBudget::Cancel(BudgetWaiter& waiter) {
  {
    MutexLock lock(mutex_);
    if (waiter.queue_ == nullptr) return false;
    Dequeue(waiter);
  }
  ServeAndTell();  // those behind it
  return true;
}

// Until all queues were looked at in vain.
void MemoryBudget::Serve() {
  RaiseGuarantees();
  ++count_changes_;
  while (ServeAll()) continue;
  if (count_waiters_ == 0) RaiseGuarantees();  // nothing need be left for waiters
  SettleCommon();
}

// One grant an account, in turns; whether anything changed that others can hope from.
bool MemoryBudget::ServeAll() {
  bool progress = false;
  for (BudgetAccount* account = queues_.Front(); account != nullptr;) {
    BudgetAccount* const next = queues_.Next(*account);  // only `account` itself may leave
    progress |= ServeFirst(*account);
    account = next;
  }
  return progress;
}

bool MemoryBudget::ServeFirst(BudgetAccount& account) {
  BudgetWaiter* const waiter = account.waiters_.Front();
  Gather(*waiter);
  if (!GrantBoth(*waiter)) return MoveOn(*waiter) || Claim(*waiter);
  ++account.stats_.served_waiters;
  ++count_changes_;
  Dequeue(*waiter);
  granted_.PushBack(*waiter);
  if (!account.waiters_.empty()) {
    queues_.Remove(account);
    queues_.PushBack(account);
  }
  return true;
}

// From the slices, what it lacks.
void MemoryBudget::Gather(const BudgetWaiter& waiter) {
  BudgetAccount& initiator = waiter.pair.initiator->account_;
  BudgetAccount& device = waiter.pair.device->account_;
  if (!device.HasRoom(waiter.length_bytes)) Reclaim(device);
  if (!initiator.HasRoom(waiter.length_bytes) || LacksCommon(waiter)) Reclaim(initiator);
  if (LacksCommon(waiter)) WantCommon();
}

bool MemoryBudget::GrantBoth(const BudgetWaiter& waiter) {
  BudgetAccount& initiator = waiter.pair.initiator->account_;
  if (!Grant(initiator, waiter.length_bytes, &waiter)) return false;
  if (Grant(waiter.pair.device->account_, waiter.length_bytes, &waiter)) return true;
  Ungrant(initiator, waiter.length_bytes);
  return false;
}

bool MemoryBudget::LacksCommon(const BudgetWaiter& waiter) const {
  return CommonShare(waiter.pair.initiator->account_, waiter.length_bytes) >
         CommonLimit() - common_used_bytes_;
}

bool MemoryBudget::LacksAtInitiator(const BudgetWaiter& waiter) const {
  const BudgetAccount& initiator = waiter.pair.initiator->account_;
  return !initiator.HasRoom(waiter.length_bytes) || Before(initiator.claimant_, &waiter) ||
         LacksCommon(waiter) ||
         (CommonShare(initiator, waiter.length_bytes) > 0 && Before(common_claimant_, &waiter));
}

bool MemoryBudget::LacksAtDevice(const BudgetWaiter& waiter) const {
  const BudgetAccount& device = waiter.pair.device->account_;
  return !device.HasRoom(waiter.length_bytes) || Before(device.claimant_, &waiter);
}

// To its device once between two grants or lapsed claims, of which there is an end: nobody moves to
// and fro for ever. To its initiator always: who has to stand somewhere in vain, because claims
// come and go as others move, does not stand before a device that has room.
bool MemoryBudget::MoveOn(BudgetWaiter& waiter) {
  const bool lacks_at_device = LacksAtDevice(waiter);
  if (lacks_at_device == LacksAtInitiator(waiter)) return false;
  BudgetAccount& place =
      lacks_at_device ? waiter.pair.device->account_ : waiter.pair.initiator->account_;
  if (waiter.queue_ == &place) return false;
  if (lacks_at_device && waiter.moved_ == count_changes_) return false;
  if (lacks_at_device) waiter.moved_ = count_changes_;
  Leave(waiter);
  Join(waiter, place);
  // At once: before its turn comes again others would take what was kept for it.
  if (place.waiters_.Front() == &waiter) Claim(waiter);
  return true;
}

// What it lacks is kept for it from now on, unless an older waiter lacks that as well: the oldest
// of all is in nobody's shadow, so that somebody can always go on. What it no longer lacks is not,
// and those who were looked at before may have it: true.
bool MemoryBudget::Claim(const BudgetWaiter& waiter) {
  bool dropped = false;
  const auto claim = [&waiter, &dropped](const BudgetWaiter*& claimant, bool lacks) {
    if (lacks && !Before(claimant, &waiter)) claimant = &waiter;
    if (lacks || claimant != &waiter) return;
    claimant = nullptr;
    dropped = true;
  };
  // Not at its other account: that one's slices would not know, and whoever finds room there that
  // is too little for this one need not wait for what it lacks here.
  claim(waiter.queue_->claimant_, !waiter.queue_->HasRoom(waiter.length_bytes));
  claim(common_claimant_, LacksCommon(waiter));
  if (dropped) ++count_changes_;
  return dropped;
}

// `came_back` names the slices that something was just added to.
void MemoryBudget::ServeAndTell(BudgetPair came_back) {
  Waiters granted;
  {
    MutexLock lock(mutex_);
    for (BudgetSlice* slice : {came_back.device, came_back.initiator}) {
      if (slice != nullptr) TakeBack(*slice, 0);
    }
    Serve();
    granted.Append(granted_);
  }
  Tell(granted);
}

// Each thread tells whom it granted; nobody waits for another thread's turn on a processor.
// Whoever was told may give memory back at once: the loop on this thread that told it goes on with
// what that makes possible, so that calls do not nest.
void MemoryBudget::Tell(Waiters& granted) {
  if (told_here != nullptr) {
    told_here->Append(granted);
    return;
  }
  told_here = &granted;
  while (BudgetWaiter* const waiter = granted.PopFront()) waiter->granted(*waiter);
  told_here = nullptr;
}

}  // namespace quire
