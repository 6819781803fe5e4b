// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The memory of all buffers: chunks of 4 MiB, each divided by a buddy into blocks of 2^order pages,
// in one growing data area. A chunk is what a ring registers as one fixed buffer.
//
//   chunk     [ absent ] --Take--> [ in use ] --all free, and idle long enough--> [ retiring ]
//                 ^                     ^------------------Take------------------------|
//                 +----------- every ring has let go of it (Detach) -------------------+
//
// Takes the leftmost block of the lowest chunk that has one, so that high chunks become free.
// Requests above 4 MiB, and runs of pages that must be in one piece where chunks have only parts
// left, are mapped on their own, under a cap of their own, and unmapped when they come back. Owns:
// all of it. Lifetime: outlives every block; the destructor checks that all came back. Threads: any
// thread; one mutex, held for less than a microsecond, or for one system call where a chunk goes or
// a mapping comes and goes. Pools keep it off the path of a request. Errors: "full" is an ordinary
// answer.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "sg/buddy.h"
#include "sg/data_area.h"
#include "sg/page_source.h"

namespace quire {

class Regions : public PageSource {
 public:
  static constexpr uint64_t kUnitBytes = kPageBytes;
  static constexpr uint64_t kChunkBytes = Buddy::kUnits * kUnitBytes;  // 4 MiB

  struct Options {
    uint64_t max_bytes = uint64_t{1} << 30;          // of chunks, never exceeded; in whole ones
    uint64_t max_mapped_bytes = uint64_t{64} << 20;  // of what is mapped on its own
    uint64_t idle_ns = kNsPerSecond;   // a free chunk is kept for so long: pools have aged it
    DataAreaFamily* family = nullptr;  // outlives this
    const Clock* clock = &Clock::System();
  };

  struct Stats {
    uint64_t chunks = 0, idle_chunks = 0;  // now: with memory; of these wholly free
    uint64_t mapped_bytes = 0;             // now: on their own
    uint64_t used_bytes = 0;               // now: of blocks taken, mapped ones included
    uint64_t grown_chunks = 0, retired_chunks = 0;
    uint64_t taken = 0, mapped_taken = 0;
    uint64_t refused = 0;     // nothing left
    uint64_t registered = 0;  // chunks attached to rings now, once per ring
  };

  static absl::StatusOr<std::unique_ptr<Regions>> Create(const Options& options);
  ~Regions() override;

  // A block of at least `length_bytes`, cut to exactly that; empty when there is none. A block
  // within a chunk is aligned to its size. REQUIRES: length_bytes > 0.
  std::span<std::byte> Take(uint64_t length_bytes);
  // `block` as Take answered it.
  void Release(std::span<std::byte> block);

  // A block of up to `count_pages`: the whole, or the largest power of two that is left in one
  // piece.
  std::span<std::byte> TakePages(uint64_t count_pages) override;
  std::span<std::byte> TakeRun(uint64_t count_pages) override;
  void ReleasePages(std::span<std::byte> piece) override { Release(piece); }

  // Retires chunks that were free since `idle_ns` before now, at most `max_chunks`, the oldest
  // first. Those that rings have registered only begin to: see Retiring. Returns how many went.
  uint32_t Retire(uint64_t idle_ns, uint32_t max_chunks);
  uint32_t Retire(uint32_t max_chunks) { return Retire(options_.idle_ns, max_chunks); }

  // ---- For those who register chunks ----
  // The chunk that a byte lies in, in constant time; nothing for mapped blocks and foreign memory.
  std::optional<uint32_t> ChunkOf(const std::byte* byte) const {
    const auto offset = static_cast<uint64_t>(byte - area_->memory().data());
    if (offset >= area_->memory().size()) return std::nullopt;
    return static_cast<uint32_t>(offset / kChunkBytes);
  }
  std::span<std::byte> chunk(uint32_t index) const { return area_->block(index); }
  uint32_t count_chunks() const { return area_->count_blocks(); }
  // From here on the chunk keeps its memory until Detach. REQUIRES: the caller has a block in it.
  void Attach(uint32_t index);
  void Detach(uint32_t index);
  // True: whoever is attached should unregister the chunk and detach.
  bool Retiring(uint32_t index) const {
    return chunks_[index].retiring.load(std::memory_order_relaxed);
  }
  bool any_retiring() const { return count_retiring_.load(std::memory_order_relaxed) > 0; }

  // All bytes lie in this descriptor's memory, mapped blocks apart.
  const DataArea& area() const { return *area_; }
  Stats stats() const;
  DataArea::Stats area_stats() const;
  void CheckInvariants() const;

 private:
  struct Chunk {
    std::unique_ptr<Buddy> buddy;  // none: absent
    uint64_t free_since_ns = 0;
    uint32_t count_attached = 0;
    std::atomic<bool> retiring{false};
  };

  Regions(const Options& options, std::unique_ptr<DataArea> area);
  std::span<std::byte> TakeBlock(uint32_t order, uint64_t length_bytes) QUIRE_REQUIRES(mutex_);
  bool HasRoom(uint32_t index, uint32_t order) const QUIRE_REQUIRES(mutex_);
  void LowerFirst(uint32_t index) QUIRE_REQUIRES(mutex_);
  Chunk* Grow() QUIRE_REQUIRES(mutex_);
  std::span<std::byte> TakeMapped(uint64_t length_bytes) QUIRE_REQUIRES(mutex_);
  std::vector<uint32_t> IdleSince(uint64_t idle_ns) const QUIRE_REQUIRES(mutex_);
  void SetRetiring(Chunk& chunk, bool retiring) QUIRE_REQUIRES(mutex_);
  void Drop(uint32_t index) QUIRE_REQUIRES(mutex_);

  // Constant after construction.
  const Options options_;
  const std::unique_ptr<DataArea> area_;
  // Any thread.
  std::atomic<uint32_t> count_retiring_{0};
  // Guarded, but for Chunk::retiring.
  mutable Mutex mutex_;
  std::vector<Chunk> chunks_;
  // INVARIANT: no chunk below has a block of that order.
  std::array<uint32_t, Buddy::kMaxOrder + 1> first_ QUIRE_GUARDED_BY(mutex_) = {};
  uint32_t chunks_end_ QUIRE_GUARDED_BY(mutex_) = 0;  // all above are absent
  Stats stats_ QUIRE_GUARDED_BY(mutex_);
};

}  // namespace quire
