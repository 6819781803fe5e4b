// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/sync.h"

#include <algorithm>
#include <cerrno>

namespace quire {

void Syncer::Start(SyncOp& op) {
  FileChannel& channel = *op.channel;
  File& file = channel.file_;
  channel.counters_.syncs.Add();
  if (!op.range.FitsIn(file.size_bytes())) {
    channel.Finish(op, IoResult::Error(EINVAL));
    return;
  }
  if (const int error = file.latched_error(); error != 0) {
    channel.Finish(op, IoResult::Error(error));
    return;
  }
  if (file.traits().discards_writes || !file.traits().writable) {
    channel.Finish(op, IoResult::Bytes(0));
    return;
  }
  Flush(op, op.range, OnFlushed);
}

void Syncer::Flush(FileOp& op, ByteRange range, FileOp::Step done) {
  FileChannel& channel = *op.channel;
  if (File::Place* place = op.file->place(); place != nullptr) place->density->Flushed(range);
  op.flushed = done;
  op.flush.op = &op;
  op.flush.let_go = OnLetGo;
  op.file->flushes_.Start(op.flush);
  op.io.PrepareFlush(-1, range);
  channel.Submit(op, Backing::Via::kRing, /*direct=*/false, OnEnded);
}

void Syncer::OnEnded(FileOp& op, IoResult result) {
  File& file = *op.file;
  if (result.ok() && CutOff(file, op.io.range)) result = IoResult::Error(EIO);
  switch (result.error()) {
    case 0:
    case EINTR:  // not tried: the requester hears of it, and nothing was lost
    case EAGAIN:
      break;
    default:
      file.Latch(result.error());
  }
  const bool succeeded = result.ok();
  if (!file.flushes_.End(op.flush, succeeded)) return;
  if (succeeded) {
    OnBelieved(op, result);
  } else {
    op.flushed(op, result);
  }
}

// On whichever thread ended the last flush beside it.
void Syncer::OnLetGo(FlushGate::Entry& entry) {
  FileOp& op = *static_cast<FileOp::Flush&>(entry).op;
  op.channel->PostStep(op, OnBelieved);
}

void Syncer::OnBelieved(FileOp& op, IoResult) {
  const int error = op.file->latched_error();
  op.flushed(op, error == 0 ? IoResult::Bytes(0) : IoResult::Error(error));
}

// A store into a page that the file ends within succeeds, and what lies behind the end is lost.
// The size is asked for before and after: it may just be changed by ourselves.
bool Syncer::CutOff(const File& file, ByteRange flushed) {
  uint64_t end = file.size_bytes();
  if (!flushed.empty()) end = std::min(end, flushed.end());
  const int64_t there = file.backing_->CurrentSize();
  return there < static_cast<int64_t>(std::min(end, file.size_bytes()));
}

void Syncer::OnFlushed(FileOp& op, IoResult result) {
  op.channel->Finish(op, result.ok() ? IoResult::Bytes(0) : result);
}

}  // namespace quire
