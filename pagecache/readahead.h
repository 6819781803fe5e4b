// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Notices streams, so that what comes next is in memory before it is asked for.
// Reads by reference never tell the kernel that they happened; its own read-ahead sees misses only.
// Threads: one reactor's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/byte_range.h"

namespace quire {

class Readahead {
 public:
  static constexpr uint64_t kAheadBytes = 2 * 1024 * 1024;

  // Takes note of a read. Answers a range worth loading now: when the third read in a row continues
  // a stream, and from then on each time that less than half of the range ahead is left.
  std::optional<ByteRange> Note(ByteRange read, uint64_t size_bytes);

 private:
  struct Stream {
    uint64_t next_offset = ~uint64_t{0};
    uint64_t loaded_end = 0;
    uint32_t count_reads = 0;
  };
  // A few streams at once: hosts interleave them. The victim is taken round robin.
  std::array<Stream, 8> streams_;
  size_t last_ = 0;
  size_t victim_ = 0;
};

}  // namespace quire
