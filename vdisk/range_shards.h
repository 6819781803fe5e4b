// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The ranges of one disk that are compared with each other: spans of 64 KiB, spread over 251 small
// locks, so that claims on disjoint blocks hardly ever touch the same memory.
//
// A part of up to three spans is *narrow*: it is linked into the shard of each. A wider one is on
// one list of its own; it holds the locks of all spans that it covers while it enters and leaves,
// so that whoever overlaps it comes before or after.
//
// Every claim knows how many (its part, earlier part) pairs keep it waiting; the earlier part
// counts them down as it leaves. Two narrow parts are counted in each shard that they share, a
// narrow and a wide one in the first span that they share. Precedence needs no number that all
// reactors draw from: within a shard each link has its place, and the era (how many wide parts had
// arrived) tells wide from narrow.
//
// Owns: nothing. Lifetime: the destructor checks that it is empty. Threads: any thread.
// Locks in order: shards by number, wide_lock_.
#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <cstddef>
#include <cstdint>

#include "base/mutex.h"
#include "base/spin_lock.h"
#include "vdisk/range_claim.h"

namespace quire {

// Claims whose last blocker went; to be told when no lock is held.
class RangeGrants {
 public:
  RangeGrants() = default;
  RangeGrants(const RangeGrants&) = delete;
  RangeGrants& operator=(const RangeGrants&) = delete;

  // One blocker is gone. REQUIRES: a shard of the claim is locked.
  void Unblock(RangeClaim& claim);
  void Tell();

 private:
  RangeClaim* first_ = nullptr;
  RangeClaim** end_ = &first_;
};

class RangeShards {
 public:
  // A prime, so that powers of two apart are in different shards; 16 KiB a disk.
  static constexpr size_t kShards = 251;
  static constexpr uint64_t kSpanBytes = 64 << 10;
  using Set = std::bitset<kShards>;

  RangeShards() = default;
  ~RangeShards();
  RangeShards(const RangeShards&) = delete;
  RangeShards& operator=(const RangeShards&) = delete;

  static void AddShards(const RangePart& part, Set& shards);
  void Lock(const Set& shards);
  void Unlock(const Set& shards);
  // A guard of some, by default of all.
  class Locked {
   public:
    explicit Locked(RangeShards& table, const Set& shards = Set().set())
        : table_(table), shards_(shards) {
      table_.Lock(shards_);
    }
    ~Locked() { table_.Unlock(shards_); }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;

   private:
    RangeShards& table_;
    const Set shards_;
  };

  // Puts `part` in; returns how many parts it has to wait for. REQUIRES: its shards are locked.
  uint32_t Enter(RangePart& part);
  // REQUIRES: no shard is locked.
  void Leave(RangePart& part, RangeGrants& grants);

  // Exclusive links since the start. REQUIRES: all shards are locked.
  uint64_t CountExclusive() const;
  // REQUIRES: all shards are locked.
  bool AnyExclusive();
  void CheckInvariants();

 private:
  using Link = RangePart::Link;
  using Links = IntrusiveList<Link>;

  struct alignas(64) Shard {
    SpinLock lock;
    uint64_t next_order QUIRE_GUARDED_BY(lock) = 0;
    uint64_t count_exclusive QUIRE_GUARDED_BY(lock) = 0;  // since the start
    Links exclusive QUIRE_GUARDED_BY(lock);               // in order of arrival
    Links shared QUIRE_GUARDED_BY(lock);
  };
  static_assert(sizeof(Shard) == 64);

  static uint32_t CountConflicts(Links& links, const RangePart& part);
  uint32_t EnterNarrow(RangePart& part);
  uint32_t EnterWide(RangePart& part);
  void LeaveSpan(RangePart& part, size_t index, RangeGrants& grants);
  void LeaveWide(RangePart& part, RangeGrants& grants);
  static void CheckApart(Links& links, Links& others);

  std::array<Shard, kShards> shards_;
  // Changed under wide_lock_ and the locks of a wide part; read under any of those shards' locks.
  alignas(64) std::atomic<uint64_t> era_{0};
  std::atomic<uint32_t> count_wide_{0};
  SpinLock wide_lock_;
  uint64_t count_wide_exclusive_ QUIRE_GUARDED_BY(wide_lock_) = 0;  // since the start
  Links wide_ QUIRE_GUARDED_BY(wide_lock_);                         // in order of arrival
};

}  // namespace quire
