// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/filler.h"

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "pagecache/bus_guard.h"
#include "pagecache/lender.h"
#include "sg/copy.h"
#include "sg/sg_builder.h"

namespace quire {

void Filler::FillWhole(ReadOp& op) {
  PlanWhole(op);
  TakeTurn(op);
}

void Filler::FillAbsent(ReadOp& op, const File::Pages& there) {
  if (!PlanMixed(op, there)) PlanWhole(op);
  EnterTable(op);
}

void Filler::PlanWhole(ReadOp& op) {
  const File& file = op.channel->file_;
  const uint64_t unit = file.direct() ? std::max(1u, file.traits().direct_offset_align_bytes) : 1;
  const ByteRange range = op.range.AlignedOut(unit);
  op.parts[0] = {.range = range,
                 .skip = static_cast<uint32_t>(op.range.offset - range.offset),
                 .wanted = static_cast<uint32_t>(op.range.length),
                 .reference = false};
  op.count_parts = 1;
}

// Runs of pages that are there become references, the others are read. False when there are more
// runs than a vector has segments.
bool Filler::PlanMixed(ReadOp& op, const File::Pages& pages) {
  const ByteRange aligned = op.range.AlignedOut(kPageBytes);
  const size_t count_pages = aligned.length / kPageBytes;
  op.count_parts = 0;
  for (size_t first = 0; first < count_pages;) {
    size_t end = first + 1;
    while (end < count_pages && pages[end] == pages[first]) ++end;
    if (op.count_parts == op.parts.size()) return false;
    const ByteRange run =
        ByteRange{aligned.offset + first * kPageBytes, (end - first) * kPageBytes}.Intersect(
            op.range);
    op.parts[op.count_parts++] = {.range = run,
                                  .skip = 0,
                                  .wanted = static_cast<uint32_t>(run.length),
                                  .reference = pages[first] != 0};
    first = end;
  }
  return true;
}

void Filler::TakeTurn(ReadOp& op) {
  FileChannel& channel = *op.channel;
  op.in_turn = channel.misses_.StreamMisses(op.stream);
  if (op.in_turn && !channel.turnstiles_[op.stream].Enter(op)) return;
  EnterTable(op);
}

void Filler::PassTurn(ReadOp& op) {
  if (!op.in_turn) return;
  op.in_turn = false;
  op.channel->turnstiles_[op.stream].Leave(
      [](FileOp& next) { EnterTable(static_cast<ReadOp&>(next)); });
}

void Filler::EnterTable(ReadOp& op) {
  op.part = 0;
  op.progress_bytes = 0;
  op.filled_bytes = 0;
  op.channel->Acquire(op, op.range, PinKind::kFill, OnGranted);
}

void Filler::OnGranted(FileOp& file_op, IoResult waited) {
  ReadOp& op = static_cast<ReadOp&>(file_op);
  op.pinned = true;
  if (!op.channel->IsThere(op.range)) {
    Fail(op, ERANGE);
    return;
  }
  const bool after_other = waited.bytes() > 0;
  if (after_other && (op.path == ReadPath::kAsk || op.path == ReadPath::kFill) && !op.copies_only) {
    // Whoever was waited for has probably brought the pages in.
    File::Place* place = op.channel->file_.place();
    File::Pages pages;
    if (place != nullptr && !place->mapping->Lost(op.range)) {
      switch (op.channel->file_.Ask(*place, op.range, pages)) {
        case Resident::kAll:
          for (ReadOp::Part& part : op.parts) part.reference = true;
          break;
        case Resident::kSome:
          if (!PlanMixed(op, pages)) PlanWhole(op);
          break;
        case Resident::kNone:
          PlanWhole(op);
          break;
      }
    }
  }
  Next(op, IoResult::Bytes(0));
}

bool Filler::HaveMemory(ReadOp& op) {
  if (op.private_memory != nullptr) return true;
  uint64_t length = 0;
  for (uint32_t i = 0; i < op.count_parts; ++i) {
    if (!op.parts[i].reference) length += op.parts[i].range.length;
  }
  op.private_memory = op.channel->TakeMemory(op, length, Next);
  return op.private_memory != nullptr;
}

// What a hint says is in memory, page tables filled, is copied out of the mapping: no system call,
// and none of the words in the kernel that all readers of a file change.
bool Filler::CopyMapped(ReadOp& op) {
  FileChannel& channel = *op.channel;
  const File& file = channel.file_;
  const File::Place* place = file.place();
  if (place == nullptr || !file.options().hints || op.in_turn) return false;
  const Residency::Hint hint = place->residency->Look(op.range, channel.housekeeping_.Epoch());
  if (hint != Residency::Hint::kFreshWarm) return false;
  Mapping& mapping = *place->mapping;
  const uint64_t heals_before = mapping.count_heals();
  const std::span target = op.private_memory->memory().first(op.range.length);
  if (!bus_guard::GuardedCopy(target, {mapping.At(op.range.offset), op.range.length})) {
    return false;
  }
  // A reader's touch may have put zeros where the file has something else.
  if (mapping.Lost(op.range) || mapping.count_heals() != heals_before) return false;
  channel.housekeeping_.NoteTouched(mapping, op.range);
  channel.counters_.hint_hits.Add();
  op.progress_bytes = op.range.length;
  return true;
}

// True when the read is complete. Otherwise what was copied is kept and Next() goes on.
bool Filler::CopyNow(ReadOp& op) {
  if (CopyMapped(op)) return true;
  const Segment piece{op.private_memory->memory().data(), op.range.length};
  op.io.PrepareRead(-1, op.range.offset, {&piece, 1}, RWF_NOWAIT);
  File& file = op.channel->file_;
  const IoResult result = file.backing_->RunNow(op.io);
  if (result.error() == EOPNOTSUPP) file.nowait_read_.store(false, std::memory_order_relaxed);
  if (!result.ok()) return false;
  CountKernelCopy(result.bytes());
  op.progress_bytes = result.bytes();
  return op.progress_bytes == op.range.length;
}

void Filler::Next(FileOp& file_op, IoResult) {
  ReadOp& op = static_cast<ReadOp&>(file_op);
  FileChannel& channel = *op.channel;
  while (op.part < op.count_parts && op.parts[op.part].reference) ++op.part;
  if (op.part == op.count_parts) {
    Finish(op);
    return;
  }
  if (!HaveMemory(op)) return;  // comes back here when there is some
  if (op.path == ReadPath::kCopyNow) {
    if (CopyNow(op)) {
      channel.misses_.Hit();
      File::Place* place = channel.file_.place();
      if (place != nullptr && !op.copies_only && !op.in_turn) {
        channel.housekeeping_.Heat(*place->residency, op.range);
      }
      Finish(op);
      return;
    }
    channel.misses_.Missed(op.stream);
    op.path = ReadPath::kFill;
    channel.counters_.read_paths[static_cast<size_t>(op.path)].Add();
  }
  const bool direct = channel.file_.direct();
  const ReadOp::Part& part = op.parts[op.part];
  const Segment piece{op.private_memory->memory().data() + op.filled_bytes + op.progress_bytes,
                      part.range.length - op.progress_bytes};
  op.io.PrepareRead(-1, part.range.offset + op.progress_bytes, {&piece, 1});
  op.io.fixed_buffer =
      direct ? channel.reactor_.memory().FixedBufferOf({piece.data, piece.size_bytes}) : -1;
  channel.Submit(op, Backing::Via::kRing, direct, OnFilled);
}

void Filler::OnFilled(FileOp& file_op, IoResult result) {
  ReadOp& op = static_cast<ReadOp&>(file_op);
  const File& file = op.channel->file_;
  const ReadOp::Part& part = op.parts[op.part];
  switch (result.error()) {
    case 0:
      break;
    case EAGAIN:  // not now, without a reason that lasts
    case EINTR:
      Next(op, result);
      return;
    default:
      Fail(op, result.error());
      return;
  }
  if (!file.direct()) CountKernelCopy(result.bytes());
  const uint64_t before = op.progress_bytes;
  op.progress_bytes += result.bytes();
  if (op.progress_bytes < uint64_t{part.skip} + part.wanted) {
    // Short: the end of a file that is shorter than the disk by now, else go on.
    if (file.direct()) {
      op.progress_bytes &= ~(uint64_t{file.traits().direct_offset_align_bytes} - 1);
    }
    if (op.progress_bytes == before) {
      Fail(op, EIO);
      return;
    }
  } else {
    op.filled_bytes += part.range.length;
    op.progress_bytes = 0;
    ++op.part;
  }
  Next(op, result);
}

void Filler::Finish(ReadOp& op) {
  FileChannel& channel = *op.channel;
  File& file = channel.file_;
  File::Place* place = file.place();
  SgBuilder builder(op.data);
  uint64_t filled = 0;
  for (uint32_t i = 0; i < op.count_parts; ++i) {
    const ReadOp::Part& part = op.parts[i];
    if (part.reference) {
      op.mapping = place->mapping.get();
      builder.Append({op.mapping->At(part.range.offset), part.range.length});
      op.referenced_bytes += part.range.length;
      continue;
    }
    builder.Append({op.private_memory->memory().data() + filled + part.skip, part.wanted});
    filled += part.range.length;
  }
  builder.Finish(Hold(Lender::Release, &op, 0));
  if (op.stable) op.stable_bytes.Start(op.data);
  if (op.referenced_bytes > 0) {
    file.pins_.LendFilled(op.pin, op.stable ? &op.stable_bytes : nullptr);
    Lender::Finish(op);
  } else {
    file.pins_.Release(op.pin);
    op.pinned = false;
    channel.Finish(op, IoResult::Bytes(op.range.length));
  }
  PassTurn(op);
}

void Filler::Fail(ReadOp& op, int error) {
  FileChannel& channel = *op.channel;
  channel.file_.pins_.Release(op.pin);
  op.pinned = false;
  if (op.private_memory != nullptr) channel.ReturnMemory(*op.private_memory);
  op.private_memory = nullptr;
  channel.Finish(op, IoResult::Error(error));
  PassTurn(op);
}

}  // namespace quire
