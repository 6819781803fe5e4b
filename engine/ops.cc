// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/ops.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

#include "sg/sg_view.h"

namespace quire {
namespace {

// Calls `call` until no signal interrupts it; its result as the kernel would put it in a CQE.
template <typename Call>
IoResult WithoutEintr(Call call) {
  for (;;) {
    const int64_t result = call();
    if (result >= 0) return IoResult::FromKernel(result);
    if (errno != EINTR) return IoResult::Error(errno);
  }
}

}  // namespace

void IoOp::Prepare(Kind new_kind, int new_fd, ByteRange new_range, uint32_t new_flags) {
  QUIRE_DCHECK(state() == State::kIdle || state() == State::kQueued);
  kind = new_kind;
  fd = new_fd;
  fixed_file = -1;
  fixed_buffer = -1;
  range = new_range;
  flags = new_flags;
  segments = {};
}

void IoOp::PrepareRead(int from_fd, uint64_t offset, std::span<const Segment> pieces,
                       uint32_t rwf) {
  Prepare(Kind::kRead, from_fd, {offset, SgView(pieces).length_bytes()}, rwf);
  segments = pieces;
  if (pieces.size() != 1) return;
  single = pieces[0];
  segments = {&single, 1};
}

void IoOp::PrepareWrite(int to_fd, uint64_t offset, std::span<const Segment> pieces, uint32_t rwf) {
  PrepareRead(to_fd, offset, pieces, rwf);
  kind = Kind::kWrite;
}

void IoOp::PrepareFlush(int of_fd, ByteRange of_range) {
  Prepare(Kind::kFlush, of_fd, of_range, 0);
}

void IoOp::PrepareFallocate(int of_fd, ByteRange of_range, int mode) {
  Prepare(Kind::kFallocate, of_fd, of_range, static_cast<uint32_t>(mode));
}

IoResult IoOp::RunBlocking() const {
  const auto offset = static_cast<off_t>(range.offset);
  const auto length = static_cast<off_t>(range.length);
  const iovec* pieces = AsIovec(segments.data());
  const auto count = static_cast<int>(segments.size());
  const auto mode = static_cast<int>(flags);
  switch (kind) {
    case Kind::kRead:
      return WithoutEintr([&] { return preadv2(fd, pieces, count, offset, mode); });
    case Kind::kWrite:
      return WithoutEintr([&] { return pwritev2(fd, pieces, count, offset, mode); });
    case Kind::kFlush:
      return WithoutEintr([&] { return fdatasync(fd); });
    case Kind::kFallocate:
      return WithoutEintr([&] { return fallocate(fd, mode, offset, length); });
  }
  return IoResult::Error(EINVAL);
}

}  // namespace quire
