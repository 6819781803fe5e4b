// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A range of addresses that grows and shrinks block by block: reserved at its full size, backed by
// a memfd as blocks are taken, so that another process can map the same memory.
//
//   block   0    1    2    3    4    5    6    7   ...
//          [used][spare][used][spare][absent ............]
//                                ^ highest in use: what is spare behind it is the tail
//
//   absent: no memory behind it. used: taken. spare: given back, its memory kept for the next one.
//   INVARIANT: every block is exactly one of the three.
//
// The lowest spare block is taken first, then the lowest absent one: use stays low, and the tail
// can be culled. All areas of a family share a soft limit. It never refuses: while it is exceeded,
// each area gives back at its next Tick the tail that it used neither in this period nor in the one
// before (an idle one gives everything, a bursting one keeps what its bursts need). Memory that a
// stranger touched behind absent blocks goes as each period starts.
//
// Indices that another process wrote are looked up by Look and TakeBack only, which believe
// nothing and know only blocks that were given to it. The size of the memfd is sealed: nobody can
// cut the memory off.
//
// Owns: its memory. Lifetime: the family and the clock outlive it; the destructor checks that every
// block came back. Threads: one owner at a time.
// Errors: "full" is an ordinary answer; whoever then waits is served in order, or refused at its
// deadline.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/intrusive_list.h"
#include "sg/number_set.h"

namespace quire {

// The soft limit over several areas. Threads: any thread.
class DataAreaFamily {
 public:
  explicit DataAreaFamily(uint64_t soft_limit_bytes = uint64_t{2} << 30)
      : soft_limit_bytes_(soft_limit_bytes) {}
  ~DataAreaFamily() { QUIRE_CHECK(touched_bytes() == 0); }

  uint64_t soft_limit_bytes() const { return soft_limit_bytes_; }
  // Memory behind all areas.
  uint64_t touched_bytes() const { return touched_bytes_.load(std::memory_order_relaxed); }
  // How much must go once the limit is exceeded: an eighth below it, so that the next block does
  // not exceed it again. 0 while it is not exceeded.
  uint64_t ExcessBytes() const;

 private:
  friend class DataArea;
  const uint64_t soft_limit_bytes_;
  std::atomic<uint64_t> touched_bytes_{0};
};

class DataArea {
 public:
  struct Options {
    uint64_t size_bytes = uint64_t{1} << 30;  // of the range; a multiple of the block
    uint64_t block_bytes = 64 * 1024;         // a power of two, at least a page
    uint64_t period_ns = 5 * kNsPerSecond;    // what is used is kept for one more of them
    DataAreaFamily* family = nullptr;         // nullptr: no soft limit
    const Clock* clock = &Clock::System();
  };

  // A request for blocks that could not be served at once. Caller-owned, stays where it is until
  // `done` ran or Cancel returned.
  struct Waiter : ListNode<> {
    std::span<uint32_t> blocks;  // filled with indices before `done(granted)`
    uint64_t deadline_ns = 0;
    void (*done)(Waiter& waiter, bool granted) = nullptr;
  };

  struct Stats {
    uint64_t used_blocks = 0, spare_blocks = 0;  // now
    uint64_t grown = 0;                          // blocks that got memory
    uint64_t reused = 0;                         // blocks taken that had some
    uint64_t culled = 0;                         // blocks whose memory was given back
    uint64_t refused = 0;                        // requests that found it full
    uint64_t expired = 0;                        // waiters whose deadline passed
    uint64_t untrusted_refused = 0;              // indices from another process that were wrong
  };

  static absl::StatusOr<std::unique_ptr<DataArea>> Create(const Options& options);
  ~DataArea();
  DataArea(const DataArea&) = delete;
  DataArea& operator=(const DataArea&) = delete;

  // Fills `blocks` with indices, the lowest first. All or nothing: false when there are not enough,
  // or others wait. The bytes are whatever a former user left there.
  [[nodiscard]] bool Take(std::span<uint32_t> blocks);
  // Takes them as soon as there are enough and whoever came before was served: `done` runs inside
  // the call that made it possible, this one included, or the Tick that found the deadline passed.
  // What a `done` itself makes possible comes after it.
  // REQUIRES: no more than the area has.
  void Wait(Waiter& waiter);
  void Cancel(Waiter& waiter);
  // REQUIRES: taken.
  void Release(uint32_t block);
  // Gives back the memory of a spare block. REQUIRES: released.
  void Drop(uint32_t block);
  // Ages waiters and gives back what the family asks for; to be called about once a second.
  void Tick();

  // From now on the other process may name the block.
  // REQUIRES: taken, not given.
  void Give(uint32_t block);
  // The block that another process names, if it is one that was given to it.
  std::optional<std::span<std::byte>> Look(uint64_t untrusted_index);
  // The other process is done with it: no longer given. The owner releases it, once nothing of its
  // own is under way there any more. Nothing when it names none.
  [[nodiscard]] std::optional<uint32_t> TakeBack(uint64_t untrusted_index);

  std::span<std::byte> memory() const { return memory_; }
  std::span<std::byte> block(uint32_t index) const {
    return memory_.subspan(index * options_.block_bytes, options_.block_bytes);
  }
  uint32_t count_blocks() const { return count_blocks_; }
  // The memory as a descriptor for another process.
  int fd() const { return fd_; }
  const Stats& stats() const { return stats_; }
  void CheckInvariants() const;

 private:
  DataArea(const Options& options, std::span<std::byte> memory, int fd);
  void TakeOne(uint32_t& block);
  uint64_t CountAvailable() const { return spare_.size() + absent_.size(); }
  void ServeWaiters();
  void RefuseOverdue(uint64_t now_ns);
  void StartPeriod(uint64_t now_ns);
  void CullTail(uint64_t excess_bytes);
  void DropStrangers();
  void Punch(uint64_t first, uint64_t count) const;
  void Account(int64_t change_blocks);

  // Constant after construction.
  const Options options_;
  const std::span<std::byte> memory_;
  const uint32_t count_blocks_;
  const int fd_;
  // Its owner's.
  NumberSet used_, spare_, absent_;
  NumberSet given_;  // INVARIANT: all of them are used
  IntrusiveList<Waiter> waiters_;
  bool serving_ = false;
  uint64_t period_start_ns_ = 0;
  // One behind the highest block in use at any time of this and of the last period.
  uint64_t peak_ = 0, last_peak_ = 0;
  Stats stats_;
};

}  // namespace quire
