// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/pin_table.h"

#include <algorithm>
#include <functional>
#include <span>
#include <utility>

#include "base/check.h"
#include "pagecache/bus_guard.h"

namespace quire {

// Locks are taken in the order of the shards' addresses, then a StableBytes::mutex.
class PinTable::Locked {
 public:
  explicit Locked(Reach reach) QUIRE_NO_THREAD_ANALYSIS : reach_(reach) {
    for (Shard* shard : reach_) shard->mutex.lock();
  }
  ~Locked() QUIRE_NO_THREAD_ANALYSIS {
    for (Shard* shard : reach_) shard->mutex.unlock();
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  Reach reach_;
};

// The shards of two ranges, which may have some in common.
class PinTable::BothLocked {
 public:
  BothLocked(Reach first, Reach second) QUIRE_NO_THREAD_ANALYSIS {
    for (Reach reach : {first, second}) {
      for (Shard* shard : reach) shards_[count_++] = shard;
    }
    const auto all = std::span(shards_).first(count_);
    std::ranges::sort(all, std::less<>());
    count_ = static_cast<size_t>(std::unique(all.begin(), all.end()) - all.begin());
    for (size_t i = 0; i < count_; ++i) shards_[i]->mutex.lock();
  }
  ~BothLocked() QUIRE_NO_THREAD_ANALYSIS {
    for (size_t i = 0; i < count_; ++i) shards_[i]->mutex.unlock();
  }
  BothLocked(const BothLocked&) = delete;
  BothLocked& operator=(const BothLocked&) = delete;

 private:
  std::array<Shard*, 4> shards_{};
  size_t count_ = 0;
};

class PinTable::AllLocked {
 public:
  explicit AllLocked(PinTable& table) QUIRE_NO_THREAD_ANALYSIS : table_(table) {
    for (Shard& shard : table_.shards_) shard.mutex.lock();
  }
  ~AllLocked() QUIRE_NO_THREAD_ANALYSIS {
    for (Shard& shard : table_.shards_) shard.mutex.unlock();
  }
  AllLocked(const AllLocked&) = delete;
  AllLocked& operator=(const AllLocked&) = delete;

 private:
  PinTable& table_;
};

PinTable::~PinTable() { QUIRE_CHECK(count() == 0); }

PinTable::Reach PinTable::ReachOf(ByteRange range) {
  const uint64_t first = range.offset / kShardSpanBytes;
  const uint64_t last = (range.end() - 1) / kShardSpanBytes;
  QUIRE_DCHECK(last - first <= 1);
  Reach reach;
  reach.shards[0] = &shards_[first % kShards];
  if (last == first) return reach;
  reach.shards[1] = &shards_[last % kShards];
  if (reach.shards[1] < reach.shards[0]) std::swap(reach.shards[0], reach.shards[1]);
  return reach;
}

bool PinTable::MustWait(const Pin& later, const Pin& earlier) {
  if (!earlier.range_.Overlaps(later.range_)) return false;
  if (earlier.kind_ == PinKind::kWrite) return true;
  if (later.kind_ == PinKind::kLent) return false;
  return earlier.kind_ == PinKind::kFill || earlier.waiting_;
}

bool PinTable::Blocked(Reach reach, const Pin& pin) const QUIRE_NO_THREAD_ANALYSIS {
  if (pin.late_ && frozen_) return true;
  size_t i = 0;
  for (Shard* shard : reach) {
    const uint64_t arrival = pin.nodes_[i++].arrival;
    for (Pin::Node* node = shard->marks.Front(); node != nullptr; node = shard->marks.Next(*node)) {
      if (node->arrival < arrival && MustWait(pin, *node->pin)) return true;
    }
  }
  return false;
}

// Counted by each shard for itself, so that reactors in different ones share no memory. A pin
// arrives in both of its shards at one instant, so two pins come in the same order wherever they
// meet.
void PinTable::Arrive(Reach reach, Pin& pin) QUIRE_NO_THREAD_ANALYSIS {
  size_t i = 0;
  for (Shard* shard : reach) pin.nodes_[i++].arrival = shard->next_arrival++;
}

void PinTable::Enter(Reach reach, Pin& pin) QUIRE_NO_THREAD_ANALYSIS {
  const bool lent = pin.kind_ == PinKind::kLent && !pin.waiting_;
  ++reach.shards[0]->count;
  size_t i = 0;
  for (Shard* shard : reach) {
    Pin::Node& node = pin.nodes_[i++];
    node.pin = &pin;
    (lent ? shard->lent : shard->marks).PushBack(node);
  }
}

void PinTable::Leave(Reach reach, Pin& pin) QUIRE_NO_THREAD_ANALYSIS {
  const bool lent = pin.kind_ == PinKind::kLent && !pin.waiting_;
  --reach.shards[0]->count;
  size_t i = 0;
  for (Shard* shard : reach) (lent ? shard->lent : shard->marks).Remove(pin.nodes_[i++]);
}

bool PinTable::Acquire(Pin& pin, ByteRange range, PinKind kind, Pin::Granted granted,
                       StableBytes* stable) {
  QUIRE_DCHECK(!range.empty());
  pin.range_ = range;
  pin.kind_ = kind;
  pin.granted_ = granted;
  pin.stable_ = stable;
  const Reach reach = ReachOf(range);
  Locked locked(reach);
  return Admit(reach, pin);
}

uint32_t PinTable::AcquireBoth(const Wanted& first, const Wanted& second, Pin::Granted granted) {
  QUIRE_DCHECK(&first.table != &second.table || !first.range.Overlaps(second.range));
  const Reach reach = first.table.ReachOf(first.range);
  const Reach second_reach = second.table.ReachOf(second.range);
  for (const Wanted* one : {&first, &second}) {
    one->pin.range_ = one->range;
    one->pin.kind_ = one->kind;
    one->pin.granted_ = granted;
    one->pin.stable_ = nullptr;
  }
  BothLocked locked(reach, second_reach);
  const uint32_t count = first.table.Admit(reach, first.pin) ? 1 : 0;
  return count + (second.table.Admit(second_reach, second.pin) ? 1 : 0);
}

bool PinTable::Admit(Reach reach, Pin& pin) QUIRE_NO_THREAD_ANALYSIS {
  Arrive(reach, pin);
  pin.late_ = frozen_ && pin.kind_ == PinKind::kWrite;
  const bool waiting = Blocked(reach, pin);
  pin.waiting_ = waiting;
  Enter(reach, pin);
  if (waiting) {
    count_waiting_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  if (pin.kind_ == PinKind::kWrite) MakePrivate(reach, pin);
  return true;
}

void PinTable::LendFilled(Pin& pin, StableBytes* stable) {
  bool waiters = false;
  {
    const Reach reach = ReachOf(pin.range_);
    Locked locked(reach);
    QUIRE_DCHECK(pin.kind_ == PinKind::kFill);
    QUIRE_DCHECK(!pin.waiting_);
    Leave(reach, pin);
    pin.kind_ = PinKind::kLent;
    pin.stable_ = stable;
    Enter(reach, pin);
    waiters = count_waiting_.load(std::memory_order_relaxed) > 0;
  }
  if (waiters) GrantWaiters();
}

void PinTable::Release(Pin& pin) {
  bool waiters = false;
  {
    const Reach reach = ReachOf(pin.range_);
    Locked locked(reach);
    QUIRE_DCHECK(!pin.waiting_);
    Leave(reach, pin);
    // Whoever waits for this pin entered under one of these locks, so it is counted by now.
    waiters = pin.kind_ != PinKind::kLent && count_waiting_.load(std::memory_order_relaxed) > 0;
  }
  if (waiters) GrantWaiters();
}

// Waiting is rare, a waiter may reach into other shards, and one that is granted as a lent
// reference may free others who have nothing to do with what was released: all shards are locked
// and walked until nothing changes, which makes it as simple as it looks.
void PinTable::GrantWaiters() QUIRE_NO_THREAD_ANALYSIS {
  Pin* first = nullptr;
  Pin** end = &first;
  {
    AllLocked locked(*this);
    for (bool changed = true; changed;) {
      changed = false;
      for (Shard& shard : shards_) {
        for (Pin::Node* node = shard.marks.Front(); node != nullptr;) {
          Pin& pin = *node->pin;
          node = shard.marks.Next(*node);
          if (!pin.waiting_ || Blocked(ReachOf(pin.range_), pin)) continue;
          Grant(pin);
          changed = true;
          *end = &pin;
          end = &pin.next_granted_;
        }
      }
    }
  }
  while (first != nullptr) {
    Pin* next = first->next_granted_;  // the pin may be gone once it was told
    first->granted_(*first);
    first = next;
  }
}

// REQUIRES: all shards are locked; the pin waits and is not blocked.
void PinTable::Grant(Pin& pin) {
  const Reach reach = ReachOf(pin.range_);
  Leave(reach, pin);
  pin.waiting_ = false;
  pin.late_ = false;
  Enter(reach, pin);
  count_waiting_.fetch_sub(1, std::memory_order_relaxed);
  if (pin.kind_ == PinKind::kWrite) MakePrivate(reach, pin);
  pin.next_granted_ = nullptr;
}

void PinTable::MakePrivate(Reach reach, const Pin& write) QUIRE_NO_THREAD_ANALYSIS {
  for (Shard* shard : reach) {
    for (Pin::Node* node = shard->lent.Front(); node != nullptr; node = shard->lent.Next(*node)) {
      Pin& pin = *node->pin;
      if (pin.stable_ == nullptr || !pin.range_.Overlaps(write.range_)) continue;
      if (pin.stable_->MakePrivate()) count_made_private_.fetch_add(1, std::memory_order_relaxed);
    }
  }
}

void PinTable::Freeze() {
  AllLocked locked(*this);
  QUIRE_CHECK(!frozen_);
  frozen_ = true;
}

bool PinTable::AllLanded() QUIRE_NO_THREAD_ANALYSIS {
  AllLocked locked(*this);
  for (Shard& shard : shards_) {
    for (Pin::Node* node = shard.marks.Front(); node != nullptr; node = shard.marks.Next(*node)) {
      const Pin& pin = *node->pin;
      if (pin.kind_ == PinKind::kWrite && !pin.late_) return false;
    }
  }
  return true;
}

void PinTable::Thaw() {
  {
    AllLocked locked(*this);
    frozen_ = false;
  }
  GrantWaiters();
}

uint64_t PinTable::count() const {
  uint64_t sum = 0;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    sum += shard.count;
  }
  return sum;
}

bool PinTable::AnyIn(ByteRange range) QUIRE_NO_THREAD_ANALYSIS {
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (auto* list : {&shard.marks, &shard.lent}) {
      for (Pin::Node* node = list->Front(); node != nullptr; node = list->Next(*node)) {
        if (node->pin->range_.Overlaps(range)) return true;
      }
    }
  }
  return false;
}

void PinTable::CheckInvariants() QUIRE_NO_THREAD_ANALYSIS {
  AllLocked locked(*this);
  for (Shard& shard : shards_) {
    for (Pin::Node* node = shard.marks.Front(); node != nullptr; node = shard.marks.Next(*node)) {
      const Pin& pin = *node->pin;
      QUIRE_CHECK(pin.waiting_ || pin.kind_ != PinKind::kLent);
      // A waiter that is not blocked any more is about to be granted.
      QUIRE_CHECK(pin.waiting_ || !Blocked(ReachOf(pin.range_), pin));
    }
    for (Pin::Node* node = shard.lent.Front(); node != nullptr; node = shard.lent.Next(*node)) {
      QUIRE_CHECK(!node->pin->waiting_);
      QUIRE_CHECK(node->pin->kind_ == PinKind::kLent);
    }
  }
}

}  // namespace quire
