// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/null_backing.h"

#include <algorithm>
#include <cstring>

namespace quire {

NullBacking::NullBacking(uint64_t size_bytes) : size_bytes_(size_bytes) {
  traits_.file_system = "null";
  traits_.discards_writes = true;
  traits_.punch_hole = true;
  traits_.zero_range = true;
}

absl::StatusOr<std::unique_ptr<Mapping>> NullBacking::Map(uint64_t size_bytes) {
  return Mapping::Create(-1, size_bytes, /*writable=*/false);
}

bool NullBacking::AskPages(const Mapping&, ByteRange, std::span<uint8_t> pages) {
  std::ranges::fill(pages, uint8_t{1});
  return true;
}

void NullBacking::Submit(Reactor& reactor, IoOp& op, Via, bool) {
  reactor.Complete(op, RunNow(op));
}

IoResult NullBacking::RunNow(IoOp& op) {
  uint64_t length = 0;
  for (const Segment& segment : op.segments) {
    if (op.kind == IoOp::Kind::kRead) std::memset(segment.data, 0, segment.size_bytes);
    length += segment.size_bytes;
  }
  return IoResult::Bytes(length);
}

int NullBacking::Grow(uint64_t size_bytes) {
  size_bytes_.store(std::max(size_bytes_.load(), size_bytes));
  return 0;
}

int NullBacking::Shrink(uint64_t size_bytes) {
  size_bytes_.store(std::min(size_bytes_.load(), size_bytes));
  return 0;
}

}  // namespace quire
