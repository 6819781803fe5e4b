// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One request's place in the pin table: which bytes of the file it is at, and what it does there.
// Embedded in the request, so that nothing is allocated.
// Lifetime: in the table from Acquire to Release; stays where it is meanwhile.
#pragma once

#include <cstdint>

#include "base/byte_range.h"
#include "base/intrusive_list.h"
#include "pagecache/stable_bytes.h"

namespace quire {

// What a request does to its range.
enum class PinKind : uint8_t {
  kLent,   // page references are out; never in anybody's way
  kFill,   // a read whose bytes are on their way from the file; writes and other fills wait
  kWrite,  // bytes of the range change; everything else waits
};

class PinTable;

class Pin {
 public:
  // Runs when a pin that had to wait is granted. Called on any thread, without locks.
  using Granted = void (*)(Pin& pin);

  // One node for each of the two shards that a range can lie in.
  struct Node : ListNode<> {
    Pin* pin = nullptr;
    uint64_t arrival = 0;  // in that shard: lower is earlier
  };

  ByteRange range() const { return range_; }

 private:
  friend class PinTable;

  Node nodes_[2];
  ByteRange range_;
  PinKind kind_ = PinKind::kLent;
  bool waiting_ = false;
  bool late_ = false;  // a write that waits because it came while the table was frozen
  Granted granted_ = nullptr;
  StableBytes* stable_ = nullptr;
  Pin* next_granted_ = nullptr;
};

}  // namespace quire
