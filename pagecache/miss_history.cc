// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/miss_history.h"

namespace quire {
namespace {

constexpr uint32_t kInARow = 4;
constexpr uint32_t kLookAgainEvery = 16;
constexpr uint64_t kLookEveryBytes = 1024 * 1024;
// Farther than the kernel's read-ahead gets as a rule (twice its window: 128 KiB, 8 MiB for some
// arrays and virtual disks).
constexpr uint64_t kFarAheadBytes = 32 * 1024 * 1024;

}  // namespace

uint32_t MissHistory::Note(ByteRange read) {
  uint32_t index = last_;
  if (streams_[index].next_offset != read.offset) {
    index = 0;
    while (index < streams_.size() && streams_[index].next_offset != read.offset) ++index;
    if (index == streams_.size()) {
      index = victim_;
      victim_ = (victim_ + 1) % streams_.size();
      streams_[index] = {};
    }
    last_ = index;
  }
  streams_[index].next_offset = read.end();
  return index;
}

void MissHistory::Missed(uint32_t stream) {
  ++misses_in_a_row_;
  Stream& missed = streams_[stream];
  if (missed.misses) return;
  missed.misses = true;
  missed.look_at = missed.next_offset + kLookEveryBytes;
}

bool MissHistory::ExpectsMiss() {
  if (misses_in_a_row_ < kInARow) return false;
  return ++misses_in_a_row_ % kLookAgainEvery != 0;
}

std::optional<ByteRange> MissHistory::WorthALook(uint32_t index, uint64_t size_bytes) {
  Stream& stream = streams_[index];
  if (!stream.misses || stream.next_offset < stream.look_at) return std::nullopt;
  stream.look_at = stream.next_offset + kLookEveryBytes;
  const ByteRange ahead{stream.next_offset + kFarAheadBytes, kLookEveryBytes};
  if (!ahead.FitsIn(size_bytes)) return std::nullopt;
  return ahead;
}

}  // namespace quire
