// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/submission.h"

#include <cstring>

namespace quire {
namespace {

// The longest transfer or flush whose length fits in a submission entry.
constexpr uint64_t kMaxLength = UINT32_MAX;

bool Fits(uint64_t length_bytes) { return length_bytes <= kMaxLength; }

void PrepareTransfer(io_uring_sqe& entry, const IoOp& op) {
  const bool write = op.kind == IoOp::Kind::kWrite;
  if (op.segments.size() == 1) {
    const Segment& piece = op.segments[0];
    entry.addr = reinterpret_cast<uintptr_t>(piece.data);
    entry.len = static_cast<uint32_t>(piece.size_bytes);
    if (op.fixed_buffer >= 0) {
      entry.opcode = write ? IORING_OP_WRITE_FIXED : IORING_OP_READ_FIXED;
      entry.buf_index = static_cast<uint16_t>(op.fixed_buffer);
    } else {
      entry.opcode = write ? IORING_OP_WRITE : IORING_OP_READ;
    }
  } else {
    entry.opcode = write ? IORING_OP_WRITEV : IORING_OP_READV;
    entry.addr = reinterpret_cast<uintptr_t>(op.segments.data());
    entry.len = static_cast<uint32_t>(op.segments.size());
  }
  entry.off = op.range.offset;
  entry.rw_flags = static_cast<__kernel_rwf_t>(op.flags);
}

void PrepareFlush(io_uring_sqe& entry, const IoOp& op) {
  entry.opcode = IORING_OP_FSYNC;
  entry.fsync_flags = IORING_FSYNC_DATASYNC;
  // Offset and length both 0 mean the whole file, which also covers a range too long to say. An
  // offset with length 0 would mean one byte.
  if (op.range.empty() || !Fits(op.range.length)) return;
  entry.off = op.range.offset;
  entry.len = static_cast<uint32_t>(op.range.length);
}

}  // namespace

void FillSubmission(io_uring_sqe& entry, const IoOp& op) {
  std::memset(&entry, 0, sizeof(entry));
  entry.fd = op.fixed_file >= 0 ? op.fixed_file : op.fd;
  entry.flags = op.fixed_file >= 0 ? IOSQE_FIXED_FILE : 0;
  entry.user_data = reinterpret_cast<uintptr_t>(static_cast<const Completion*>(&op));
  switch (op.kind) {
    case IoOp::Kind::kRead:
    case IoOp::Kind::kWrite:
      PrepareTransfer(entry, op);
      return;
    case IoOp::Kind::kFlush:
      PrepareFlush(entry, op);
      return;
    case IoOp::Kind::kFallocate:
      entry.opcode = IORING_OP_FALLOCATE;
      entry.off = op.range.offset;
      entry.addr = op.range.length;
      entry.len = op.flags;
      return;
  }
}

bool FitsSubmission(const IoOp& op) {
  switch (op.kind) {
    case IoOp::Kind::kRead:
    case IoOp::Kind::kWrite:
      return op.segments.size() != 1 || Fits(op.segments[0].size_bytes);
    case IoOp::Kind::kFlush:  // too long means the whole file
    case IoOp::Kind::kFallocate:
      return true;
  }
  return false;
}

}  // namespace quire
