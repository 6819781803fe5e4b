// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/readahead.h"

#include <algorithm>

namespace quire {

std::optional<ByteRange> Readahead::Note(ByteRange read, uint64_t size_bytes) {
  size_t index = last_;
  if (streams_[index].next_offset != read.offset) {
    index = 0;
    while (index < streams_.size() && streams_[index].next_offset != read.offset) ++index;
  }
  if (index == streams_.size()) {
    last_ = victim_;
    victim_ = (victim_ + 1) % streams_.size();
    streams_[last_] = {.next_offset = read.end(), .loaded_end = 0, .count_reads = 1};
    return std::nullopt;
  }
  last_ = index;
  Stream& stream = streams_[index];
  stream.next_offset = read.end();
  if (++stream.count_reads < 3) return std::nullopt;
  const uint64_t start = std::max(stream.loaded_end, read.end());
  if (start >= read.end() + kAheadBytes / 2 || start >= size_bytes) return std::nullopt;
  const uint64_t end = std::min(read.end() + kAheadBytes, size_bytes);
  stream.loaded_end = end;
  return ByteRange{start, end - start};
}

}  // namespace quire
