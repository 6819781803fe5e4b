// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The seam under the page-cache engine: a file, a block device, nothing at all, or a simulation.
// Owns: by implementation. Lifetime: outlives the File on it. Threads: any thread unless said.
// Errors: per operation, as the kernel would answer.
#pragma once

#include <bit>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "engine/ops.h"
#include "engine/reactor.h"
#include "pagecache/mapping.h"

namespace quire {

// What was found out about a backing when it was opened. Constant afterwards.
struct BackingTraits {
  std::string file_system;  // "ext4", "xfs", "btrfs", "tmpfs", "block device", "null", ...
  bool writable = true;
  bool discards_writes = false;  // the null disk
  bool writes_back = true;       // what is dirty goes to a device in the end (not tmpfs)
  bool residency_known = true;   // AskPages tells the truth (owner or writer of the file)
  bool nowait_write = false;     // pwritev2(RWF_NOWAIT) works
  bool reflink = false;          // FICLONE works
  bool punch_hole = false;       // gives space back, and reads as zeros then
  bool zero_range = false;
  // The least that a hole gives back, and where the first such piece starts.
  uint32_t punch_granularity_bytes = 0;
  uint32_t punch_offset_bytes = 0;
  // O_DIRECT: 0 when impossible. From statx(STATX_DIOALIGN), else the block device's sector.
  uint32_t direct_offset_align_bytes = 0;
  uint32_t direct_memory_align_bytes = 0;
  // Writes that are on the medium whole or not at all, even when power is lost (RWF_ATOMIC); a
  // maximum of 0 when there are none. From statx(STATX_WRITE_ATOMIC).
  uint32_t atomic_write_min_bytes = 0;
  uint32_t atomic_write_max_bytes = 0;

  // A power of two within the limits, at a multiple of itself.
  bool TakesAtomic(ByteRange range) const {
    return std::has_single_bit(range.length) && range.AlignedTo(range.length) &&
           range.length >= atomic_write_min_bytes && range.length <= atomic_write_max_bytes;
  }
};

// What a file has of its file system, and what is left there for everybody.
struct Room {
  uint64_t used_bytes = 0;
  uint64_t available_bytes = 0;
};

class Backing {
 public:
  virtual ~Backing() = default;

  virtual const BackingTraits& traits() const = 0;
  // The size now, as others may have left it; -errno as a negative number.
  virtual int64_t CurrentSize() = 0;
  // The room now; none where there is no file system. May block.
  virtual std::optional<Room> CurrentRoom() { return std::nullopt; }
  // Maps the bytes; the engine asks at open and again after growth.
  virtual absl::StatusOr<std::unique_ptr<Mapping>> Map(uint64_t size_bytes) = 0;
  // The descriptor for those who splice; -1 when there is none.
  virtual int fd() const { return -1; }
  // The one opened with O_DIRECT, for cache=none and for atomic writes; -1 when there is none.
  virtual int direct_fd() const { return -1; }

  // Residency. CountCached: bytes of `range` in memory, pages whose read is still in flight
  // included; no cost per byte; -1 when it cannot be told. AskPages: one byte per page of `range`
  // (page-aligned), 1 when the page is complete in memory; false when it cannot be told.
  virtual int64_t CountCached(ByteRange range) = 0;
  virtual bool AskPages(const Mapping& mapping, ByteRange range, std::span<uint8_t> pages) = 0;
  // Fills page tables for `range`. May block.
  virtual void Populate(const Mapping& mapping, ByteRange range) = 0;

  // Starts `op`, which was Start()ed on `reactor` and prepared with fd -1; the backing puts its
  // own descriptor in. `direct` asks for the one opened with O_DIRECT.
  enum class Via : uint8_t { kRing, kWorker };
  virtual void Submit(Reactor& reactor, IoOp& op, Via via, bool direct) = 0;
  // Does `op` now on the calling thread; may block unless its flags say RWF_NOWAIT.
  virtual IoResult RunNow(IoOp& op) = 0;
  // Copies a part of `range` of `source`, at least a byte of it, to `offset` here; shares it where
  // the file system can. Blocks. An error where it has no such copies, or not between these ranges:
  // then it must be read and written.
  virtual IoResult CopyFrom(Backing& source, ByteRange range, uint64_t offset) {
    static_cast<void>(source), static_cast<void>(range), static_cast<void>(offset);
    return IoResult::Error(EOPNOTSUPP);
  }
  // Grows (never shrinks) to `size_bytes`. Blocks. Positive errno, 0 when done.
  virtual int Grow(uint64_t size_bytes) = 0;
  // Cuts (never enlarges) to `size_bytes`. Blocks. Positive errno, 0 when done.
  virtual int Shrink(uint64_t size_bytes) = 0;
  // Makes the empty file open as `target` share all that this one has now. Blocks. Positive errno.
  virtual int CloneTo(int target) = 0;
  // Which parts of `range` have room of their own; as FindMapped (extents.h). Blocks.
  virtual int64_t FindMapped(ByteRange range, std::span<ByteRange> found) = 0;
};

}  // namespace quire
