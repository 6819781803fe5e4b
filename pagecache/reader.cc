// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/reader.h"

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "sg/copy.h"
#include "sg/sg_builder.h"

namespace quire {

void Reader::Start(ReadOp& op) {
  QUIRE_DCHECK(!op.data.held());
  FileChannel& channel = *op.channel;
  File& file = channel.file_;
  op.data.Reset();
  op.referenced_bytes = 0;
  op.revoked = false;
  op.pinned = false;
  op.in_turn = false;
  op.private_run = {};
  channel.counters_.reads.Add();
  if (!op.range.FitsIn(file.size_bytes()) || op.range.length > kMaxTransferBytes) {
    channel.Finish(op, IoResult::Error(EINVAL));
    return;
  }
  if (op.range.empty()) {
    channel.Finish(op, IoResult::Bytes(0));
    return;
  }
  channel.counters_.read_bytes.Add(op.range.length);
  op.stream = channel.misses_.Note(op.range);
  File::Place* place = file.place();
  if (place == nullptr) {
    Choose(op, Residency::Hint::kUnknown);
    return;
  }
  if (channel.misses_.StreamMisses(op.stream)) LookAhead(op);
  Choose(op, LookUp(op, *place));
}

Residency::Hint Reader::LookUp(ReadOp& op, File::Place& place) {
  FileChannel& channel = *op.channel;
  const uint32_t epoch = channel.housekeeping_.Epoch();
  if (channel.file_.traits().discards_writes) return Residency::Hint::kFreshWarm;
  const Residency::Hint hint = place.residency->Look(op.range, epoch);
  const bool believed = channel.file_.options().hints;
  return believed ? hint : Residency::Hint::kUnknown;
}

void Reader::Choose(ReadOp& op, Residency::Hint hint) {
  FileChannel& channel = *op.channel;
  File& file = channel.file_;
  File::Place* place = file.place();
  op.path = ChooseRead(
      {.length_bytes = op.range.length,
       .hint = hint,
       .mapped = place != nullptr,
       .direct = file.direct(),
       .lost_pages = place != nullptr && place->mapping->Lost(op.range),
       .residency_known = file.traits().residency_known,
       .nowait_read = channel.reactor_.features().nowait_read &&
                      file.nowait_read_.load(std::memory_order_relaxed),
       .stream_misses = channel.misses_.StreamMisses(op.stream),
       .expects_miss = hint == Residency::Hint::kUnknown && channel.misses_.ExpectsMiss(),
       .references_only = op.references_only,
       .copies_only = op.copies_only});
  channel.counters_.read_paths[static_cast<size_t>(op.path)].Add();
  switch (op.path) {
    case ReadPath::kReference:
      channel.counters_.hint_hits.Add();
      channel.misses_.Hit();
      Lend(op);
      return;
    case ReadPath::kRenew:
      QUIRE_CHECK(place != nullptr);
      if (file.RenewHint(*place, op.range, channel.housekeeping_.Epoch())) {
        channel.counters_.renewed.Add();
        Lend(op);
      } else {
        Choose(op, Residency::Hint::kUnknown);
      }
      return;
    case ReadPath::kAsk:
      AskThenRead(op);
      return;
    case ReadPath::kCopyNow:
    case ReadPath::kFill:
      PlanWhole(op);
      TakeTurn(op);
      return;
    case ReadPath::kDirect:
      PlanWhole(op);
      Fill(op);
      return;
  }
}

Resident Reader::Ask(ReadOp& op, File::Place& place, Pages& pages) {
  Backing& backing = *op.channel->file_.backing_;
  const ByteRange range = op.range.AlignedOut(kPageBytes);
  const auto asked = std::span(pages).first(range.length / kPageBytes);
  if (!backing.AskPages(*place.mapping, range, asked)) {
    // The truth is kept from us (mincore lies to who neither owns nor may write the file). A
    // one-byte read of the last page that may not wait tells about that page at least.
    std::byte last{};
    const Segment piece{&last, 1};
    op.io.PrepareRead(-1, op.range.end() - 1, {&piece, 1}, RWF_NOWAIT);
    const bool there = backing.RunNow(op.io) == IoResult::Bytes(1);
    std::ranges::fill(asked, uint8_t{there});
  }
  const auto count = static_cast<size_t>(std::ranges::count(asked, uint8_t{1}));
  if (count == asked.size()) return Resident::kAll;
  return count == 0 ? Resident::kNone : Resident::kSome;
}

void Reader::AskThenRead(ReadOp& op) {
  File::Place& place = *op.channel->file_.place();
  Pages pages;
  switch (Ask(op, place, pages)) {
    case Resident::kAll:
      op.channel->misses_.Hit();
      Heat(op, place);
      Lend(op);
      return;
    case Resident::kSome:
      if (!PlanMixed(op, pages)) PlanWhole(op);
      break;
    case Resident::kNone:
      PlanWhole(op);
      break;
  }
  op.channel->misses_.Missed(op.stream);
  Fill(op);
}

void Reader::Heat(ReadOp& op, File::Place& place) {
  constexpr uint32_t kBaseCost = 10;  // of a question, in pages
  const auto cost = static_cast<uint32_t>(kBaseCost + op.range.length / kPageBytes);
  if (place.residency->WorthWarming(op.range, cost)) {
    op.channel->housekeeping_.Warm(*place.residency, op.range.offset / kRegionBytes);
  }
}

// Once per MiB of a stream that misses: has it come to where everything is in memory?
void Reader::LookAhead(ReadOp& op) {
  FileChannel& channel = *op.channel;
  const File& file = channel.file_;
  const auto ahead = channel.misses_.WorthALook(op.stream, file.size_bytes());
  if (!ahead.has_value()) return;
  const ByteRange pages = ahead->AlignedOut(kPageBytes);
  if (file.backing_->CountCached(pages) >= static_cast<int64_t>(pages.length)) {
    channel.misses_.Arrived(op.stream);
  }
}

// The bytes are put together before the pin is taken: from then on a write may move them.
void Reader::Lend(ReadOp& op) {
  FileChannel& channel = *op.channel;
  op.mapping = channel.file_.place()->mapping.get();
  SgBuilder builder(op.data);
  builder.Append({op.mapping->At(op.range.offset), op.range.length});
  builder.SetFileRange({channel.file_.backing_->fd(), op.range});
  builder.Finish(Hold(Release, &op, 0));
  if (op.stable) op.stable_bytes.Start(op.data);
  channel.Acquire(op, op.range, PinKind::kLent, OnLent, op.stable ? &op.stable_bytes : nullptr);
}

void Reader::OnLent(FileOp& file_op, IoResult) {
  ReadOp& op = static_cast<ReadOp&>(file_op);
  op.pinned = true;
  op.referenced_bytes = op.range.length;
  FinishLent(op);
}

// REQUIRES: the pin is lent, and op.mapping is where the references point.
void Reader::FinishLent(ReadOp& op) {
  FileChannel& channel = *op.channel;
  op.lost_before = op.mapping->count_lost();
  channel.housekeeping_.NoteTouched(*op.mapping, op.range);
  channel.counters_.referenced_bytes.Add(op.referenced_bytes);
  channel.Finish(op, IoResult::Bytes(op.range.length));
}

void Reader::PlanWhole(ReadOp& op) {
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
bool Reader::PlanMixed(ReadOp& op, const Pages& pages) {
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

void Reader::TakeTurn(ReadOp& op) {
  FileChannel& channel = *op.channel;
  op.in_turn = channel.misses_.StreamMisses(op.stream);
  if (op.in_turn && !channel.turnstiles_[op.stream].Enter(op)) return;
  Fill(op);
}

void Reader::PassTurn(ReadOp& op) {
  if (!op.in_turn) return;
  op.in_turn = false;
  op.channel->turnstiles_[op.stream].Leave([](FileOp& next) { Fill(static_cast<ReadOp&>(next)); });
}

void Reader::Fill(ReadOp& op) {
  op.part = 0;
  op.progress_bytes = 0;
  op.filled_bytes = 0;
  op.channel->Acquire(op, op.range, PinKind::kFill, OnFillGranted);
}

void Reader::OnFillGranted(FileOp& file_op, IoResult waited) {
  ReadOp& op = static_cast<ReadOp&>(file_op);
  op.pinned = true;
  const bool after_other = waited.bytes() > 0;
  if (after_other && (op.path == ReadPath::kAsk || op.path == ReadPath::kFill) && !op.copies_only) {
    // Whoever was waited for has probably brought the pages in.
    File::Place* place = op.channel->file_.place();
    Pages pages;
    if (place != nullptr && !place->mapping->Lost(op.range)) {
      switch (Ask(op, *place, pages)) {
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
  FillNext(op, IoResult::Bytes(0));
}

bool Reader::HaveMemory(ReadOp& op) {
  if (!op.private_run.empty()) return true;
  uint64_t length = 0;
  for (uint32_t i = 0; i < op.count_parts; ++i) {
    if (!op.parts[i].reference) length += op.parts[i].range.length;
  }
  op.private_run = op.channel->TakeMemory(op, length, FillNext);
  return !op.private_run.empty();
}

// True when the read is complete. Otherwise what was copied is kept and FillNext goes on.
bool Reader::CopyNow(ReadOp& op) {
  const Segment piece{op.private_run.data(), op.range.length};
  op.io.PrepareRead(-1, op.range.offset, {&piece, 1}, RWF_NOWAIT);
  File& file = op.channel->file_;
  const IoResult result = file.backing_->RunNow(op.io);
  if (result.error() == EOPNOTSUPP) file.nowait_read_.store(false, std::memory_order_relaxed);
  if (!result.ok()) return false;
  CountKernelCopy(result.bytes());
  op.progress_bytes = result.bytes();
  return op.progress_bytes == op.range.length;
}

void Reader::FillNext(FileOp& file_op, IoResult) {
  ReadOp& op = static_cast<ReadOp&>(file_op);
  FileChannel& channel = *op.channel;
  while (op.part < op.count_parts && op.parts[op.part].reference) ++op.part;
  if (op.part == op.count_parts) {
    FinishFilled(op);
    return;
  }
  if (!HaveMemory(op)) return;  // comes back here when there is some
  if (op.path == ReadPath::kCopyNow) {
    if (CopyNow(op)) {
      channel.misses_.Hit();
      File::Place* place = channel.file_.place();
      if (place != nullptr && !op.copies_only && !op.in_turn) Heat(op, *place);
      FinishFilled(op);
      return;
    }
    channel.misses_.Missed(op.stream);
    op.path = ReadPath::kFill;
    channel.counters_.read_paths[static_cast<size_t>(op.path)].Add();
  }
  const bool direct = channel.file_.direct();
  const ReadOp::Part& part = op.parts[op.part];
  const Segment piece{op.private_run.data() + op.filled_bytes + op.progress_bytes,
                      part.range.length - op.progress_bytes};
  op.io.PrepareRead(-1, part.range.offset + op.progress_bytes, {&piece, 1});
  op.io.fixed_buffer = direct ? channel.reactor_.slab_buffer_index() : -1;
  channel.Submit(op, Backing::Via::kRing, direct, OnFilled);
}

void Reader::OnFilled(FileOp& file_op, IoResult result) {
  ReadOp& op = static_cast<ReadOp&>(file_op);
  const File& file = op.channel->file_;
  const ReadOp::Part& part = op.parts[op.part];
  switch (result.error()) {
    case 0:
      break;
    case EAGAIN:  // not now, without a reason that lasts
    case EINTR:
      FillNext(op, result);
      return;
    default:
      Fail(op, result.error());
      return;
  }
  if (!file.direct()) CountKernelCopy(result.bytes());
  op.progress_bytes += result.bytes();
  if (op.progress_bytes < uint64_t{part.skip} + part.wanted) {
    // Short: the end of a file that is shorter than the disk by now, else go on.
    if (result.bytes() == 0) {
      Fail(op, EIO);
      return;
    }
    if (file.direct())
      op.progress_bytes &= ~(uint64_t{file.traits().direct_offset_align_bytes} - 1);
  } else {
    op.filled_bytes += part.range.length;
    op.progress_bytes = 0;
    ++op.part;
  }
  FillNext(op, result);
}

void Reader::FinishFilled(ReadOp& op) {
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
    builder.Append({op.private_run.data() + filled + part.skip, part.wanted});
    filled += part.range.length;
  }
  builder.Finish(Hold(Release, &op, 0));
  if (op.stable) op.stable_bytes.Start(op.data);
  if (op.referenced_bytes > 0) {
    file.pins_.LendFilled(op.pin, op.stable ? &op.stable_bytes : nullptr);
    FinishLent(op);
  } else {
    file.pins_.Release(op.pin);
    op.pinned = false;
    channel.Finish(op, IoResult::Bytes(op.range.length));
  }
  PassTurn(op);
}

void Reader::Fail(ReadOp& op, int error) {
  FileChannel& channel = *op.channel;
  channel.file_.pins_.Release(op.pin);
  op.pinned = false;
  if (!op.private_run.empty()) channel.ReturnMemory(op.private_run);
  op.private_run = {};
  channel.Finish(op, IoResult::Error(error));
  PassTurn(op);
}

void Reader::Release(void* owner, uint64_t) noexcept {
  ReadOp& op = *static_cast<ReadOp*>(owner);
  File& file = op.channel->file_;
  if (op.pinned) {
    if (op.mapping->count_lost() != op.lost_before && op.mapping->Lost(op.range)) {
      op.revoked = true;
      file.place()->residency->Forget(op.range);
      file.revoked_.fetch_add(1, std::memory_order_relaxed);
    }
    file.pins_.Release(op.pin);
    op.pinned = false;
  }
  if (op.stable) {
    op.revoked = op.revoked || op.stable_bytes.lost();
    op.stable_bytes.Reset();
  }
  if (!op.private_run.empty()) op.channel->ReturnMemory(op.private_run);
  op.private_run = {};
}

}  // namespace quire
