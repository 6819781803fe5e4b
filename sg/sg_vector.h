// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// An owning scatter-gather vector: a few segments in place and the one hold on their memory.
// Owns: its hold. Move-only; destroying it returns the memory to whoever lent it.
// Threads: one owner at a time.
#pragma once

#include <array>
#include <span>
#include <utility>

#include "sg/file_range.h"
#include "sg/hold.h"
#include "sg/sg_view.h"

namespace quire {

class SgVector {
 public:
  // Enough for a transfer of 4 MiB out of 1 MiB pieces, or for one that changes between lent and
  // private memory a few times; see SgBuilder::Append.
  static constexpr size_t kMaxSegments = 8;

  SgVector() = default;
  SgVector(SgVector&& other) noexcept { *this = std::move(other); }
  SgVector& operator=(SgVector&& other) noexcept {
    hold_ = std::move(other.hold_);
    count_segments_ = std::exchange(other.count_segments_, 0);
    length_bytes_ = std::exchange(other.length_bytes_, 0);
    file_range_ = std::exchange(other.file_range_, {});
    lent_segments_ = std::exchange(other.lent_segments_, nullptr);
    if (lent_segments_ != nullptr) return *this;
    for (size_t i = 0; i < count_segments_; ++i) segments_[i] = other.segments_[i];
    return *this;
  }

  SgView view() const {
    const Segment* first = lent_segments_ != nullptr ? lent_segments_ : segments_.data();
    return {std::span(first, count_segments_), length_bytes_};
  }
  uint64_t length_bytes() const { return length_bytes_; }
  // Where the bytes lie in a file when all of them are page references of one range.
  const FileRange& file_range() const { return file_range_; }
  bool held() const { return hold_.held(); }

  // Returns the memory; the vector is empty afterwards. The hold goes first: until then somebody
  // else may still be making the bytes private.
  void Reset() {
    hold_.Release();
    count_segments_ = 0;
    length_bytes_ = 0;
    file_range_ = {};
    lent_segments_ = nullptr;
  }

 private:
  friend class SgBuilder;

  Hold hold_;
  size_t count_segments_ = 0;
  uint64_t length_bytes_ = 0;
  FileRange file_range_;
  const Segment* lent_segments_ = nullptr;  // the hold's owner's, instead of those in place
  std::array<Segment, kMaxSegments> segments_;
};

}  // namespace quire
