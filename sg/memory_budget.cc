// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "sg/memory_budget.h"

#include <algorithm>

#include "base/check.h"

namespace quire {

// ---- Charges ----

MemoryBudget::~MemoryBudget() {
  MutexLock lock(mutex_);
  QUIRE_CHECK(accounts_.empty());
}

BudgetAnswer MemoryBudget::TryCharge(BudgetPair pair, uint64_t length_bytes) {
  return Charge(pair, length_bytes, nullptr);
}

BudgetAnswer MemoryBudget::ChargeOrWait(BudgetWaiter& waiter) {
  return Charge(waiter.pair, waiter.length_bytes, &waiter);
}

// Whether somebody may wait for what comes back to these.
bool MemoryBudget::Watched(BudgetPair pair) const {
  return pair.initiator->account_.count_waiters_.load(std::memory_order_seq_cst) > 0 ||
         pair.device->account_.count_waiters_.load(std::memory_order_seq_cst) > 0 ||
         common_wanted_.load(std::memory_order_seq_cst);
}

// Looks at the second one first: what is in our hands for a moment others do not find. Whoever
// queued meanwhile is served.
bool MemoryBudget::TakeBoth(BudgetPair pair, uint64_t length_bytes) {
  if (!pair.device->Has(length_bytes)) return false;
  if (!pair.initiator->TryTake(length_bytes)) return false;
  if (pair.device->TryTake(length_bytes)) return true;
  pair.initiator->GiveBack(length_bytes);
  if (Watched(pair)) ServeAndTell(pair);
  return false;
}

BudgetAnswer MemoryBudget::Charge(BudgetPair pair, uint64_t length_bytes, BudgetWaiter* waiter) {
  if (!Watched(pair) && TakeBoth(pair, length_bytes)) return BudgetAnswer::kCharged;
  BudgetAnswer answer = BudgetAnswer::kCharged;
  Waiters granted;
  {
    MutexLock lock(mutex_);
    answer = ChargeLocked(pair, length_bytes);
    const bool waits =
        waiter != nullptr && answer != BudgetAnswer::kCharged && answer != BudgetAnswer::kTooLarge;
    if (waits) {
      Enqueue(*waiter, answer);
      // What came back between the refusal and the queueing found nobody waiting.
      if (waiter->queue_->waiters_.Front() == waiter) Serve();
    }
    granted.Append(granted_);
  }
  Tell(granted);
  return answer;
}

BudgetAnswer MemoryBudget::ChargeLocked(BudgetPair pair, uint64_t length_bytes) {
  BudgetAccount& initiator = pair.initiator->account_;
  BudgetAccount& device = pair.device->account_;
  if (length_bytes >
      std::min({limit_bytes_, initiator.options_.limit_bytes, device.options_.limit_bytes,
                CommonLimit() + initiator.guaranteed_bytes_})) {
    return BudgetAnswer::kTooLarge;
  }
  if (!initiator.waiters_.empty() || !device.waiters_.empty()) return BudgetAnswer::kQueue;
  if (const BudgetAnswer answer = Draw(*pair.initiator, length_bytes);
      answer != BudgetAnswer::kCharged) {
    return answer;
  }
  const BudgetAnswer answer = Draw(*pair.device, length_bytes);
  if (answer != BudgetAnswer::kCharged) Ungrant(initiator, length_bytes);
  return answer;
}

// From the slice, else newly granted, else what other slices hold in vain. While what is common is
// wanted nothing is drawn in reserve.
BudgetAnswer MemoryBudget::Draw(BudgetSlice& slice, uint64_t length_bytes) {
  BudgetAccount& account = slice.account_;
  const bool common_wanted = common_wanted_.load(std::memory_order_relaxed);
  if (!common_wanted) {
    if (slice.TryTake(length_bytes)) return BudgetAnswer::kCharged;
    const uint64_t more_bytes = std::min(BudgetSlice::kGrainBytes, ~uint64_t{0} - length_bytes);
    if (Grant(account, length_bytes + more_bytes, nullptr)) {
      slice.GiveBack(more_bytes);
      return BudgetAnswer::kCharged;
    }
  }
  if (Grant(account, length_bytes, nullptr)) return BudgetAnswer::kCharged;
  Reclaim(account);
  if (Grant(account, length_bytes, nullptr)) return BudgetAnswer::kCharged;
  if (!account.HasRoom(length_bytes)) {
    ++account.stats_.refused_here;
    return account.initiator() ? BudgetAnswer::kInitiatorLimit : BudgetAnswer::kDeviceLimit;
  }
  if (!common_wanted) ReclaimInitiators();
  if (Grant(account, length_bytes, nullptr)) return BudgetAnswer::kCharged;
  ++account.stats_.refused_global;
  return BudgetAnswer::kGlobalLimit;
}

// Whether `claimant` goes before `who`, a waiter or (nullptr) somebody who has just come.
bool MemoryBudget::Before(const BudgetWaiter* claimant, const BudgetWaiter* who) {
  if (claimant == nullptr || claimant == who) return false;
  return who == nullptr || claimant->sequence_ < who->sequence_;
}

// What it takes of the common part.
uint64_t MemoryBudget::CommonShare(const BudgetAccount& account, uint64_t length_bytes) {
  if (!account.initiator()) return 0;
  return Excess(length_bytes, Excess(account.guaranteed_bytes_, account.granted_bytes_));
}

bool MemoryBudget::Grant(BudgetAccount& account, uint64_t length_bytes, const BudgetWaiter* who) {
  if (!account.HasRoom(length_bytes) || Before(account.claimant_, who)) return false;
  const uint64_t common = CommonShare(account, length_bytes);
  if (common > 0 && Before(common_claimant_, who)) return false;
  if (common > CommonLimit() - common_used_bytes_) return false;
  common_used_bytes_ += common;
  account.granted_bytes_ += length_bytes;
  return true;
}

void MemoryBudget::Ungrant(BudgetAccount& account, uint64_t length_bytes) {
  QUIRE_CHECK(length_bytes <= account.granted_bytes_);
  if (account.initiator()) {
    common_used_bytes_ -=
        std::min(length_bytes, Excess(account.granted_bytes_, account.guaranteed_bytes_));
  }
  account.granted_bytes_ -= length_bytes;
}

void MemoryBudget::TakeBack(BudgetSlice& slice, uint64_t kept_bytes) {
  const uint64_t reserve = slice.TakeAll();
  const uint64_t kept = std::min(reserve, kept_bytes);
  if (kept > 0) slice.GiveBack(kept);
  Ungrant(slice.account_, reserve - kept);
}

void MemoryBudget::Reclaim(BudgetAccount& account) {
  if (account.granted_bytes_ == 0) return;
  for (BudgetSlice* slice : account.slices_) TakeBack(*slice, 0);
}

void MemoryBudget::ReclaimInitiators() {
  for (BudgetAccount* account : accounts_) {
    if (account->initiator()) Reclaim(*account);
  }
}

void MemoryBudget::Release(BudgetPair pair, uint64_t length_bytes) {
  bool too_much = false;
  for (BudgetSlice* slice : {pair.device, pair.initiator}) {
    too_much |= slice->GiveBack(length_bytes) > 2 * BudgetSlice::kGrainBytes;
  }
  // Seen here, or found by whoever queues: one adds to the slice and then looks who waits, the
  // other is seen to wait and then looks at the slices; one of the two comes later.
  if (Watched(pair)) {
    ServeAndTell(pair);
  } else if (too_much) {
    MutexLock lock(mutex_);
    for (BudgetSlice* slice : {pair.device, pair.initiator}) {
      TakeBack(*slice, BudgetSlice::kGrainBytes);
    }
  }
}

// ---- What is common ----

// From here on nobody keeps any of it: whoever gives some back sees that it is wanted and brings
// it, and whoever did not see it put it where it is found now.
void MemoryBudget::WantCommon() {
  if (common_wanted_.load(std::memory_order_relaxed)) return;
  common_wanted_.store(true, std::memory_order_seq_cst);
  ReclaimInitiators();
}

// Not before all are served, so that one claim after the other costs one look at all slices.
void MemoryBudget::SettleCommon() {
  const bool wanted = common_claimant_ != nullptr || MayRaise();
  if (wanted) {
    WantCommon();
  } else if (common_wanted_.load(std::memory_order_relaxed)) {
    common_wanted_.store(false, std::memory_order_seq_cst);
  }
}

// Whether a guarantee could be raised, were all that is common free. Half of all stays common, and
// what the largest waiter needs: what was not too large when it queued must not become so.
bool MemoryBudget::MayRaise() const {
  return short_bytes_ > 0 && CommonLimit() > std::max(most_waited_bytes_, limit_bytes_ / 2);
}

// The oldest first, and only by what nobody uses: a guarantee holds from the start.
void MemoryBudget::RaiseGuarantees() {
  if (!MayRaise()) return;
  WantCommon();
  for (BudgetAccount* account : accounts_) {
    const uint64_t kept = std::max({common_used_bytes_, most_waited_bytes_, limit_bytes_ / 2});
    Raise(*account, std::min(account->ShortBytes(), Excess(CommonLimit(), kept)));
  }
}

void MemoryBudget::Raise(BudgetAccount& account, uint64_t more_bytes) {
  // What it has of the common part beyond its guarantee becomes guaranteed.
  common_used_bytes_ -=
      std::min(more_bytes, Excess(account.granted_bytes_, account.guaranteed_bytes_));
  account.guaranteed_bytes_ += more_bytes;
  guaranteed_bytes_ += more_bytes;
  short_bytes_ -= more_bytes;
}

BudgetStats MemoryBudget::stats() const {
  BudgetStats stats;
  stats.limit_bytes = limit_bytes_;
  stats.used_bytes = used_bytes();
  MutexLock lock(mutex_);
  for (const BudgetAccount* const account : accounts_) {
    stats.accounts.push_back(account->StatsLocked());
  }
  return stats;
}

uint64_t MemoryBudget::used_bytes() const {
  MutexLock lock(mutex_);
  uint64_t used = 0;
  for (const BudgetAccount* account : accounts_) {
    if (account->initiator()) used += account->UsedLocked();
  }
  return used;
}

void MemoryBudget::CheckInvariants() const {
  MutexLock lock(mutex_);
  uint64_t common = 0;
  uint64_t granted = 0;
  uint64_t guaranteed = 0;
  uint64_t short_of = 0;
  uint64_t count_waiters = 0;
  for (BudgetAccount* account : accounts_) {
    CheckQueue(*account);
    QUIRE_CHECK(account->granted_bytes_ <= account->options_.limit_bytes);
    QUIRE_CHECK(account->guaranteed_bytes_ <= account->options_.guaranteed_bytes);
    count_waiters += account->count_waiters_.load(std::memory_order_relaxed);
    if (!account->initiator()) continue;
    granted += account->granted_bytes_;
    guaranteed += account->guaranteed_bytes_;
    short_of += account->ShortBytes();
    common += Excess(account->granted_bytes_, account->guaranteed_bytes_);
  }
  QUIRE_CHECK(common == common_used_bytes_);
  QUIRE_CHECK(common <= CommonLimit());
  QUIRE_CHECK(granted <= limit_bytes_);
  QUIRE_CHECK(guaranteed == guaranteed_bytes_);
  QUIRE_CHECK(short_of == short_bytes_);
  QUIRE_CHECK(count_waiters == count_waiters_);
  QUIRE_CHECK(common_claimant_ == nullptr || common_wanted_.load(std::memory_order_relaxed));
}

void MemoryBudget::CheckQueue(BudgetAccount& account) const {
  Waiters& waiters = account.waiters_;
  BudgetWaiter* const first = waiters.Front();
  QUIRE_CHECK(account.linked() == (first != nullptr));
  QUIRE_CHECK(account.claimant_ == nullptr || account.claimant_ == first);
  uint64_t count = 0;
  for (BudgetWaiter* one = first; one != nullptr; one = waiters.Next(*one)) {
    QUIRE_CHECK(one->queue_ == &account);
    QUIRE_CHECK((one->sequence_ != 0) == (one == first));
    const BudgetAccount& initiator = one->pair.initiator->account_;
    QUIRE_CHECK(Excess(one->length_bytes, initiator.guaranteed_bytes_) <= most_waited_bytes_);
    ++count;
  }
  QUIRE_CHECK(count == account.count_waiters_.load(std::memory_order_relaxed));
  QUIRE_CHECK(most_waited_bytes_ <= CommonLimit());
}

// By sums over what is charged, not by what is granted to slices. Not an invariant of the mutex:
// what one thread is about to bring another one may find in its slice and leave free.
bool MemoryBudget::NobodyWaitsInVain() const {
  MutexLock lock(mutex_);
  uint64_t common_left = CommonLimit();
  for (const BudgetAccount* one : accounts_) {
    if (one->initiator()) common_left -= Excess(one->UsedLocked(), one->guaranteed_bytes_);
  }
  for (BudgetAccount* queue = queues_.Front(); queue != nullptr; queue = queues_.Next(*queue)) {
    const BudgetWaiter& first = *queue->waiters_.Front();
    const BudgetAccount& initiator = first.pair.initiator->account_;
    const uint64_t own = Excess(initiator.guaranteed_bytes_, initiator.UsedLocked());
    const uint64_t common = Excess(first.length_bytes, own);
    const auto has_room = [&first](const BudgetAccount& account) {
      return first.length_bytes <= account.options_.limit_bytes - account.UsedLocked() &&
             !Before(account.claimant_, &first);
    };
    const bool may_at_device = has_room(first.pair.device->account_);
    const bool may_at_initiator = has_room(initiator) && common <= common_left &&
                                  (common == 0 || !Before(common_claimant_, &first));
    if (may_at_device && (may_at_initiator || !queue->initiator())) return false;
  }
  return true;
}

}  // namespace quire
