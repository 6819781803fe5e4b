// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A backing in the memory of this process, with a page cache that is a table of bits: nothing waits
// for a device, and a test decides what is resident. Answers as a file of the kernel would.
// Owns: the memory. Threads: as Backing; Drop and Truncate any thread.
//
// The bytes lie in a nameless file of memory, so that mappings of them are real, and a page beyond
// the end raises SIGBUS. A touch through a mapping does not set a bit; only operations do.
#pragma once

#include <memory>
#include <vector>

#include "base/mutex.h"
#include "pagecache/backing.h"

namespace quire {

class MemoryBacking final : public Backing {
 public:
  explicit MemoryBacking(uint64_t size_bytes);
  ~MemoryBacking() override;

  // As if everything had been written back and evicted.
  void Drop();
  // As somebody else would: makes it shorter or longer.
  void Truncate(uint64_t size_bytes);
  uint64_t count_flushes();

  const BackingTraits& traits() const override { return traits_; }
  int64_t CurrentSize() override;
  absl::StatusOr<std::unique_ptr<Mapping>> Map(uint64_t size_bytes) override;
  int64_t CountCached(ByteRange range) override;
  bool AskPages(const Mapping& mapping, ByteRange range, std::span<uint8_t> pages) override;
  void Populate(const Mapping& mapping, ByteRange range) override;
  // By either way: done at once, and called back at the next turn.
  void Submit(Reactor& reactor, IoOp& op, Via via, bool direct) override;
  IoResult RunNow(IoOp& op) override;
  int Grow(uint64_t size_bytes) override;
  int Shrink(uint64_t size_bytes) override;
  int CloneTo(int target) override;
  int64_t FindMapped(ByteRange range, std::span<ByteRange> found) override;

 private:
  IoResult Read(IoOp& op);
  // Whole pages only, when they leave.
  void SetResident(ByteRange range, bool resident);
  // Resident bytes from the start of `range` on, without a gap.
  uint64_t ResidentPrefix(ByteRange range);

  // Constant after construction.
  const int fd_;
  BackingTraits traits_;
  // Guarded. Pages beyond the end of the vector are absent.
  Mutex mutex_;
  std::vector<uint8_t> resident_ QUIRE_GUARDED_BY(mutex_);
  uint64_t count_flushes_ QUIRE_GUARDED_BY(mutex_) = 0;
};

}  // namespace quire
