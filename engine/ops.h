// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Typed operations: what a reactor can do, with the kernel's own arguments.
// Owns: nothing; the memory that `segments` points at belongs to the caller until the callback.
// Threads: as Completion.
#pragma once

#include <cstdint>
#include <span>

#include "base/byte_range.h"
#include "engine/completion.h"
#include "sg/segment.h"

namespace quire {

// Something that a worker thread can do. `work` runs once, on any thread, and may block.
struct WorkOp : Completion {
  using Work = IoResult (*)(WorkOp& op);
  Work work = nullptr;
};

// An operation on a descriptor: by io_uring, or by a worker thread where there is no ring.
// Fill the fields with the named functions, then Reactor::Submit.
struct IoOp : WorkOp {
  enum class Kind : uint8_t { kRead, kWrite, kFlush, kFallocate };

  Kind kind = Kind::kRead;
  int fd = -1;
  int32_t fixed_file = -1;    // index from FixedFile, used where the ring has it
  int32_t fixed_buffer = -1;  // index from FixedBuffer; the single segment lies inside it
  ByteRange range;
  std::span<const Segment> segments;  // kRead, kWrite
  Segment single;                     // a one-piece transfer is copied here
  uint32_t flags = 0;                 // RWF_* or FALLOC_FL_*, by kind

  // The named functions set every field above and clear the fixed_ ones: set those afterwards.
  //
  // A transfer of at most the length of `segments`; short results are possible and not resumed.
  // Two and more segments stay the caller's until the callback; one is copied.
  void PrepareRead(int fd, uint64_t offset, std::span<const Segment> segments, uint32_t rwf = 0);
  void PrepareWrite(int fd, uint64_t offset, std::span<const Segment> segments, uint32_t rwf = 0);
  // fdatasync of `range`: data, and the metadata needed to read it, are on the medium when done.
  // An empty range means the whole file.
  void PrepareFlush(int fd, ByteRange range);
  void PrepareFallocate(int fd, ByteRange range, int mode);

  // The same operation by plain system calls on the calling thread (blocks). A flush is of the
  // whole file here: no other system call makes a range durable.
  IoResult RunBlocking() const;

 private:
  void Prepare(Kind kind, int fd, ByteRange range, uint32_t flags);
};

}  // namespace quire
