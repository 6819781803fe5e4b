// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What the last reads found in memory, and what the next are therefore likely to find.
//
// A stream that misses is left to the kernel: plain reads keep its read-ahead going and bring large
// folios in. A reference tells the kernel nothing, so references in between would stop it, and an
// explicit WILLNEED loads page by page (64 KiB in order: 20 us of CPU, against 4 us by plain
// reads). Small reads that miss again and again skip the look whether they have to. Threads: one
// reactor's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/byte_range.h"

namespace quire {

class MissHistory {
 public:
  static constexpr size_t kStreams = 8;

  // Takes note of a read and answers the number of its stream, a new one's where it continues none.
  uint32_t Note(ByteRange read);
  // What the read had to do.
  void Hit() { misses_in_a_row_ = 0; }
  void Missed(uint32_t stream);

  bool StreamMisses(uint32_t stream) const { return streams_[stream].misses; }
  // True when reads have missed in a row, except for one in a while that looks again.
  bool ExpectsMiss();
  // Once per MiB of a stream that misses: a range far enough ahead that only an earlier reader can
  // have loaded it. If it is there, the stream need not be left to the kernel any more.
  std::optional<ByteRange> WorthALook(uint32_t stream, uint64_t size_bytes);
  void Arrived(uint32_t stream) { streams_[stream].misses = false; }

 private:
  struct Stream {
    uint64_t next_offset = ~uint64_t{0};
    uint64_t look_at = 0;
    bool misses = false;
  };
  // A few at once: hosts interleave them. The victim is taken round robin.
  std::array<Stream, kStreams> streams_;
  uint32_t last_ = 0;
  uint32_t victim_ = 0;
  uint32_t misses_in_a_row_ = 0;
};

}  // namespace quire
