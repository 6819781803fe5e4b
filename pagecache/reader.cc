// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/reader.h"

#include <cerrno>

#include "pagecache/filler.h"
#include "pagecache/lender.h"

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
  op.private_memory = nullptr;
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
      Lender::Lend(op);
      return;
    case ReadPath::kRenew:
      QUIRE_CHECK(place != nullptr);
      if (file.RenewHint(*place, op.range, channel.housekeeping_.Epoch())) {
        channel.counters_.renewed.Add();
        Lender::Lend(op);
      } else {
        Choose(op, Residency::Hint::kUnknown);
      }
      return;
    case ReadPath::kAsk:
      AskThenRead(op);
      return;
    case ReadPath::kCopyNow:
    case ReadPath::kFill:
    case ReadPath::kDirect:
      Filler::FillWhole(op);
      return;
  }
}

void Reader::AskThenRead(ReadOp& op) {
  FileChannel& channel = *op.channel;
  File::Place& place = *channel.file_.place();
  File::Pages there;
  const Resident resident = channel.file_.Ask(place, op.range, there);
  if (resident == Resident::kAll) {
    channel.misses_.Hit();
    channel.housekeeping_.Heat(*place.residency, op.range);
    Lender::Lend(op);
    return;
  }
  channel.misses_.Missed(op.stream);
  Filler::FillAbsent(op, there);
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

}  // namespace quire
