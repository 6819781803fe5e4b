// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A borrowed scatter-gather vector: a span of segments and their total length.
// Owns: nothing. Lifetime: the segments outlive the view. Passed by value.
#pragma once

#include <cstdint>
#include <span>

#include "base/check.h"
#include "sg/segment.h"

namespace quire {

class SgView {
 public:
  constexpr SgView() = default;
  // `length_bytes` is the sum over `segments`, computed here.
  explicit SgView(std::span<const Segment> segments) : segments_(segments) {
    for (const Segment& segment : segments) length_bytes_ += segment.size_bytes;
  }
  // For callers that know the sum.
  SgView(std::span<const Segment> segments, uint64_t length_bytes)
      : segments_(segments), length_bytes_(length_bytes) {}

  std::span<const Segment> segments() const { return segments_; }
  uint64_t length_bytes() const { return length_bytes_; }
  bool empty() const { return length_bytes_ == 0; }

 private:
  std::span<const Segment> segments_;
  uint64_t length_bytes_ = 0;
};

// Walks a view piece by piece. Lifetime: as the view.
class SgCursor {
 public:
  explicit SgCursor(SgView view) : segments_(view.segments()) {}

  // The next piece of at most `limit_bytes`, and steps over it; empty at the end.
  Segment Take(uint64_t limit_bytes);
  void Skip(uint64_t length_bytes);

 private:
  std::span<const Segment> segments_;
  size_t index_ = 0;
  size_t within_bytes_ = 0;
};

inline Segment SgCursor::Take(uint64_t limit_bytes) {
  while (index_ < segments_.size()) {
    const Segment& segment = segments_[index_];
    const size_t left = segment.size_bytes - within_bytes_;
    if (left == 0) {
      ++index_;
      within_bytes_ = 0;
      continue;
    }
    const size_t take = left < limit_bytes ? left : static_cast<size_t>(limit_bytes);
    const Segment piece{segment.data + within_bytes_, take};
    within_bytes_ += take;
    return piece;
  }
  return {};
}

inline void SgCursor::Skip(uint64_t length_bytes) {
  while (length_bytes > 0) {
    const Segment piece = Take(length_bytes);
    QUIRE_CHECK(piece.size_bytes > 0);
    length_bytes -= piece.size_bytes;
  }
}

}  // namespace quire
