// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A half-open range of bytes [offset, offset + length) of a file or a disk.
// Threads: a value, any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/check.h"

namespace quire {

// INVARIANT: offset + length does not overflow; callers that take numbers from outside ask Valid().
struct ByteRange {
  uint64_t offset = 0;
  uint64_t length = 0;

  constexpr bool Valid() const { return length <= std::numeric_limits<uint64_t>::max() - offset; }
  constexpr uint64_t end() const { return offset + length; }
  constexpr bool empty() const { return length == 0; }

  // True when every byte of this range lies below `size_bytes`; safe for any numbers.
  constexpr bool FitsIn(uint64_t size_bytes) const {
    return offset <= size_bytes && length <= size_bytes - offset;
  }
  constexpr bool Overlaps(const ByteRange& other) const {
    return offset < other.end() && other.offset < end();
  }
  constexpr bool Contains(const ByteRange& other) const {
    return offset <= other.offset && other.end() <= end();
  }
  // The common part, empty when there is none.
  constexpr ByteRange Intersect(const ByteRange& other) const {
    const uint64_t from = std::max(offset, other.offset);
    const uint64_t to = std::min(end(), other.end());
    return from < to ? ByteRange{from, to - from} : ByteRange{from, 0};
  }
  // The smallest range of whole `unit_bytes` units (a power of two) that contains this one.
  constexpr ByteRange AlignedOut(uint64_t unit_bytes) const {
    const uint64_t from = offset & ~(unit_bytes - 1);
    const uint64_t to = (end() + unit_bytes - 1) & ~(unit_bytes - 1);
    return {from, to - from};
  }
  constexpr bool AlignedTo(uint64_t unit_bytes) const {
    return ((offset | length) & (unit_bytes - 1)) == 0;
  }

  friend constexpr bool operator==(const ByteRange&, const ByteRange&) = default;
};

}  // namespace quire
