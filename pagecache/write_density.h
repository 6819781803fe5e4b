// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// How much of each stretch of a file (2 MiB) is written between two times that it is clean.
//
// A store dirties the whole folio that it hits, up to 2 MiB; a write on the file only its blocks.
// 512 writes of 4 KiB, one per 2 MiB, and a flush made the device write 2 MiB after pwrite and
// 999 MiB after stores (ext4; XFS does the same). So stores are for stretches that are written
// densely: where more than an eighth was written since the last flush, or before it. Then they
// write at most 8 times what was asked for; mostly nothing more at all. Threads: any thread; a lost
// update is harmless.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/byte_range.h"
#include "pagecache/lazy_words.h"

namespace quire {

class WriteDensity {
 public:
  static constexpr uint64_t kStretchBytes = 2 * 1024 * 1024;
  static constexpr uint64_t kDenseBytes = kStretchBytes / 8;

  explicit WriteDensity(uint64_t capacity_bytes) : stretches_(capacity_bytes / kStretchBytes + 1) {}

  struct Look {
    bool dense;   // the stretch is written densely
    bool stored;  // and was stored into since it was clean: its folios are dirty
  };
  // Takes note of a write. `now_s`: any clock.
  Look Note(ByteRange range, uint32_t now_s);
  void NoteStored(ByteRange range);
  // The range is about to be flushed; an empty one means everything.
  void Flushed(ByteRange range);

 private:
  // One word a stretch: the flush that it was last clean by << 32 | since when << 16 |
  // pages written since << 2 | stored since << 1 | was dense before.
  static uint64_t Cleaned(uint64_t word);

  LazyWords stretches_;
  std::atomic<uint32_t> count_flushes_{0};
};

}  // namespace quire
