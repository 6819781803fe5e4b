// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/copier.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "pagecache/sync.h"
#include "sg/copy.h"

namespace quire {
namespace {

// Private memory of a worker (on its stack) for what the kernel does not copy. Ranges that overlap
// at a smaller distance are copied through it, too.
constexpr uint64_t kBufferBytes = 128 * 1024;
// No file system has larger blocks: pieces that begin or end here can be shared. The first or last
// one may be shorter.
constexpr uint64_t kShareAlign = 64 * 1024;

// Reads or writes all of `bytes` at `offset`, prepared by `prepare`. `none` is what it means that
// the kernel takes or gives nothing.
template <typename Prepare>
IoResult Transfer(Backing& backing, uint64_t offset, std::span<std::byte> bytes, Prepare prepare,
                  int none) {
  for (uint64_t done = 0; done < bytes.size();) {
    const Segment rest{bytes.data() + done, bytes.size() - done};
    IoOp io;
    prepare(io, offset + done, std::span<const Segment>(&rest, 1));
    const IoResult result = backing.RunNow(io);
    if (result.error() == EINTR || result.error() == EAGAIN) continue;
    if (!result.ok()) return result;
    if (result.bytes() == 0) return IoResult::Error(none);
    CountKernelCopy(result.bytes());
    done += result.bytes();
  }
  return IoResult::Bytes(bytes.size());
}

// The kernel does not copy between these two: other file systems (EXDEV), a block device or ranges
// that overlap (EINVAL), no such call, or a policy against it.
bool MustReadAndWrite(int error) {
  switch (error) {
    case EXDEV:
    case EINVAL:
    case EOPNOTSUPP:
    case ENOSYS:
    case EPERM:
      return true;
    default:
      return false;
  }
}

}  // namespace

int Copier::Refusal(const CopyOp& op) {
  const File& target = *op.target;
  if (!op.range.FitsIn(op.source->size_bytes())) return EINVAL;
  if (!ByteRange{op.target_offset, op.range.length}.FitsIn(target.size_bytes())) return EINVAL;
  if (!target.traits().writable) return EROFS;
  return target.latched_error();
}

void Copier::Start(CopyOp& op) {
  FileChannel& channel = *op.channel;
  op.file = op.target;
  op.progress_bytes = 0;
  channel.counters_.copies.Add();
  const bool onto_itself = op.source == op.target && op.target_offset == op.range.offset;
  if (const int error = Refusal(op); error != 0) {
    channel.Finish(op, IoResult::Error(error));
  } else if (op.range.empty() || onto_itself || op.target->traits().discards_writes) {
    channel.Finish(op, IoResult::Bytes(0));
  } else {
    AcquirePiece(op);
  }
}

bool Copier::OverlapsItself(const CopyOp& op, const Piece& piece) {
  return op.source == op.target && piece.source.Overlaps(piece.target);
}

Copier::Piece Copier::NextPiece(const CopyOp& op) {
  const uint64_t left = op.range.length - op.progress_bytes;
  const Piece whole{op.range, {op.target_offset, op.range.length}};
  const bool backward = OverlapsItself(op, whole) && op.target_offset > op.range.offset;
  uint64_t length = std::min(left, kMaxTransferBytes);
  if (OverlapsItself(op, whole)) {
    const uint64_t distance =
        std::max(op.target_offset, op.range.offset) - std::min(op.target_offset, op.range.offset);
    length = std::min(length, std::max(distance, kBufferBytes));
  }
  const uint64_t edge = op.target_offset + (backward ? left : op.progress_bytes);
  if (const uint64_t over = edge % kShareAlign; over != 0) {
    length = std::min(length, backward ? over : kShareAlign - over);
  }
  const uint64_t at = backward ? left - length : op.progress_bytes;
  return {{op.range.offset + at, length}, {op.target_offset + at, length}};
}

void Copier::AcquirePiece(CopyOp& op) {
  FileChannel& channel = *op.channel;
  const Piece piece = NextPiece(op);
  op.pin.op = &op;
  op.source_pin.op = &op;
  op.count_waiting.store(2, std::memory_order_relaxed);
  const Pin::Granted granted = [](Pin& pin) {
    // On whichever thread let go.
    auto& waiter = static_cast<CopyOp&>(*static_cast<FileOp::TablePin&>(pin).op);
    if (waiter.count_waiting.fetch_sub(1) == 1) waiter.channel->PostStep(waiter, OnGranted);
  };
  uint32_t count = 1;  // of the pins that are granted
  if (OverlapsItself(op, piece)) {
    const uint64_t first = std::min(piece.source.offset, piece.target.offset);
    const uint64_t end = std::max(piece.source.end(), piece.target.end());
    const ByteRange both{first, end - first};
    count += op.target->pins_.Acquire(op.pin, both, PinKind::kWrite, granted) ? 1 : 0;
  } else {
    count =
        PinTable::AcquireBoth({op.source->pins_, op.source_pin, piece.source, PinKind::kFill},
                              {op.target->pins_, op.pin, piece.target, PinKind::kWrite}, granted);
  }
  if (count < 2) channel.counters_.waits.Add();
  if (count > 0 && op.count_waiting.fetch_sub(count) == count) OnGranted(op, IoResult::Bytes(0));
}

void Copier::OnGranted(FileOp& file_op, IoResult) {
  CopyOp& op = static_cast<CopyOp&>(file_op);
  const Piece piece = NextPiece(op);
  const auto reaches = [](File& file, ByteRange range) {
    return file.backing_->CurrentSize() >= static_cast<int64_t>(range.end());
  };
  // Likewise what has been cut since (File::Shrink).
  if (!piece.source.FitsIn(op.source->size_bytes()) ||
      !piece.target.FitsIn(op.target->size_bytes())) {
    OnDone(op, IoResult::Error(ERANGE));
    return;
  }
  // A write beyond the end would make a truncated file look whole again.
  if (!reaches(*op.source, piece.source) || !reaches(*op.target, piece.target)) {
    OnDone(op, IoResult::Error(EIO));
    return;
  }
  if (File::Place* place = op.target->place(); place != nullptr) {
    place->residency->Forget(piece.target);
  }
  op.channel->SubmitWork(op, CopyPiece, OnDone);
}

IoResult Copier::CopyPiece(WorkOp& work) {
  const CopyOp& op = static_cast<CopyOp&>(*static_cast<FileOp::Io&>(work).op);
  Piece rest = NextPiece(op);
  const uint64_t length = rest.source.length;
  bool by_kernel = !OverlapsItself(op, rest);
  while (by_kernel && !rest.source.empty()) {
    const IoResult result =
        op.target->backing_->CopyFrom(*op.source->backing_, rest.source, rest.target.offset);
    if (result.error() == EINTR || result.error() == EAGAIN) continue;
    by_kernel = !MustReadAndWrite(result.error());
    if (!by_kernel) break;
    if (!result.ok()) return result;
    if (result.bytes() == 0) return IoResult::Error(EIO);  // the source ends here
    for (ByteRange* range : {&rest.source, &rest.target}) {
      range->offset += result.bytes();
      range->length -= result.bytes();
    }
  }
  const IoResult result = CopyByBuffer(op, rest);
  return result.ok() ? IoResult::Bytes(length) : result;
}

// A piece that overlaps itself fits into the buffer: it is read as a whole before it is written.
IoResult Copier::CopyByBuffer(const CopyOp& op, const Piece& rest) {
  alignas(4096) std::array<std::byte, kBufferBytes> buffer;
  for (uint64_t done = 0; done < rest.source.length;) {
    const auto bytes = std::span(buffer).first(std::min(kBufferBytes, rest.source.length - done));
    IoResult result = Transfer(
        *op.source->backing_, rest.source.offset + done, bytes,
        [](IoOp& io, uint64_t at, auto pieces) { io.PrepareRead(-1, at, pieces); }, EIO);
    if (!result.ok()) return result;
    result = Transfer(
        *op.target->backing_, rest.target.offset + done, bytes,
        [](IoOp& io, uint64_t at, auto pieces) { io.PrepareWrite(-1, at, pieces); }, ENOSPC);
    if (!result.ok()) return result;
    done += bytes.size();
  }
  return IoResult::Bytes(0);
}

void Copier::OnDone(FileOp& file_op, IoResult result) {
  CopyOp& op = static_cast<CopyOp&>(file_op);
  FileChannel& channel = *op.channel;
  File& target = *op.target;
  const Piece piece = NextPiece(op);
  // Once more: pages may have come and gone while it was copied.
  if (File::Place* place = target.place(); place != nullptr) {
    place->residency->Forget(piece.target);
  }
  if (!OverlapsItself(op, piece)) op.source->pins_.Release(op.source_pin);
  target.pins_.Release(op.pin);
  op.progress_bytes += piece.target.length;
  if (!result.ok()) {
    channel.Finish(op, result);
  } else if (op.progress_bytes < op.range.length) {
    AcquirePiece(op);
  } else if (op.fua || target.options().cache == CacheMode::kWritethrough) {
    Syncer::Flush(op, {op.target_offset, op.range.length}, [](FileOp& flushed, IoResult stable) {
      flushed.channel->Finish(flushed, stable);
    });
  } else {
    channel.Finish(op, IoResult::Bytes(0));
  }
}

}  // namespace quire
