// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Who is at which bytes of one file: references that are lent, reads that are being filled, writes
// that are landing, and those who wait for one of them.
//
// Rules (a request waits for *earlier* ones that overlap it, so that nobody starves and no circle
// of waiters can form):
//
//   new \ earlier      lent      fill, waiting for anything     write
//   lent read          -         waits only for a waiting write  waits
//   fill               -         waits (single flight)           waits
//   write              -  (*)    waits                           waits
//
// (*) A lent reference never holds up a write: if its reader asked for stable bytes, those not yet
// consumed are made private first.
//
// Frozen, a write that comes waits until it is thawed, whatever it overlaps; those before go on.
//
// Owns: nothing; pins belong to their requests. Lifetime: the destructor checks that it is empty.
// Threads: any thread. A shard's lock is held for a walk over the pins of 4 MiB of file.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/mutex.h"
#include "pagecache/pin.h"
#include "pagecache/units.h"

namespace quire {

class PinTable {
 public:
  PinTable() = default;
  ~PinTable();
  PinTable(const PinTable&) = delete;
  PinTable& operator=(const PinTable&) = delete;

  // Enters `pin`. True: granted now. False: it waits, and `granted` will run, perhaps before this
  // call returns. `stable` (kLent only) is what a later overlapping write makes private.
  // REQUIRES: range not empty, in at most two neighbouring spans of kMaxTransferBytes.
  bool Acquire(Pin& pin, ByteRange range, PinKind kind, Pin::Granted granted,
               StableBytes* stable = nullptr);
  // One of the two ranges that a copy is at.
  struct Wanted {
    PinTable& table;
    Pin& pin;
    ByteRange range;
    PinKind kind;
  };
  // Enters both at one instant: "earlier" is then the same in both tables, and no circle of waiters
  // can form through them. How many were granted now; for each of the others `granted` will run.
  // REQUIRES: as for Acquire; two ranges of one table do not overlap.
  static uint32_t AcquireBoth(const Wanted& first, const Wanted& second, Pin::Granted granted);
  // A granted fill becomes a lent reference; those who waited for it are granted.
  void LendFilled(Pin& pin, StableBytes* stable = nullptr);
  // Leaves the table; those who waited for it are granted.
  void Release(Pin& pin);

  // One freezes at a time. With AllLanded nothing changes the file's bytes until Thaw.
  void Freeze();
  // No write that came before the freeze is on its way any more. REQUIRES: frozen.
  bool AllLanded();
  void Thaw();

  // True when a reference into `range` (of any length) is lent or about to be.
  bool AnyIn(ByteRange range);
  uint64_t count() const;
  // Times that bytes were copied because a write met a stable reference.
  uint64_t count_made_private() const {
    return count_made_private_.load(std::memory_order_relaxed);
  }
  void CheckInvariants();

 private:
  static constexpr size_t kShards = 32;
  static constexpr uint64_t kShardSpanBytes = kMaxTransferBytes;
  using Nodes = IntrusiveList<Pin::Node>;

  struct alignas(64) Shard {
    mutable Mutex mutex;
    uint64_t count QUIRE_GUARDED_BY(mutex) = 0;  // pins whose first shard this is
    Nodes marks QUIRE_GUARDED_BY(mutex);  // fills, writes and all who wait, in order of arrival
    Nodes lent QUIRE_GUARDED_BY(mutex);
    uint64_t next_arrival QUIRE_GUARDED_BY(mutex) = 0;
  };
  // The one or two shards of a range; the functions below want them locked.
  struct Reach {
    Shard* shards[2] = {nullptr, nullptr};
    Shard** begin() { return shards; }
    Shard** end() { return shards + (shards[1] != nullptr ? 2 : 1); }
  };
  class Locked;
  class BothLocked;
  class AllLocked;

  Reach ReachOf(ByteRange range);
  static bool MustWait(const Pin& later, const Pin& earlier);
  static void Arrive(Reach reach, Pin& pin);
  bool Blocked(Reach reach, const Pin& pin) const;
  // False: it waits. REQUIRES: the fields of the pin are set.
  bool Admit(Reach reach, Pin& pin);
  static void Enter(Reach reach, Pin& pin);
  static void Leave(Reach reach, Pin& pin);
  void MakePrivate(Reach reach, const Pin& write);
  // Grants whoever waits and is not blocked any more.
  void GrantWaiters();
  void Grant(Pin& pin);

  std::array<Shard, kShards> shards_;
  // Writes that come now wait. Changed under the locks of all shards, read under any.
  bool frozen_ = false;
  std::atomic<uint64_t> count_waiting_{0};  // changed under the waiter's locks
  std::atomic<uint64_t> count_made_private_{0};
};

}  // namespace quire
