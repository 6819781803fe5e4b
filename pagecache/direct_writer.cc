// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/direct_writer.h"

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "sg/copy.h"

namespace quire {
namespace {

// Newer than Debian 12's headers (Linux 6.11).
constexpr uint32_t kRwfAtomic = 0x40;
// The kernel gives up an atomic write when it could not drop what it has cached of the range, for
// example because another program dirtied it again.
constexpr uint32_t kMaxTries = 16;

}  // namespace

void DirectWriter::Start(WriteOp& op, FileOp::Step done) {
  op.written = done;
  op.bounce = nullptr;
  op.count_tries = 0;
  Write(op, IoResult::Bytes(0));
}

bool DirectWriter::AlignedSource(const WriteOp& op) {
  // statx(2): addresses and lengths each have their own alignment.
  if (op.atomic && op.source.segments().size() > 1) return false;  // the kernel takes one piece
  const BackingTraits& traits = op.channel->file_.traits();
  const uint64_t address_mask = traits.direct_memory_align_bytes - 1;
  const uint64_t length_mask = traits.direct_offset_align_bytes - 1;
  return std::ranges::all_of(op.source.segments(), [=](const Segment& piece) {
    return (reinterpret_cast<uintptr_t>(piece.data) & address_mask) == 0 &&
           (piece.size_bytes & length_mask) == 0;
  });
}

// The requester's own memory may be registered as well. Atomic writes take plain memory only.
int32_t DirectWriter::FixedBufferOf(const WriteOp& op, const Segment& piece) {
  if (op.atomic) return -1;
  return op.channel->reactor_.memory().FixedBufferOf({piece.data, piece.size_bytes});
}

void DirectWriter::Write(FileOp& file_op, IoResult) {
  WriteOp& op = static_cast<WriteOp&>(file_op);
  if (op.aligned == op.range && AlignedSource(op)) {
    Submit(op, op.source.segments());
    return;
  }
  op.bounce = op.channel->TakeMemory(op, op.aligned.length, Write);
  if (op.bounce == nullptr) return;
  if (op.range.offset != op.aligned.offset) {
    ReadEdge(op, op.aligned.offset, OnHeadRead);
  } else {
    OnHeadRead(op, IoResult::Bytes(0));
  }
}

void DirectWriter::ReadEdge(WriteOp& op, uint64_t offset, FileOp::Step next) {
  const uint32_t block = op.channel->file_.traits().direct_offset_align_bytes;
  const Segment piece{op.bounce->memory().data() + (offset - op.aligned.offset), block};
  op.io.PrepareRead(-1, offset, {&piece, 1});
  op.io.fixed_buffer = FixedBufferOf(op, piece);
  op.channel->Submit(op, Backing::Via::kRing, /*direct=*/true, next);
}

void DirectWriter::OnHeadRead(FileOp& file_op, IoResult result) {
  WriteOp& op = static_cast<WriteOp&>(file_op);
  const uint32_t block = op.channel->file_.traits().direct_offset_align_bytes;
  const bool head_was_read = op.range.offset != op.aligned.offset;
  if (!result.ok()) {
    Finish(op, result);
    return;
  }
  if (head_was_read && result.bytes() < block) {
    Finish(op, IoResult::Error(EIO));  // the file is shorter than the disk
    return;
  }
  const uint64_t last_block = op.aligned.end() - block;
  const bool same_block = last_block == op.aligned.offset && head_was_read;
  if (op.range.end() == op.aligned.end() || same_block) {
    OnTailRead(op, IoResult::Bytes(block));
  } else {
    ReadEdge(op, last_block, OnTailRead);
  }
}

void DirectWriter::OnTailRead(FileOp& file_op, IoResult result) {
  WriteOp& op = static_cast<WriteOp&>(file_op);
  if (!result.ok() || result.bytes() < op.channel->file_.traits().direct_offset_align_bytes) {
    Finish(op, result.ok() ? IoResult::Error(EIO) : result);
    return;
  }
  const Segment inside{op.bounce->memory().data() + (op.range.offset - op.aligned.offset),
                       op.range.length};
  CopySg(SgView({&inside, 1}), op.source);
  const Segment whole{op.bounce->memory().data(), op.aligned.length};
  Submit(op, {&whole, 1});
}

bool DirectWriter::Stable(const WriteOp& op) {
  return op.fua || op.channel->file_.options().cache == CacheMode::kWritethrough;
}

void DirectWriter::Submit(WriteOp& op, std::span<const Segment> pieces) {
  if (op.channel->file_.backing_->CurrentSize() < static_cast<int64_t>(op.range.end())) {
    Finish(op, IoResult::Error(EIO));
    return;
  }
  const uint32_t flags = (Stable(op) ? RWF_DSYNC : 0) | (op.atomic ? kRwfAtomic : 0);
  op.io.PrepareWrite(-1, op.aligned.offset, pieces, flags);
  if (pieces.size() == 1) op.io.fixed_buffer = FixedBufferOf(op, pieces[0]);
  op.channel->Submit(op, Backing::Via::kRing, /*direct=*/true, OnWritten);
}

void DirectWriter::OnWritten(FileOp& file_op, IoResult result) {
  WriteOp& op = static_cast<WriteOp&>(file_op);
  if (op.atomic && result.error() == EAGAIN) {
    if (++op.count_tries < kMaxTries) {
      Submit(op, op.io.segments);
    } else {
      Finish(op, IoResult::Error(EBUSY));
    }
    return;
  }
  if (!result.ok()) {
    // What is to be stable is flushed with it; that may be what failed, and it is about earlier
    // writes, too.
    if (Stable(op) && result.error() == EIO) op.channel->file_.Latch(EIO);
    Finish(op, result);
    return;
  }
  if (result.bytes() < op.aligned.length) {
    // Short: the rest by the page cache would be incoherent; the initiator writes again.
    Finish(op, IoResult::Error(ENOSPC));
    return;
  }
  Finish(op, result);
}

void DirectWriter::Finish(WriteOp& op, IoResult result) {
  if (op.bounce != nullptr) op.channel->ReturnMemory(*op.bounce);
  op.bounce = nullptr;
  op.written(op, result);
}

}  // namespace quire
