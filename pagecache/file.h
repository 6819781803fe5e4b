// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The door: a backing file opened for serving by reference. Shared by all reactors; each does its
// reads and writes through a FileChannel of its own.
// Owns: the backing, its mappings, the pin table, the residency hints.
// Lifetime: outlives its channels and every reference lent; the destructor checks both.
// Threads: any thread. Open, Grow, Shrink and RetireAll block; they are for management.
// Errors: Status that says what to do.
//
// Other processes: a lock keeps a second Quire away. Any other program may still read and write the
// file; it sees what the kernel gives, at the kernel's granularity, and so does a reader here whose
// reference lies over bytes that such a program changes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/counter.h"
#include "base/mutex.h"
#include "base/poll_until.h"
#include "pagecache/backing.h"
#include "pagecache/flush_gate.h"
#include "pagecache/path_choice.h"
#include "pagecache/pin_table.h"
#include "pagecache/residency.h"
#include "pagecache/write_costs.h"
#include "pagecache/write_density.h"
#include "pagecache/write_pressure.h"

namespace quire {

// What is true of data when its write is acknowledged, and what the disk tells about it.
enum class CacheMode : uint8_t {
  kWriteback,     // in the page cache; a flush makes it stable (WCE=1)
  kWritethrough,  // on the medium; through the page cache (WCE=0)
  kNone,          // given to the device by O_DIRECT; a flush makes it stable (WCE=1)
};

struct FileOptions {
  std::string path;  // a regular file, a block device, or "null"
  CacheMode cache = CacheMode::kWriteback;
  bool read_only = false;
  bool share = false;                            // opens without the owner's lock
  bool hints = true;                             // believe residency hints (0 system calls a hit)
  uint64_t null_size_bytes = uint64_t{1} << 40;  // of "null"
  uint64_t page_table_budget_bytes = 32 * 1024 * 1024;
  const Clock* clock = &Clock::System();
};

// Counted since the file was opened.
struct FileStats {
  uint64_t reads = 0, writes = 0, syncs = 0, discards = 0, copies = 0;
  uint64_t read_bytes = 0, written_bytes = 0;
  uint64_t referenced_bytes = 0;  // of read_bytes, answered by page references
  uint64_t hint_hits = 0;         // reads answered without a system call
  uint64_t renewed = 0;           // hints renewed by one mincore
  uint64_t waits = 0;             // requests that waited for an overlapping one
  uint64_t warmed_regions = 0;
  uint64_t retired_windows = 0;
  uint64_t revoked = 0;           // references over pages that were lost
  uint64_t made_private = 0;      // stable reads copied because a write met them
  uint64_t lent = 0;              // requests in the pin table now
  uint64_t page_table_bytes = 0;  // now, estimated
  std::array<uint64_t, kCountReadPaths> read_paths{};
  std::array<uint64_t, kCountWritePaths> write_paths{};
  std::array<uint64_t, kCountWriteReasons> write_reasons{};
};

class File {
 public:
  static absl::StatusOr<std::unique_ptr<File>> Open(const FileOptions& options);
  // On any backing: the seam for simulations and faults.
  static absl::StatusOr<std::unique_ptr<File>> Open(std::unique_ptr<Backing> backing,
                                                    const FileOptions& options);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  uint64_t size_bytes() const { return size_bytes_.load(std::memory_order_acquire); }
  const BackingTraits& traits() const { return backing_->traits(); }
  const FileOptions& options() const { return options_; }
  // What the file takes and what is left for it; none where there is no file system. May block.
  std::optional<Room> CurrentRoom() { return backing_->CurrentRoom(); }
  // One line: file system, cache mode, what was probed.
  std::string Describe() const;

  // Takes over a larger size of the file, or makes the file larger. Never shrinks; one at a time.
  absl::Status Grow(uint64_t size_bytes);

  // Cuts the file, and loses what is behind `size_bytes`. Requests that reach beyond are refused
  // from now on; those in flight and references into the cut part are waited for, so that none of
  // them fails or faults. When that takes longer than `patience_ns` the file stays as it was.
  absl::Status Shrink(uint64_t size_bytes, uint64_t patience_ns = kPatienceNs);

  // A failed flush may have lost acknowledged data: from then on writes and flushes fail with its
  // errno until an operator has looked and clears it. 0 when all is well.
  int latched_error() const { return latched_error_.load(std::memory_order_acquire); }
  void ClearLatchedError() { latched_error_.store(0, std::memory_order_release); }

  // Which parts of `range` have room of their own, as Backing::FindMapped. Blocks: for a worker.
  int64_t FindMapped(ByteRange range, std::span<ByteRange> found) {
    return backing_->FindMapped(range, found);
  }

  FileStats stats() const;
  // Gives back the page tables of every window that no reference lies in.
  void RetireAll();

 private:
  friend class FileChannel;
  friend class Reader;
  friend class Inserter;
  friend class Discarder;
  friend class Copier;
  friend class Syncer;
  friend class Housekeeping;
  friend class FileSnapshot;

  friend class Filler;
  friend class Lender;
  friend class DirectWriter;

  // One answer per page of the longest transfer, and one more where it is not aligned.
  using Pages = std::array<uint8_t, kMaxTransferBytes / kPageBytes + 1>;

  // A mapping and the hints about it are made for one capacity.
  struct Place {
    std::unique_ptr<Mapping> mapping;
    std::unique_ptr<Residency> residency;
    std::unique_ptr<WriteDensity> density;
  };

  File(std::unique_ptr<Backing> backing, const FileOptions& options);
  absl::Status MapAnew(uint64_t size_bytes);
  // nullptr when the file is not mapped (cache=none, SIGBUS declined, no address space).
  Place* place() const { return place_.load(std::memory_order_acquire); }
  bool mapped() const { return place() != nullptr; }
  absl::Status CheckAligned(uint64_t size_bytes) const;
  absl::Status Resized(int error, uint64_t size_bytes) const;
  bool direct() const { return options_.cache == CacheMode::kNone && !traits().discards_writes; }
  uint32_t NowEpoch() const {
    return static_cast<uint32_t>(options_.clock->NowCoarseNs() / Residency::kEpochNs) + 2;
  }
  void Latch(int error);
  // Flushes all of the file on the calling thread; as Syncer::Flush. Positive errno, 0 when done.
  int FlushNow();

  // Renews hints that are too old, or forgets them. True when every page of `range` is in memory.
  bool RenewHint(Place& place, ByteRange range, uint32_t epoch);
  bool AllThere(const Mapping& mapping, ByteRange pages);
  // Asks page by page; leaves one answer (0 or 1) for each page that `range` touches.
  Resident Ask(const Place& place, ByteRange range, Pages& there);
  // Verifies that every page of `region` is in memory and complete, and fills its page tables.
  // Blocks. True when the region was found complete.
  bool WarmRegion(uint64_t region);
  // Retires the longest unused windows, last used before `epoch`, until at most `budget_bytes` of
  // page tables are left. Blocks.
  void RetireWindows(uint32_t epoch, uint64_t budget_bytes);

  // Counters of one channel, written by its reactor only.
  struct Counters {
    Counter reads, writes, syncs, discards, copies, read_bytes, written_bytes, referenced_bytes;
    Counter hint_hits, renewed, waits;
    std::array<Counter, kCountReadPaths> read_paths;
    std::array<Counter, kCountWritePaths> write_paths;
    std::array<Counter, kCountWriteReasons> write_reasons;
  };
  Counters* AddChannel();

  // Constant after construction.
  const std::unique_ptr<Backing> backing_;
  const FileOptions options_;
  // Any thread, each with its own synchronization.
  PinTable pins_;
  WriteCosts costs_;
  WritePressure pressure_;
  FlushGate flushes_;
  std::atomic<uint64_t> size_bytes_{0};
  std::atomic<Place*> place_{nullptr};
  std::atomic<int> latched_error_{0};
  std::atomic<bool> nowait_read_{true};  // until the file system says that it cannot (tmpfs)
  std::atomic<uint32_t> count_channels_{0};
  std::atomic<uint64_t> warmed_regions_{0};
  std::atomic<uint64_t> retired_windows_{0};
  std::atomic<uint64_t> revoked_{0};
  // Guarded.
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Place>> places_ QUIRE_GUARDED_BY(mutex_);  // older ones may be lent
  std::vector<std::unique_ptr<Counters>> counters_ QUIRE_GUARDED_BY(mutex_);
  Mutex resize_mutex_;  // one resizes at a time; held across system calls, never on a reactor
  Mutex retire_mutex_;  // one retires at a time; held across system calls, never on a reactor
};

}  // namespace quire
