// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The size of a disk in logical blocks, and ranges of them.
// Threads: values, any thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "base/byte_range.h"

namespace quire {

// A logical block address (SBC-4, 3.1).
struct Lba {
  uint64_t value = 0;
  friend constexpr bool operator==(Lba, Lba) = default;
};

struct BlockCount {
  uint64_t value = 0;
  friend constexpr bool operator==(BlockCount, BlockCount) = default;
};

struct BlockRange {
  Lba first;
  BlockCount count;
};

struct Geometry {
  uint32_t block_bytes = 512;  // 512 or 4096
  BlockCount count;

  static Geometry ForSize(uint64_t size_bytes, uint32_t block_bytes) {
    return {block_bytes, {size_bytes >> std::countr_zero(block_bytes)}};
  }
  uint64_t size_bytes() const { return count.value * block_bytes; }
  // Safe for any numbers.
  bool Contains(BlockRange blocks) const {
    return blocks.first.value <= count.value &&
           blocks.count.value <= count.value - blocks.first.value;
  }
  // The first that is not on the disk (SBC-3 4.18.1). REQUIRES: !Contains(blocks).
  Lba FirstBeyond(BlockRange blocks) const { return {std::max(blocks.first.value, count.value)}; }
  // REQUIRES: Contains(blocks).
  ByteRange Bytes(BlockRange blocks) const {
    return {blocks.first.value * block_bytes, blocks.count.value * block_bytes};
  }
};

}  // namespace quire
