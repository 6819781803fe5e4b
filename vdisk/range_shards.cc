// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/range_shards.h"

#include <algorithm>
#include <mutex>

namespace quire {
namespace {

uint64_t FirstSpan(const RangePart& part) { return part.range.offset / RangeShards::kSpanBytes; }
uint64_t CountSpans(const RangePart& part) {
  return (part.range.end() - 1) / RangeShards::kSpanBytes - FirstSpan(part) + 1;
}
bool Shared(const RangePart& part) { return part.mode == RangeMode::kShared; }

}  // namespace

void RangeGrants::Unblock(RangeClaim& claim) {
  if (claim.count_blockers_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  auto expected = RangeClaim::State::kWaiting;  // or it has just been withdrawn
  if (!claim.state_.compare_exchange_strong(expected, RangeClaim::State::kGranted)) return;
  claim.next_granted_ = nullptr;
  *end_ = &claim;
  end_ = &claim.next_granted_;
}

void RangeGrants::Tell() {
  while (first_ != nullptr) {
    RangeClaim& claim = *first_;
    first_ = claim.next_granted_;  // the claim may be gone once it was told
    claim.granted_(claim);
  }
  end_ = &first_;
}

bool RangePart::ConflictsWith(const RangePart& other) const {
  if (Shared(*this) && Shared(other)) return false;
  return claim_ != other.claim_ && range.Overlaps(other.range);
}

// Of the links of a narrow part, the one where a wide part that overlaps it is counted.
bool RangePart::MeetsFirstAt(const Link& link, const RangePart& wide) const {
  const auto index = static_cast<uint64_t>(&link - links_.data());
  return FirstSpan(*this) + index == std::max(FirstSpan(*this), FirstSpan(wide));
}

RangeShards::~RangeShards() QUIRE_NO_THREAD_ANALYSIS {
  QUIRE_CHECK(wide_.empty());
  for (Shard& shard : shards_) {
    QUIRE_CHECK(shard.exclusive.empty());
    QUIRE_CHECK(shard.shared.empty());
  }
}

void RangeShards::AddShards(const RangePart& part, Set& shards) {
  const uint64_t count = std::min<uint64_t>(CountSpans(part), kShards);
  for (uint64_t i = 0; i < count; ++i) shards.set((FirstSpan(part) + i) % kShards);
}

void RangeShards::Lock(const Set& shards) QUIRE_NO_THREAD_ANALYSIS {
  for (size_t i = shards._Find_first(); i < kShards; i = shards._Find_next(i)) {
    shards_[i].lock.lock();
  }
}

void RangeShards::Unlock(const Set& shards) QUIRE_NO_THREAD_ANALYSIS {
  for (size_t i = shards._Find_first(); i < kShards; i = shards._Find_next(i)) {
    shards_[i].lock.unlock();
  }
}

uint32_t RangeShards::CountConflicts(Links& links, const RangePart& part) {
  uint32_t count = 0;
  for (Link* link = links.Front(); link != nullptr; link = links.Next(*link)) {
    if (link->part->ConflictsWith(part)) ++count;
  }
  return count;
}

uint32_t RangeShards::Enter(RangePart& part) {
  for (Link& link : part.links_) link.part = &part;
  const bool wide = CountSpans(part) > RangePart::kMaxLinks;
  part.home_ = wide ? RangePart::Home::kWide : RangePart::Home::kShards;
  return wide ? EnterWide(part) : EnterNarrow(part);
}

uint32_t RangeShards::EnterNarrow(RangePart& part) QUIRE_NO_THREAD_ANALYSIS {
  uint32_t count = 0;
  for (size_t i = 0; i < CountSpans(part); ++i) {
    Shard& shard = shards_[(FirstSpan(part) + i) % kShards];
    count += CountConflicts(shard.exclusive, part);
    part.links_[i].order = shard.next_order++;
    if (Shared(part)) {
      shard.shared.PushBack(part.links_[i]);
    } else {
      count += CountConflicts(shard.shared, part);
      ++shard.count_exclusive;
      shard.exclusive.PushBack(part.links_[i]);
    }
  }
  // A wide part that overlaps came under one of these locks: it is in both numbers, or in neither.
  part.era_ = era_.load(std::memory_order_relaxed);
  if (count_wide_.load(std::memory_order_relaxed) == 0) return count;
  const std::lock_guard wide_locked(wide_lock_);
  return count + CountConflicts(wide_, part);
}

uint32_t RangeShards::EnterWide(RangePart& part) QUIRE_NO_THREAD_ANALYSIS {
  const std::lock_guard wide_locked(wide_lock_);
  uint32_t count = CountConflicts(wide_, part);
  const auto count_narrow = [&](Links& links) {
    for (Link* link = links.Front(); link != nullptr; link = links.Next(*link)) {
      if (!link->part->ConflictsWith(part) || !link->part->MeetsFirstAt(*link, part)) continue;
      ++count;
    }
  };
  for (uint64_t i = 0; i < std::min<uint64_t>(CountSpans(part), kShards); ++i) {
    Shard& shard = shards_[(FirstSpan(part) + i) % kShards];
    count_narrow(shard.exclusive);
    if (!Shared(part)) count_narrow(shard.shared);
  }
  part.era_ = era_.fetch_add(1, std::memory_order_relaxed) + 1;
  count_wide_.fetch_add(1, std::memory_order_relaxed);
  count_wide_exclusive_ += Shared(part) ? 0 : 1;
  wide_.PushBack(part.links_[0]);
  return count;
}

void RangeShards::Leave(RangePart& part, RangeGrants& grants) {
  if (part.home_ == RangePart::Home::kWide) {
    LeaveWide(part, grants);
  } else {
    QUIRE_DCHECK(part.home_ == RangePart::Home::kShards);
    for (size_t i = 0; i < CountSpans(part); ++i) LeaveSpan(part, i, grants);
  }
  part.home_ = RangePart::Home::kNone;
}

void RangeShards::LeaveSpan(RangePart& part, size_t index,
                            RangeGrants& grants) QUIRE_NO_THREAD_ANALYSIS {
  Shard& shard = shards_[(FirstSpan(part) + index) % kShards];
  const Link& own = part.links_[index];
  const std::lock_guard locked(shard.lock);
  (Shared(part) ? shard.shared : shard.exclusive).Remove(part.links_[index]);
  const auto unblock = [&](Links& links) {
    for (Link* link = links.Front(); link != nullptr; link = links.Next(*link)) {
      if (link->order < own.order || !link->part->ConflictsWith(part)) continue;
      grants.Unblock(*link->part->claim_);
    }
  };
  unblock(shard.exclusive);
  if (!Shared(part)) unblock(shard.shared);
  if (count_wide_.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard wide_locked(wide_lock_);
  for (Link* link = wide_.Front(); link != nullptr; link = wide_.Next(*link)) {
    const RangePart& wide = *link->part;
    if (wide.era_ <= part.era_ || !wide.ConflictsWith(part)) continue;
    if (part.MeetsFirstAt(own, wide)) grants.Unblock(*wide.claim_);
  }
}

void RangeShards::LeaveWide(RangePart& part, RangeGrants& grants) QUIRE_NO_THREAD_ANALYSIS {
  Set covered;
  AddShards(part, covered);
  Locked locked(*this, covered);
  const std::lock_guard wide_locked(wide_lock_);
  count_wide_.fetch_sub(1, std::memory_order_relaxed);
  wide_.Remove(part.links_[0]);
  for (Link* link = wide_.Front(); link != nullptr; link = wide_.Next(*link)) {
    if (link->part->era_ < part.era_ || !link->part->ConflictsWith(part)) continue;
    grants.Unblock(*link->part->claim_);
  }
  const auto unblock = [&](Links& links) {
    for (Link* link = links.Front(); link != nullptr; link = links.Next(*link)) {
      const RangePart& narrow = *link->part;
      if (narrow.era_ < part.era_ || !narrow.ConflictsWith(part)) continue;
      if (narrow.MeetsFirstAt(*link, part)) grants.Unblock(*narrow.claim_);
    }
  };
  for (size_t i = covered._Find_first(); i < kShards; i = covered._Find_next(i)) {
    unblock(shards_[i].exclusive);
    if (!Shared(part)) unblock(shards_[i].shared);
  }
}

uint64_t RangeShards::CountExclusive() const QUIRE_NO_THREAD_ANALYSIS {
  uint64_t sum = count_wide_exclusive_;
  for (const Shard& shard : shards_) sum += shard.count_exclusive;
  return sum;
}

bool RangeShards::AnyExclusive() QUIRE_NO_THREAD_ANALYSIS {
  for (Shard& shard : shards_) {
    if (!shard.exclusive.empty()) return true;
  }
  for (Link* link = wide_.Front(); link != nullptr; link = wide_.Next(*link)) {
    if (!Shared(*link->part)) return true;
  }
  return false;
}

void RangeShards::CheckInvariants() QUIRE_NO_THREAD_ANALYSIS {
  Locked locked(*this);
  CheckApart(wide_, wide_);
  for (Shard& shard : shards_) {
    CheckApart(shard.exclusive, shard.exclusive);
    CheckApart(shard.shared, shard.exclusive);
  }
}

// INVARIANT: of two parts in one list or shard that conflict at most one is granted.
void RangeShards::CheckApart(Links& links, Links& others) {
  const auto granted = [](const Link& link) {
    return link.part->claim_->state_.load() == RangeClaim::State::kGranted;
  };
  for (Link* link = links.Front(); link != nullptr; link = links.Next(*link)) {
    if (!granted(*link)) continue;
    QUIRE_CHECK(link->part->claim_->count_blockers_.load() == 0);
    for (Link* other = others.Front(); other != nullptr; other = others.Next(*other)) {
      QUIRE_CHECK(!granted(*other) || !link->part->ConflictsWith(*other->part));
    }
  }
}

}  // namespace quire
