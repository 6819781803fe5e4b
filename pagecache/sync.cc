// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/sync.h"

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

void Syncer::Flush(FileOp& op, ByteRange range, FileOp::Step step) {
  FileChannel& channel = *op.channel;
  channel.file_.flushes_running_.fetch_add(1);
  if (File::Place* place = channel.file_.place(); place != nullptr) place->density->Flushed(range);
  op.io.PrepareFlush(-1, range);
  channel.Submit(op, Backing::Via::kRing, /*direct=*/false, step);
}

IoResult Syncer::Flushed(FileOp& op, IoResult result) {
  File& file = op.channel->file_;
  file.flushes_running_.fetch_sub(1);
  if (result.ok() && CutOff(file, op.io.range)) result = IoResult::Error(EIO);
  switch (result.error()) {
    case 0:
    case EINTR:  // not tried: the requester hears of it, and nothing was lost
    case EAGAIN:
      break;
    default:
      file.Latch(result.error());
  }
  return result;
}

// A store into a page that the file ends within succeeds, and what lies behind the end is lost.
bool Syncer::CutOff(const File& file, ByteRange flushed) {
  const uint64_t end = flushed.empty() ? file.size_bytes() : flushed.end();
  return file.backing_->CurrentSize() < static_cast<int64_t>(end);
}

void Syncer::OnFlushed(FileOp& op, IoResult result) {
  result = Flushed(op, result);
  op.channel->Finish(op, result.ok() ? IoResult::Bytes(0) : result);
}

}  // namespace quire
