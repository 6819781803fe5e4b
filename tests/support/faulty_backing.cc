// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/faulty_backing.h"

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace quire {

std::string FaultyBacking::Log() {
  MutexLock lock(mutex_);
  return log_;
}

std::vector<ByteRange> FaultyBacking::TakeStable() {
  MutexLock lock(mutex_);
  std::vector<ByteRange> taken = stable_;
  stable_.clear();
  return taken;
}

bool FaultyBacking::Hits(IoOp& op) {
  {
    MutexLock lock(mutex_);
    if (log_.size() < kMaxLog) log_ += "rwfaAp"[static_cast<size_t>(op.kind)];
    const bool dsync = op.kind == IoOp::Kind::kWrite && (op.flags & RWF_DSYNC) != 0;
    const bool stable = op.kind == IoOp::Kind::kFlush || dsync;
    if (stable && stable_.size() < kMaxLog) stable_.push_back(op.range);
  }
  if (op.kind != script_.kind) return false;
  const uint64_t number = seen_.fetch_add(1);
  if (number < script_.first || number - script_.first >= script_.count) return false;
  const bool transfer = op.kind == IoOp::Kind::kRead || op.kind == IoOp::Kind::kWrite;
  if (script_.short_bytes > 0 && transfer && op.segments[0].size_bytes > script_.short_bytes) {
    const Segment piece{op.segments[0].data, script_.short_bytes};
    op.single = piece;
    op.segments = std::span<const Segment>(&op.single, 1);
    op.range.length = script_.short_bytes;
  }
  return true;
}

void FaultyBacking::Submit(Reactor& reactor, IoOp& op, Via via, bool direct) {
  const bool hit = Hits(op);
  if (hit && script_.hold) {
    MutexLock lock(mutex_);
    if (script_.error != 0) held_.clear();
    held_.push_back({&reactor, &op, via, direct});
  } else if (hit && script_.error != 0) {
    reactor.Complete(op, IoResult::Error(script_.error));
  } else {
    inner_->Submit(reactor, op, via, direct);
  }
}

void FaultyBacking::LetGo(Reactor& reactor) {
  std::vector<Held> mine;
  {
    MutexLock lock(mutex_);
    const auto others = std::ranges::partition(
        held_, [&reactor](const Held& held) { return held.reactor != &reactor; });
    mine.assign(others.begin(), others.end());
    held_.erase(others.begin(), others.end());
  }
  for (const Held& held : mine) {
    if (script_.error != 0) {
      reactor.Complete(*held.op, IoResult::Error(script_.error));
    } else {
      inner_->Submit(reactor, *held.op, held.via, held.direct);
    }
  }
}

size_t FaultyBacking::count_held() {
  MutexLock lock(mutex_);
  return held_.size();
}

// What is to be held cannot be done now: as a file that would have to wait.
IoResult FaultyBacking::RunNow(IoOp& op) {
  const bool would_hold = script_.hold && script_.error == 0 && op.kind == script_.kind;
  if (would_hold) return IoResult::Error(EAGAIN);
  return Hits(op) && script_.error != 0 ? IoResult::Error(script_.error) : inner_->RunNow(op);
}

IoResult FaultyBacking::CopyFrom(Backing& source, ByteRange range, uint64_t offset) {
  {
    MutexLock lock(mutex_);
    if (log_.size() < kMaxLog) log_ += 'c';
  }
  if (copies_.count > 0) {
    --copies_.count;
    if (copies_.error != 0) return IoResult::Error(copies_.error);
    range.length = std::min(range.length, copies_.short_bytes);
  }
  return inner_->CopyFrom(source, range, offset);
}

}  // namespace quire
