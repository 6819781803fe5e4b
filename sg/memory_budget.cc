// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "sg/memory_budget.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace quire {
namespace {

constexpr uint64_t Excess(uint64_t granted_bytes, uint64_t guaranteed_bytes) {
  return granted_bytes > guaranteed_bytes ? granted_bytes - guaranteed_bytes : 0;
}

}  // namespace

// ---- Accounts and slices ----

BudgetAccount::BudgetAccount(MemoryBudget& budget, const Options& options)
    : budget_(budget), options_(options) {
  MutexLock lock(budget_.mutex_);
  if (!initiator()) options_.guaranteed_bytes = 0;
  for (BudgetAccount* account : budget_.accounts_) budget_.Reclaim(*account);
  // Never more than what nobody uses or waits for: a guarantee holds from the start. And half of
  // all stays common, so that large requests remain possible.
  const uint64_t most_common =
      std::max({budget_.common_used_bytes_, budget_.MostWaitedFor(), budget_.limit_bytes_ / 2});
  const uint64_t left = Excess(budget_.CommonLimit(), most_common);
  options_.guaranteed_bytes = std::min({options_.guaranteed_bytes, options_.limit_bytes, left});
  budget_.guaranteed_bytes_ += options_.guaranteed_bytes;
  budget_.accounts_.push_back(this);
}

BudgetAccount::~BudgetAccount() {
  {
    MutexLock lock(budget_.mutex_);
    QUIRE_CHECK(slices_.empty());
    QUIRE_CHECK(waiters_.empty());
    QUIRE_CHECK(granted_bytes_ == 0);
    budget_.guaranteed_bytes_ -= options_.guaranteed_bytes;
    std::erase(budget_.accounts_, this);
    budget_.turn_ = 0;
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
  now.guaranteed_bytes = options_.guaranteed_bytes;
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

BudgetAnswer MemoryBudget::Charge(BudgetPair pair, uint64_t length_bytes, BudgetWaiter* waiter) {
  const bool nobody_waits = count_waiters_.load(std::memory_order_relaxed) == 0;
  if (nobody_waits && pair.initiator->TryTake(length_bytes)) {
    if (pair.device->TryTake(length_bytes)) return BudgetAnswer::kCharged;
    pair.initiator->GiveBack(length_bytes);
  }
  BudgetAnswer answer = BudgetAnswer::kCharged;
  {
    MutexLock lock(mutex_);
    answer = ChargeLocked(pair, length_bytes);
    const bool waits =
        waiter != nullptr && answer != BudgetAnswer::kCharged && answer != BudgetAnswer::kTooLarge;
    if (waits) Enqueue(*waiter, answer);
  }
  // What came back between the refusal and the queueing found nobody waiting; and what was in our
  // hands for a moment may be what somebody who then queued did not find.
  if (count_waiters_.load(std::memory_order_seq_cst) > 0) ServeAndTell();
  return answer;
}

BudgetAnswer MemoryBudget::ChargeLocked(BudgetPair pair, uint64_t length_bytes) {
  BudgetAccount& initiator = pair.initiator->account_;
  BudgetAccount& device = pair.device->account_;
  if (length_bytes >
      std::min({limit_bytes_, initiator.options_.limit_bytes, device.options_.limit_bytes,
                CommonLimit() + initiator.options_.guaranteed_bytes})) {
    return BudgetAnswer::kTooLarge;
  }
  if (!initiator.waiters_.empty() || !device.waiters_.empty()) return BudgetAnswer::kQueue;
  if (const BudgetAnswer answer = Draw(*pair.initiator, length_bytes);
      answer != BudgetAnswer::kCharged) {
    return answer;
  }
  const BudgetAnswer answer = Draw(*pair.device, length_bytes);
  if (answer != BudgetAnswer::kCharged) pair.initiator->GiveBack(length_bytes);
  return answer;
}

// From the slice, else newly granted, else what other slices hold in vain. While anybody waits
// nothing is drawn in reserve, and nothing that a waiter claims.
BudgetAnswer MemoryBudget::Draw(BudgetSlice& slice, uint64_t length_bytes) {
  BudgetAccount& account = slice.account_;
  if (count_waiters_.load(std::memory_order_relaxed) == 0) {
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
  if (!account.HasRoom(length_bytes) || account.claimant_ != nullptr) {
    ++account.stats_.refused_here;
    return account.initiator() ? BudgetAnswer::kInitiatorLimit : BudgetAnswer::kDeviceLimit;
  }
  for (BudgetAccount* other : accounts_) {
    if (other->initiator()) Reclaim(*other);
  }
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
  const uint64_t guaranteed = account.options_.guaranteed_bytes;
  return Excess(account.granted_bytes_ + length_bytes, guaranteed) -
         Excess(account.granted_bytes_, guaranteed);
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
    const uint64_t guaranteed = account.options_.guaranteed_bytes;
    common_used_bytes_ -= Excess(account.granted_bytes_, guaranteed) -
                          Excess(account.granted_bytes_ - length_bytes, guaranteed);
  }
  account.granted_bytes_ -= length_bytes;
}

void MemoryBudget::Reclaim(BudgetAccount& account) {
  for (BudgetSlice* slice : account.slices_) Ungrant(account, slice->TakeAll());
}

void MemoryBudget::Release(BudgetPair pair, uint64_t length_bytes) {
  bool too_much = false;
  for (BudgetSlice* slice : {pair.device, pair.initiator}) {
    const uint64_t reserve =
        slice->reserve_bytes_.fetch_add(length_bytes, std::memory_order_seq_cst) + length_bytes;
    too_much = too_much || reserve > 2 * BudgetSlice::kGrainBytes;
  }
  // Seen here or found by Enqueue's own look at the slices: one of the two comes later.
  if (count_waiters_.load(std::memory_order_seq_cst) > 0) {
    ServeAndTell();
    return;
  }
  if (!too_much) return;
  MutexLock lock(mutex_);
  for (BudgetSlice* slice : {pair.device, pair.initiator}) {
    const uint64_t reserve = slice->TakeAll();
    const uint64_t kept = std::min(reserve, BudgetSlice::kGrainBytes);
    slice->GiveBack(kept);
    Ungrant(slice->account_, reserve - kept);
  }
}

// ---- Those who wait ----

void MemoryBudget::Enqueue(BudgetWaiter& waiter, BudgetAnswer refusal) {
  BudgetAccount& initiator = waiter.pair.initiator->account_;
  BudgetAccount& device = waiter.pair.device->account_;
  const bool at_device =
      refusal == BudgetAnswer::kDeviceLimit ||
      (refusal == BudgetAnswer::kQueue && initiator.waiters_.empty() && !device.waiters_.empty());
  waiter.arrival_ = next_sequence_++;
  waiter.sequence_ = 0;
  Join(waiter, at_device ? device : initiator);
  count_waiters_.fetch_add(1, std::memory_order_seq_cst);
}

// By arrival: as a rule to the end.
void MemoryBudget::Join(BudgetWaiter& waiter, BudgetAccount& account) {
  waiter.queue_ = &account;
  account.count_waiters_.fetch_add(1, std::memory_order_relaxed);
  IntrusiveList<BudgetWaiter, BudgetWaiter>& waiters = account.waiters_;
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
  IntrusiveList<BudgetWaiter, BudgetWaiter>& waiters = waiter.queue_->waiters_;
  waiters.Remove(waiter);
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
  count_waiters_.fetch_sub(1, std::memory_order_relaxed);
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

// Rounds of one grant an account, until a round is in vain.
void MemoryBudget::Serve() {
  if (count_waiters_.load(std::memory_order_seq_cst) == 0) return;
  for (BudgetAccount* account : accounts_) Reclaim(*account);
  for (bool progress = true; progress;) {
    progress = false;
    for (size_t i = 0; i < accounts_.size(); ++i) {
      progress |= ServeFirst(*accounts_[(turn_ + i) % accounts_.size()]);
    }
    turn_ = (turn_ + 1) % accounts_.size();
  }
}

bool MemoryBudget::ServeFirst(BudgetAccount& account) {
  BudgetWaiter* const waiter = account.waiters_.Front();
  if (waiter == nullptr) return false;
  if (GrantBoth(*waiter)) {
    ++account.stats_.served_waiters;
    Dequeue(*waiter);
    granted_.PushBack(*waiter);
    return true;
  }
  if (MoveOn(*waiter)) return true;
  Claim(*waiter);
  return false;
}

bool MemoryBudget::GrantBoth(const BudgetWaiter& waiter) {
  BudgetAccount& initiator = waiter.pair.initiator->account_;
  if (!Grant(initiator, waiter.length_bytes, &waiter)) return false;
  if (Grant(waiter.pair.device->account_, waiter.length_bytes, &waiter)) return true;
  Ungrant(initiator, waiter.length_bytes);
  return false;
}

bool MemoryBudget::LacksAtInitiator(const BudgetWaiter& waiter) const {
  const BudgetAccount& initiator = waiter.pair.initiator->account_;
  return !initiator.HasRoom(waiter.length_bytes) ||
         CommonShare(initiator, waiter.length_bytes) > CommonLimit() - common_used_bytes_;
}

// Between two grants room only shrinks, so that nobody moves to and fro.
bool MemoryBudget::MoveOn(BudgetWaiter& waiter) {
  BudgetAccount& initiator = waiter.pair.initiator->account_;
  BudgetAccount& device = waiter.pair.device->account_;
  const bool lacks_at_device = !device.HasRoom(waiter.length_bytes);
  if (lacks_at_device == LacksAtInitiator(waiter)) return false;
  BudgetAccount& place = lacks_at_device ? device : initiator;
  if (waiter.queue_ == &place) return false;
  Leave(waiter);
  Join(waiter, place);
  return true;
}

// What it lacks is kept for it from now on, unless an older waiter lacks that as well: the oldest
// of all is in nobody's shadow, so that somebody can always go on. What it no longer lacks is not.
void MemoryBudget::Claim(const BudgetWaiter& waiter) {
  const auto claim = [&waiter](const BudgetWaiter*& claimant, bool lacks) {
    if (lacks && !Before(claimant, &waiter)) claimant = &waiter;
    if (!lacks && claimant == &waiter) claimant = nullptr;
  };
  BudgetAccount& initiator = waiter.pair.initiator->account_;
  BudgetAccount& device = waiter.pair.device->account_;
  claim(initiator.claimant_, !initiator.HasRoom(waiter.length_bytes));
  claim(device.claimant_, !device.HasRoom(waiter.length_bytes));
  claim(common_claimant_,
        CommonShare(initiator, waiter.length_bytes) > CommonLimit() - common_used_bytes_);
}

// What the largest waiter needs beyond what is guaranteed to it.
uint64_t MemoryBudget::MostWaitedFor() const {
  uint64_t most = 0;
  for (BudgetAccount* account : accounts_) {
    IntrusiveList<BudgetWaiter, BudgetWaiter>& waiters = account->waiters_;
    for (BudgetWaiter* one = waiters.Front(); one != nullptr; one = waiters.Next(*one)) {
      const uint64_t guaranteed = one->pair.initiator->account_.options_.guaranteed_bytes;
      most = std::max(most, Excess(one->length_bytes, guaranteed));
    }
  }
  return most;
}

// Whoever was told may give memory back at once: the loop that told it goes on with what that makes
// possible.
void MemoryBudget::ServeAndTell() {
  {
    MutexLock lock(mutex_);
    Serve();
    if (std::exchange(telling_, true)) return;
  }
  while (BudgetWaiter* const waiter = NextGranted()) waiter->granted(*waiter);
}

BudgetWaiter* MemoryBudget::NextGranted() {
  MutexLock lock(mutex_);
  BudgetWaiter* const waiter = granted_.PopFront();
  if (waiter == nullptr) telling_ = false;
  return waiter;
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
  for (const BudgetAccount* account : accounts_) {
    QUIRE_CHECK(account->granted_bytes_ <= account->options_.limit_bytes);
    if (!account->initiator()) continue;
    granted += account->granted_bytes_;
    common += Excess(account->granted_bytes_, account->options_.guaranteed_bytes);
  }
  QUIRE_CHECK(common == common_used_bytes_);
  QUIRE_CHECK(common <= CommonLimit());
  QUIRE_CHECK(granted <= limit_bytes_);
}

}  // namespace quire
