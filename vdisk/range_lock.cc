// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/range_lock.h"

#include <functional>

namespace quire {
namespace {

// The disk with the lowest address above `after`; nullptr: none.
RangeLock* NextTable(std::span<const RangePart> parts, const RangeLock* after) {
  const std::less<const RangeLock*> before;
  RangeLock* next = nullptr;
  for (const RangePart& part : parts) {
    if (after != nullptr && !before(after, part.table)) continue;
    if (next == nullptr || before(part.table, next)) next = part.table;
  }
  return next;
}

}  // namespace

// The shards of all parts of a claim.
class RangeLock::Locked {
 public:
  explicit Locked(std::span<const RangePart> parts) : parts_(parts) {
    Each([](RangeShards& table, const RangeShards::Set& shards) { table.Lock(shards); });
  }
  ~Locked() {
    Each([](RangeShards& table, const RangeShards::Set& shards) { table.Unlock(shards); });
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  template <typename Do>
  void Each(Do act) {
    for (RangeLock* table = NextTable(parts_, nullptr); table != nullptr;
         table = NextTable(parts_, table)) {
      RangeShards::Set shards;
      for (const RangePart& part : parts_) {
        if (part.table == table) RangeShards::AddShards(part, shards);
      }
      act(table->shards_, shards);
    }
  }

  const std::span<const RangePart> parts_;
};

RangeLane::RangeLane(RangeLock& table) : table_(table) {
  MutexLock lock(table_.mode_mutex_);
  direct_ = table_.direct_;
  table_.lanes_.push_back(this);
  table_.lane_locks_.push_back(&lock_);
}

RangeLane::~RangeLane() {
  MutexLock lock(table_.mode_mutex_);
  QUIRE_CHECK(holders_.empty());
  std::erase(table_.lanes_, this);
  std::erase(table_.lane_locks_, &lock_);
}

RangeLock::~RangeLock() { QUIRE_CHECK(lanes_.empty()); }

void RangeLock::Prepare(RangeClaim& claim, std::span<RangePart> parts,
                        RangeClaim::Granted granted) {
  QUIRE_DCHECK(claim.state_.load(std::memory_order_relaxed) == RangeClaim::State::kIdle);
  claim.parts_ = parts;
  claim.lane_ = nullptr;
  claim.granted_ = granted;
  for (RangePart& part : parts) {
    QUIRE_DCHECK(!part.range.empty());
    part.claim_ = &claim;
  }
}

bool RangeLock::AcquireShared(RangeLane& lane, RangeClaim& claim, RangePart& part,
                              RangeClaim::Granted granted) {
  part.table = &lane.table_;
  part.mode = RangeMode::kShared;
  Prepare(claim, {&part, 1}, granted);
  bool ask = false;
  {
    lane.lock_.BindToThisThread();
    OwnerLock::Guard guard(lane.lock_);
    if (lane.direct_) [[likely]] {
      claim.lane_ = &lane;
      claim.state_.store(RangeClaim::State::kGranted, std::memory_order_relaxed);
      part.home_ = RangePart::Home::kLane;
      part.links_[0].part = &part;
      lane.holders_.PushBack(part.links_[0]);
      return true;
    }
    ask = ++lane.count_refused_ % kPatience == 0;
  }
  if (ask) lane.table_.TryDirect();
  return Acquire(claim, claim.parts_, granted);
}

// A disk that must leave direct mode before these parts may enter; nullptr: none.
RangeLock* RangeLock::TableToShard(std::span<const RangePart> parts) {
  for (const RangePart& part : parts) {
    if (part.mode == RangeMode::kExclusive && part.table->direct_) return part.table;
  }
  return nullptr;
}

bool RangeLock::Acquire(RangeClaim& claim, std::span<RangePart> parts,
                        RangeClaim::Granted granted) {
  Prepare(claim, parts, granted);
  for (;;) {
    RangeLock* to_shard = nullptr;
    {
      Locked locked(parts);
      to_shard = TableToShard(parts);
      if (to_shard == nullptr) {
        uint32_t count = 0;
        for (RangePart& part : parts) count += part.table->shards_.Enter(part);
        claim.count_blockers_.store(count, std::memory_order_relaxed);
        claim.state_.store(count == 0 ? RangeClaim::State::kGranted : RangeClaim::State::kWaiting,
                           std::memory_order_relaxed);
        return count == 0;
      }
    }
    to_shard->LeaveDirect();
  }
}

void RangeLock::Leave(RangeClaim& claim) {
  RangeGrants grants;
  for (RangePart& part : claim.parts_) part.table->shards_.Leave(part, grants);
  claim.count_blockers_.store(0, std::memory_order_relaxed);  // of one that was withdrawn
  claim.state_.store(RangeClaim::State::kIdle, std::memory_order_relaxed);
  grants.Tell();
}

void RangeLock::Release(RangeClaim& claim) {
  QUIRE_DCHECK(claim.state_.load(std::memory_order_relaxed) == RangeClaim::State::kGranted);
  if (RangeLane* const lane = claim.lane_; lane != nullptr) {
    RangePart& part = claim.parts_.front();
    OwnerLock::Guard guard(lane->lock_);
    if (part.home_ == RangePart::Home::kLane) [[likely]] {
      lane->holders_.Remove(part.links_[0]);
      part.home_ = RangePart::Home::kNone;
      claim.state_.store(RangeClaim::State::kIdle, std::memory_order_relaxed);
      return;
    }
  }
  Leave(claim);
}

bool RangeLock::Withdraw(RangeClaim& claim) {
  auto expected = RangeClaim::State::kWaiting;
  if (!claim.state_.compare_exchange_strong(expected, RangeClaim::State::kIdle)) return false;
  Leave(claim);
  return true;
}

void RangeLock::LeaveDirect() QUIRE_NO_THREAD_ANALYSIS {
  MutexLock lock(mode_mutex_);
  if (!direct_) return;
  OwnerLock::GuardAll lanes_locked(lane_locks_);
  RangeShards::Locked locked(shards_);
  for (RangeLane* lane : lanes_) {
    lane->direct_ = false;
    while (RangePart::Link* link = lane->holders_.PopFront()) shards_.Enter(*link->part);
  }
  direct_ = false;
  count_exclusive_before_ = shards_.CountExclusive();
}

// Back to direct if no exclusive claim came since the last time somebody asked.
void RangeLock::TryDirect() QUIRE_NO_THREAD_ANALYSIS {
  MutexLock lock(mode_mutex_);
  if (direct_) return;
  {
    RangeShards::Locked locked(shards_);
    const uint64_t count = shards_.CountExclusive();
    const bool quiet = count == count_exclusive_before_ && !shards_.AnyExclusive();
    count_exclusive_before_ = count;
    if (!quiet) return;
    direct_ = true;
  }
  OwnerLock::GuardAll lanes_locked(lane_locks_);
  for (RangeLane* lane : lanes_) lane->direct_ = true;
}

bool RangeLock::direct() {
  MutexLock lock(mode_mutex_);
  return direct_;
}

}  // namespace quire
