// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/insert.h"

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "pagecache/bus_guard.h"
#include "pagecache/direct_writer.h"
#include "pagecache/sync.h"
#include "sg/copy.h"

namespace quire {
namespace {

// A write on the reactor that took longer than this sends the next ones to the workers for a while.
constexpr uint64_t kSlowNs = 500 * kNsPerUs;
constexpr uint64_t kSlowForNs = 50 * kNsPerMs;
constexpr uint64_t kDirtiedBytes = 64 * 1024;
constexpr uint64_t kDirtiedNs = 50 * kNsPerMs;

}  // namespace

// Measures the CPU time of a write on the reactor, where it teaches something: both ways compare
// only on resident ranges.
class Inserter::Meter {
 public:
  explicit Meter(const WriteOp& op)
      : measures_(op.measured), started_ns_(measures_ ? ThreadCpuNs() : 0) {}

  void Note(const WriteOp& op, WriteCosts::Way way) const {
    if (!measures_) return;
    op.channel->file_.costs_.Note(way, op.range.length, ThreadCpuNs() - started_ns_);
  }

 private:
  const bool measures_;
  const uint64_t started_ns_;
};

int Inserter::Refusal(const WriteOp& op) {
  const File& file = op.channel->file_;
  if (!op.range.FitsIn(file.size_bytes())) return EINVAL;
  if (op.range.length > kMaxTransferBytes) return EINVAL;
  if (op.source.length_bytes() != op.range.length) return EINVAL;
  if (!file.traits().writable) return EROFS;
  if (op.atomic && file.traits().atomic_write_max_bytes == 0) return EOPNOTSUPP;
  if (op.atomic && !file.traits().TakesAtomic(op.range)) return EINVAL;
  return file.latched_error();
}

void Inserter::Start(WriteOp& op) {
  FileChannel& channel = *op.channel;
  channel.counters_.writes.Add();
  op.progress_bytes = 0;
  op.measured = false;
  op.asked = false;
  if (const int error = Refusal(op); error != 0) {
    channel.Finish(op, IoResult::Error(error));
    return;
  }
  if (op.range.empty()) {
    channel.Finish(op, IoResult::Bytes(0));
    return;
  }
  channel.counters_.written_bytes.Add(op.range.length);
  const File& file = channel.file_;
  op.aligned =
      file.direct() ? op.range.AlignedOut(file.traits().direct_offset_align_bytes) : op.range;
  channel.Acquire(op, WhatItTakesAway(op), PinKind::kWrite, OnGranted);
}

// Beside the page cache an atomic write drops the folios that it overlaps, before it and once more
// after it. A store into another page of such a folio meanwhile would dirty old bytes of the range,
// which would be written back over the new ones: it has to wait.
ByteRange Inserter::WhatItTakesAway(const WriteOp& op) {
  const bool drops_folios = op.atomic && !op.channel->file_.direct();
  return drops_folios ? op.range.AlignedOut(kLargestFolioBytes) : op.aligned;
}

void Inserter::ForgetFolios(const WriteOp& op) {
  File::Place* place = op.channel->file_.place();
  if (place == nullptr) return;
  place->residency->Forget(WhatItTakesAway(op).Intersect({0, op.channel->file_.size_bytes()}));
}

void Inserter::OnGranted(FileOp& file_op, IoResult) {
  WriteOp& op = static_cast<WriteOp&>(file_op);
  if (!op.channel->IsThere(op.range)) {
    Fail(op, ERANGE);
    return;
  }
  const uint64_t now_ns = op.channel->reactor_.clock().NowNs();
  Go(op, ChooseWrite(Gather(op, now_ns)), now_ns);
}

WriteFacts Inserter::Gather(WriteOp& op, uint64_t now_ns) {
  FileChannel& channel = *op.channel;
  File& file = channel.file_;
  WriteFacts facts{.direct = file.direct(),
                   .discards = file.traits().discards_writes,
                   .atomic = op.atomic,
                   .stores_only = op.stores_only,
                   .writes_only = op.writes_only,
                   .flush_running = file.flushes_.any_running(),
                   .throttled = file.pressure_.throttled(),
                   .last_was_slow = now_ns < channel.slow_until_ns_};
  File::Place* place = file.place();
  if (place == nullptr || facts.discards || facts.atomic) return facts;
  facts.mapped = true;
  facts.lost_pages = place->mapping->Lost(op.range);
  const WriteDensity::Look look =
      place->density->Note(op.range, channel.housekeeping_.Epoch() / 10);
  facts.dense = look.dense || !file.traits().writes_back;
  bool may_store = op.stores_only;
  if (!op.stores_only && !op.writes_only && facts.dense) {
    const WriteCosts::Advice advice = file.costs_.Advise(op.range);
    facts.store_pays = advice.way == WriteCosts::Way::kStore;
    // The first store pays for the whole folio and says nothing about the next.
    op.measured = advice.measure && (look.stored || !facts.store_pays);
    may_store = facts.store_pays || op.measured;
  }
  // For a write on the file nothing needs to be known about whole pages.
  facts.resident = Resident::kAll;
  if (may_store || !op.range.AlignedTo(kPageBytes)) {
    facts.resident = Ask(op, *place, facts.edges_resident);
  }
  op.measured = op.measured && facts.resident == Resident::kAll;
  return facts;
}

// No system call when a hint says so, one cachestat when nothing is there, else one more question:
// a store into a page whose read is still in flight would wait for it.
Resident Inserter::Ask(WriteOp& op, File::Place& place, bool& edges_resident) {
  FileChannel& channel = *op.channel;
  Backing& backing = *channel.file_.backing_;
  const uint32_t epoch = channel.housekeeping_.Epoch();
  const Residency::Hint hint = channel.file_.options().hints
                                   ? place.residency->Look(op.range, epoch)
                                   : Residency::Hint::kUnknown;
  if (hint >= Residency::Hint::kFreshCold) return Resident::kAll;
  if (hint == Residency::Hint::kStale && channel.file_.RenewHint(place, op.range, epoch)) {
    return Resident::kAll;
  }
  const ByteRange pages = op.range.AlignedOut(kPageBytes);
  const bool ragged = !op.range.AlignedTo(kPageBytes);
  const int64_t cached = backing.CountCached(pages);
  if (cached == 0) {
    edges_resident = !ragged;
    return Resident::kNone;
  }
  if (cached > 0 && cached < static_cast<int64_t>(pages.length) && !ragged) return Resident::kSome;
  File::Pages there;
  const Resident resident = channel.file_.Ask(place, op.range, there);
  const bool head_whole = op.range.offset % kPageBytes == 0;
  const bool tail_whole = op.range.end() % kPageBytes == 0;
  edges_resident = (head_whole || there.front() != 0) &&
                   (tail_whole || there[pages.length / kPageBytes - 1] != 0);
  op.asked = resident == Resident::kAll;
  return resident;
}

void Inserter::Go(WriteOp& op, WriteChoice choice, uint64_t now_ns) {
  FileChannel& channel = *op.channel;
  op.path = choice.path;
  channel.counters_.write_paths[static_cast<size_t>(choice.path)].Add();
  channel.counters_.write_reasons[static_cast<size_t>(choice.reason)].Add();
  switch (choice.path) {
    case WritePath::kStore:
      StoreNow(op, now_ns);
      return;
    case WritePath::kStoreByWorker:
      channel.SubmitWork(
          op,
          [](WorkOp& work) {
            return StoreBytes(static_cast<WriteOp&>(*static_cast<FileOp::Io&>(work).op));
          },
          OnStored);
      return;
    case WritePath::kWrite:
      WriteNow(op, now_ns);
      return;
    case WritePath::kWriteByWorker:
      if (TryWithoutWaiting(op)) return;
      WriteByWorker(op);
      return;
    case WritePath::kDirect:
      ForgetFolios(op);
      DirectWriter::Start(op, OnDirectWritten);
      return;
    case WritePath::kDiscard:
      Landed(op);
      return;
  }
}

// ---- Stores ----

// EFAULT when a page could not be supplied; nothing is known about the bytes stored then.
IoResult Inserter::StoreBytes(WriteOp& op) {
  Mapping& mapping = *op.channel->file_.place()->mapping;
  const uint64_t heals_before = mapping.count_heals();
  SgCursor from(op.source);
  for (uint64_t done = 0; done < op.range.length;) {
    const Segment piece = from.Take(op.range.length - done);
    if (!bus_guard::GuardedCopy({mapping.At(op.range.offset + done), piece.size_bytes},
                                {piece.data, piece.size_bytes})) {
      return IoResult::Error(EFAULT);
    }
    done += piece.size_bytes;
  }
  // A reader's touch may have put zeros in the way of a page: those bytes are not in the file.
  const bool lost = mapping.Lost(op.range) || mapping.count_heals() != heals_before;
  return lost ? IoResult::Error(EFAULT) : IoResult::Bytes(op.range.length);
}

void Inserter::StoreNow(WriteOp& op, uint64_t now_ns) {
  const Meter meter(op);
  const IoResult result = StoreBytes(op);
  meter.Note(op, WriteCosts::Way::kStore);
  NoteTime(op, now_ns);
  OnStored(op, result);
}

void Inserter::OnStored(FileOp& file_op, IoResult result) {
  WriteOp& op = static_cast<WriteOp&>(file_op);
  FileChannel& channel = *op.channel;
  File::Place& place = *channel.file_.place();
  if (result.ok()) {
    channel.housekeeping_.NoteTouched(*place.mapping, op.range);
    place.density->NoteStored(op.range);
    if (op.asked) channel.housekeeping_.Heat(*place.residency, op.range);
    Landed(op);
    return;
  }
  // The file tells what is wrong: shorter than the disk, out of space, a bad sector.
  place.residency->Forget(op.range);
  WriteByWorker(op);
}

// ---- Writes on the file ----

// Prepares op.io for what is not yet written.
void Inserter::PrepareRest(WriteOp& op, uint32_t flags) {
  const uint64_t offset = op.range.offset + op.progress_bytes;
  if (op.progress_bytes == 0) {
    op.io.PrepareWrite(-1, offset, op.source.segments(), flags);
    return;
  }
  SgCursor cursor(op.source);
  cursor.Skip(op.progress_bytes);
  size_t count = 0;
  for (uint64_t left = op.range.length - op.progress_bytes; left > 0 && count < op.rest.size();) {
    op.rest[count] = cursor.Take(left);
    left -= op.rest[count++].size_bytes;
  }
  op.io.PrepareWrite(-1, offset, std::span(op.rest).first(count), flags);
}

void Inserter::WriteNow(WriteOp& op, uint64_t now_ns) {
  FileChannel& channel = *op.channel;
  // A write beyond the end would make a truncated file look whole again, full of holes.
  if (channel.file_.backing_->CurrentSize() < static_cast<int64_t>(op.range.end())) {
    Fail(op, EIO);
    return;
  }
  PrepareRest(op, 0);
  const Meter meter(op);
  const IoResult result = channel.file_.backing_->RunNow(op.io);
  meter.Note(op, WriteCosts::Way::kWrite);
  NoteTime(op, now_ns);
  OnWritten(op, result);
}

// True when the write is done or has failed. Where the file system can refuse to wait, a write
// that is sent to the workers in case it waits is tried here first.
bool Inserter::TryWithoutWaiting(WriteOp& op) {
  File& file = op.channel->file_;
  if (!file.traits().nowait_write) return false;
  if (file.backing_->CurrentSize() < static_cast<int64_t>(op.range.end())) return false;
  PrepareRest(op, RWF_NOWAIT);
  const IoResult result = file.backing_->RunNow(op.io);
  if (!result.ok()) return false;
  OnWritten(op, result);
  return true;
}

void Inserter::WriteByWorker(WriteOp& op) {
  if (op.channel->file_.backing_->CurrentSize() < static_cast<int64_t>(op.range.end())) {
    Fail(op, EIO);
    return;
  }
  PrepareRest(op, 0);
  op.channel->Submit(op, Backing::Via::kWorker, /*direct=*/false, OnWritten);
}

void Inserter::OnWritten(FileOp& file_op, IoResult result) {
  WriteOp& op = static_cast<WriteOp&>(file_op);
  switch (result.error()) {
    case 0:
      break;
    case EAGAIN:
    case EINTR:
      WriteByWorker(op);
      return;
    default:
      Fail(op, result.error());
      return;
  }
  if (result.bytes() == 0) {  // the kernel took nothing and gave no reason: no room
    Fail(op, ENOSPC);
    return;
  }
  CountKernelCopy(result.bytes());
  op.progress_bytes += result.bytes();
  if (op.progress_bytes < op.range.length) {
    WriteByWorker(op);  // the rest tells why it was short
    return;
  }
  Landed(op);
}

void Inserter::OnDirectWritten(FileOp& file_op, IoResult result) {
  WriteOp& op = static_cast<WriteOp&>(file_op);
  ForgetFolios(op);  // once more: somebody may have read them in meanwhile
  if (result.ok()) {
    Landed(op);
  } else {
    Fail(op, result.error());
  }
}

// ---- The end ----

// What a write on the reactor took: the next ones go to the workers if it was made to wait.
void Inserter::NoteTime(WriteOp& op, uint64_t started_ns) {
  FileChannel& channel = *op.channel;
  const uint64_t now_ns = channel.reactor_.clock().NowNs();
  const uint64_t took_ns = now_ns - started_ns;
  if (took_ns > kSlowNs + op.range.length && channel.preemption_.Since() < took_ns / 2) {
    channel.slow_until_ns_ = now_ns + kSlowForNs;
  }
}

// Told to all channels now and then: a locked instruction after a store waits for its bytes.
void Inserter::NoteDirtied(const WriteOp& op) {
  FileChannel& channel = *op.channel;
  const uint64_t now_ns = channel.reactor_.clock().NowCoarseNs();
  channel.dirtied_bytes_ += op.range.length;
  if (channel.dirtied_bytes_ < kDirtiedBytes && now_ns < channel.dirtied_told_ns_ + kDirtiedNs) {
    return;
  }
  if (channel.file_.pressure_.NoteDirtied(channel.dirtied_bytes_, now_ns)) {
    channel.housekeeping_.SamplePressure();
  }
  channel.dirtied_bytes_ = 0;
  channel.dirtied_told_ns_ = now_ns;
}

void Inserter::Landed(WriteOp& op) {
  FileChannel& channel = *op.channel;
  File& file = channel.file_;
  file.pins_.Release(op.pin);
  const bool cached = op.path != WritePath::kDirect && op.path != WritePath::kDiscard;
  if (cached) NoteDirtied(op);
  const bool stable = op.fua || file.options().cache == CacheMode::kWritethrough;
  if (!stable || !cached) {
    channel.Finish(op, IoResult::Bytes(op.range.length));
    return;
  }
  Syncer::Flush(op, op.range, OnFlushed);
}

void Inserter::OnFlushed(FileOp& file_op, IoResult result) {
  WriteOp& op = static_cast<WriteOp&>(file_op);
  op.channel->Finish(op, result.ok() ? IoResult::Bytes(op.range.length) : result);
}

void Inserter::Fail(WriteOp& op, int error) {
  FileChannel& channel = *op.channel;
  channel.file_.pins_.Release(op.pin);
  channel.Finish(op, IoResult::Error(error));
}

}  // namespace quire
