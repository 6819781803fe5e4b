// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One contiguous piece of memory, laid out like the kernel's iovec.
// Owns: nothing.
#pragma once

#include <sys/uio.h>

#include <cstddef>

namespace quire {

struct Segment {
  std::byte* data = nullptr;
  size_t size_bytes = 0;
};
static_assert(sizeof(Segment) == sizeof(iovec));
static_assert(offsetof(Segment, data) == offsetof(iovec, iov_base));
static_assert(offsetof(Segment, size_bytes) == offsetof(iovec, iov_len));

// An array of segments handed to readv, writev, sendmsg or io_uring as it is.
inline const iovec* AsIovec(const Segment* segments) {
  return reinterpret_cast<const iovec*>(segments);
}

}  // namespace quire
