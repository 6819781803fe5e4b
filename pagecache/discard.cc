// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/discard.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "pagecache/sync.h"

namespace quire {
namespace {

// Zeros to write from where the file system has no better way.
alignas(4096) constexpr std::array<std::byte, 64 * 1024> kZeros{};

}  // namespace

void Discarder::Start(DiscardOp& op) {
  FileChannel& channel = *op.channel;
  const File& file = channel.file_;
  const BackingTraits& traits = file.traits();
  channel.counters_.discards.Add();
  op.progress_bytes = 0;
  int error = 0;
  if (!op.range.FitsIn(file.size_bytes())) {
    error = EINVAL;
  } else if (!traits.writable) {
    error = EROFS;
  } else if (file.latched_error() != 0) {
    error = file.latched_error();
  } else if (!op.zero && !traits.punch_hole) {
    error = EOPNOTSUPP;
  }
  if (error != 0) {
    channel.Finish(op, IoResult::Error(error));
  } else if (op.range.empty() || traits.discards_writes) {
    channel.Finish(op, IoResult::Bytes(0));
  } else {
    NextPiece(op);
  }
}

// All pieces but the first and the last are aligned, whatever the device's sectors are.
ByteRange Discarder::Piece(const DiscardOp& op) {
  const uint64_t left = op.range.length - op.progress_bytes;
  const uint64_t offset = op.range.offset + op.progress_bytes;
  return {offset, std::min(left, kMaxTransferBytes - offset % kMaxTransferBytes)};
}

void Discarder::NextPiece(DiscardOp& op) {
  op.channel->Acquire(op, Piece(op), PinKind::kWrite, OnGranted);
}

void Discarder::OnGranted(FileOp& file_op, IoResult) {
  DiscardOp& op = static_cast<DiscardOp&>(file_op);
  File& file = op.channel->file_;
  const ByteRange piece = Piece(op);
  if (!op.channel->IsThere(piece)) {
    OnDone(op, IoResult::Error(ERANGE));
    return;
  }
  // A write of zeros beyond the end would make a truncated file look whole again.
  if (file.backing_->CurrentSize() < static_cast<int64_t>(piece.end())) {
    OnDone(op, IoResult::Error(EIO));
    return;
  }
  if (File::Place* place = file.place(); place != nullptr) place->residency->Forget(piece);
  if (op.zero && !file.traits().zero_range) {
    WriteZeros(op, 0);
    return;
  }
  const int mode = FALLOC_FL_KEEP_SIZE | (op.zero ? FALLOC_FL_ZERO_RANGE : FALLOC_FL_PUNCH_HOLE);
  op.io.PrepareFallocate(-1, piece, mode);
  op.channel->Submit(op, Backing::Via::kRing, /*direct=*/false, OnDone);
}

void Discarder::WriteZeros(DiscardOp& op, uint64_t done_bytes) {
  const ByteRange piece = Piece(op);
  const uint64_t length = std::min<uint64_t>(piece.length - done_bytes, kZeros.size());
  const Segment zeros{const_cast<std::byte*>(kZeros.data()), length};
  op.io.PrepareWrite(-1, piece.offset + done_bytes, {&zeros, 1});
  op.channel->Submit(op, Backing::Via::kWorker, /*direct=*/false, OnZerosWritten);
}

void Discarder::OnZerosWritten(FileOp& file_op, IoResult result) {
  DiscardOp& op = static_cast<DiscardOp&>(file_op);
  const ByteRange piece = Piece(op);
  if (!result.ok() || result.bytes() == 0) {
    OnDone(op, result.ok() ? IoResult::Error(ENOSPC) : result);
    return;
  }
  const uint64_t done = op.io.range.offset - piece.offset + result.bytes();
  if (done < piece.length) {
    WriteZeros(op, done);
  } else {
    OnDone(op, IoResult::Bytes(0));
  }
}

void Discarder::OnDone(FileOp& file_op, IoResult result) {
  DiscardOp& op = static_cast<DiscardOp&>(file_op);
  FileChannel& channel = *op.channel;
  File& file = channel.file_;
  const ByteRange piece = Piece(op);
  if (result.error() == EINTR || result.error() == EAGAIN) {
    OnGranted(op, IoResult::Bytes(0));
    return;
  }
  // EINVAL: these are not whole sectors of the block device.
  const bool refused = result.error() == EINVAL || (op.zero && result.error() == EOPNOTSUPP);
  if (refused && op.io.kind == IoOp::Kind::kFallocate) {
    WriteZeros(op, 0);
    return;
  }
  // Once more: pages may have come and gone while the hole was made.
  if (File::Place* place = file.place(); place != nullptr) place->residency->Forget(piece);
  file.pins_.Release(op.pin);
  op.progress_bytes += piece.length;
  if (!result.ok()) {
    channel.Finish(op, result);
  } else if (op.progress_bytes < op.range.length) {
    NextPiece(op);
  } else if (file.options().cache == CacheMode::kWritethrough) {
    Syncer::Flush(op, op.range, [](FileOp& flushed, IoResult stable) {
      flushed.channel->Finish(flushed, stable);
    });
  } else {
    channel.Finish(op, IoResult::Bytes(0));
  }
}

}  // namespace quire
