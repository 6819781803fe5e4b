// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "sg/memory_budget.h"

#include <algorithm>

#include "base/check.h"

namespace quire {
namespace {

constexpr uint64_t Excess(uint64_t granted_bytes, uint64_t guaranteed_bytes) {
  return granted_bytes > guaranteed_bytes ? granted_bytes - guaranteed_bytes : 0;
}

// Where the loop that tells on this thread finds what is granted while it tells.
thread_local constinit IntrusiveList<BudgetWaiter, BudgetWaiter>* told_here = nullptr;

}  // namespace

// ---- Accounts and slices ----

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

// ---- Those who wait ----

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
