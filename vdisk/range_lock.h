// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Who is at which bytes of one disk: a command that reads, compares and writes has its blocks to
// itself, whatever session or reactor the others come from (SBC-4, COMPARE AND WRITE and others).
//
// A claim waits for every *earlier* claim that overlaps it unless both are shared, and for nothing
// else: so the earlier goes first, nobody starves, and no circle of waiters can form. "Earlier" is
// well defined because a claim enters all its shards (of all its disks) under all their locks,
// which are taken in one global order: by address of table, then by number of shard.
//
//   direct   No exclusive claims on the disk. A shared claim is put on the list of its own lane
//            (one per nexus), under a lock that costs the lane's reactor a plain store: reactors
//            share nothing, and nobody is compared with anybody.
//   sharded  The first exclusive claim takes all lanes' locks and moves their claims to the shards,
//            where everybody is compared with those nearby (range_shards.h). After a while without
//            exclusive claims a lane turns it back to direct.
//
// So exclusive claims pay for the order, those on disjoint blocks hardly ever share a lock, and a
// disk that never sees one pays next to nothing.
//
// Owns: nothing; claims belong to their commands.
// Lifetime: the destructors check that nobody is in.
// Threads: any thread, except where it says otherwise.
// Locks in order: mode_mutex_, lanes, shards.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "base/owner_lock.h"
#include "vdisk/range_claim.h"
#include "vdisk/range_shards.h"

namespace quire {

// A reactor's way into one table for shared claims. Lifetime: the table outlives it.
class RangeLane {
 public:
  explicit RangeLane(RangeLock& table);
  ~RangeLane();
  RangeLane(const RangeLane&) = delete;
  RangeLane& operator=(const RangeLane&) = delete;

 private:
  friend class RangeLock;
  using Links = IntrusiveList<RangePart::Link>;

  RangeLock& table_;
  OwnerLock lock_;
  // Guarded by lock_.
  bool direct_ = true;
  uint32_t count_refused_ = 0;  // shared claims that had to go to the shards
  Links holders_;
};

class RangeLock {
 public:
  RangeLock() = default;
  ~RangeLock();
  RangeLock(const RangeLock&) = delete;
  RangeLock& operator=(const RangeLock&) = delete;

  // For an ordinary READ or WRITE. True: granted now. False: it waits, and `granted` will run,
  // perhaps before this returns. REQUIRES: always the same thread for one lane. Sets part.table.
  static bool AcquireShared(RangeLane& lane, RangeClaim& claim, RangePart& part,
                            RangeClaim::Granted granted);
  // All parts at once, or waits for all of them; parts of one claim may overlap. As above.
  static bool Acquire(RangeClaim& claim, std::span<RangePart> parts, RangeClaim::Granted granted);
  // Leaves; those who waited for it alone are granted, and told before this returns.
  // REQUIRES: granted.
  static void Release(RangeClaim& claim);
  // Gives up waiting, for an aborted command. True: it is out and `granted` will not run. False: it
  // was granted, `granted` runs or has run, and it must be released.
  static bool Withdraw(RangeClaim& claim);

  void CheckInvariants() { shards_.CheckInvariants(); }
  // Shared claims are compared with nobody at the moment.
  bool direct();

 private:
  friend class RangeLane;
  class Locked;

  // Claims that a lane sends to the shards before it asks whether that is still needed.
  static constexpr uint32_t kPatience = 1024;

  static RangeLock* TableToShard(std::span<const RangePart> parts);
  static void Prepare(RangeClaim& claim, std::span<RangePart> parts, RangeClaim::Granted granted);
  static void Leave(RangeClaim& claim);
  void LeaveDirect();
  void TryDirect();

  RangeShards shards_;
  // Read under any shard's lock or mode_mutex_, written under all of them.
  bool direct_ = true;
  // Guarded by mode_mutex_.
  alignas(64) Mutex mode_mutex_;
  std::vector<RangeLane*> lanes_ QUIRE_GUARDED_BY(mode_mutex_);
  std::vector<OwnerLock*> lane_locks_ QUIRE_GUARDED_BY(mode_mutex_);
  uint64_t count_exclusive_before_ QUIRE_GUARDED_BY(mode_mutex_) = 0;  // when last asked
};

}  // namespace quire
