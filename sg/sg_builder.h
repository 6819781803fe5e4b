// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Builds an SgVector piece by piece and merges pieces that are neighbours in memory.
// Owns: nothing until Finish() moves the hold in. Threads: one owner.
#pragma once

#include <utility>

#include "base/check.h"
#include "sg/sg_vector.h"

namespace quire {

class SgBuilder {
 public:
  // Starts over in `vector`, which must be empty.
  explicit SgBuilder(SgVector& vector) : vector_(vector) {
    QUIRE_DCHECK(vector.length_bytes() == 0);
  }

  // Appends a piece. False when there is no room for another segment; nothing is appended then.
  bool Append(Segment piece) {
    if (piece.size_bytes == 0) return true;
    if (vector_.count_segments_ > 0) {
      Segment& last = vector_.segments_[vector_.count_segments_ - 1];
      if (last.data + last.size_bytes == piece.data) {
        last.size_bytes += piece.size_bytes;
        vector_.length_bytes_ += piece.size_bytes;
        return true;
      }
    }
    if (vector_.count_segments_ == SgVector::kMaxSegments) return false;
    vector_.segments_[vector_.count_segments_++] = piece;
    vector_.length_bytes_ += piece.size_bytes;
    return true;
  }

  void SetFileRange(FileRange range) { vector_.file_range_ = range; }

  // Lets `vector` continue in `tail` after its first `kept_bytes`, under the same hold. The kept
  // part keeps its length but not its address: it was consumed and is not looked at again.
  static void Redirect(SgVector& vector, uint64_t kept_bytes, Segment tail) {
    vector.lent_segments_ = nullptr;
    size_t count = 0;
    if (kept_bytes > 0) vector.segments_[count++] = {tail.data, kept_bytes};
    vector.segments_[count++] = tail;
    vector.count_segments_ = count;
    vector.length_bytes_ = kept_bytes + tail.size_bytes;
    vector.file_range_ = {};
  }

  // A vector whose segments, not only their bytes, are what `hold` is on.
  static SgVector Lend(std::span<const Segment> segments, uint64_t length_bytes, Hold hold) {
    SgVector vector;
    vector.lent_segments_ = segments.data();
    vector.count_segments_ = segments.size();
    vector.length_bytes_ = length_bytes;
    vector.hold_ = std::move(hold);
    return vector;
  }

  // Hands the memory's hold to the vector.
  void Finish(Hold hold) { vector_.hold_ = std::move(hold); }

 private:
  SgVector& vector_;
};

}  // namespace quire
