// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/faulty_backing.h"

namespace quire {

std::string FaultyBacking::Log() {
  MutexLock lock(mutex_);
  return log_;
}

int FaultyBacking::Judge(IoOp& op) {
  {
    MutexLock lock(mutex_);
    if (log_.size() < kMaxLog) log_ += "rwfaAp"[static_cast<size_t>(op.kind)];
  }
  if (op.kind != script_.kind) return 0;
  const uint64_t number = seen_.fetch_add(1);
  if (number < script_.first || number - script_.first >= script_.count) return 0;
  const bool transfer = op.kind == IoOp::Kind::kRead || op.kind == IoOp::Kind::kWrite;
  if (script_.short_bytes > 0 && transfer && op.segments[0].size_bytes > script_.short_bytes) {
    const Segment piece{op.segments[0].data, script_.short_bytes};
    op.single = piece;
    op.segments = std::span<const Segment>(&op.single, 1);
    op.range.length = script_.short_bytes;
  }
  return script_.error;
}

void FaultyBacking::Submit(Reactor& reactor, IoOp& op, Via via, bool direct) {
  if (const int error = Judge(op); error != 0) {
    if (script_.hold) {
      held_ = &op;
    } else {
      reactor.Complete(op, IoResult::Error(error));
    }
  } else {
    inner_->Submit(reactor, op, via, direct);
  }
}

IoResult FaultyBacking::RunNow(IoOp& op) {
  const int error = Judge(op);
  return error != 0 ? IoResult::Error(error) : inner_->RunNow(op);
}

}  // namespace quire
