// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/lender.h"

#include <cerrno>

#include "sg/sg_builder.h"

namespace quire {

// The bytes are put together before the pin is taken: from then on a write may move them.
void Lender::Lend(ReadOp& op) {
  FileChannel& channel = *op.channel;
  op.mapping = channel.file_.place()->mapping.get();
  SgBuilder builder(op.data);
  builder.Append({op.mapping->At(op.range.offset), op.range.length});
  builder.SetFileRange({channel.file_.backing_->fd(), op.range});
  builder.Finish(Hold(Release, &op, 0));
  if (op.stable) op.stable_bytes.Start(op.data);
  channel.Acquire(op, op.range, PinKind::kLent, OnLent, op.stable ? &op.stable_bytes : nullptr);
}

void Lender::OnLent(FileOp& file_op, IoResult) {
  ReadOp& op = static_cast<ReadOp&>(file_op);
  op.pinned = true;
  if (!op.channel->IsThere(op.range)) {
    op.heals_before = op.mapping->count_heals();
    op.data.Reset();
    op.channel->Finish(op, IoResult::Error(ERANGE));
    return;
  }
  op.referenced_bytes = op.range.length;
  Finish(op);
}

// REQUIRES: the pin is lent, and op.mapping is where the references point.
void Lender::Finish(ReadOp& op) {
  FileChannel& channel = *op.channel;
  op.heals_before = op.mapping->count_heals();
  channel.housekeeping_.NoteTouched(*op.mapping, op.range);
  channel.counters_.referenced_bytes.Add(op.referenced_bytes);
  channel.Finish(op, IoResult::Bytes(op.range.length));
}

void Lender::Release(void* owner, uint64_t) noexcept {
  ReadOp& op = *static_cast<ReadOp*>(owner);
  File& file = op.channel->file_;
  if (op.pinned) {
    if (op.mapping->Lost(op.range) || op.mapping->count_heals() != op.heals_before) {
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
  if (op.private_memory != nullptr) op.channel->ReturnMemory(*op.private_memory);
  op.private_memory = nullptr;
}

}  // namespace quire
