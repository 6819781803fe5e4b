// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The requests that a FileChannel carries out. Callers own them; nothing is allocated for one.
// Lifetime: from the call that starts it until its callback, and a ReadOp further until its data
// was released (ReadOp::data destroyed or Reset). Stays where it is meanwhile.
// Threads: the channel's reactor; a ReadOp's data may be released on any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "base/byte_range.h"
#include "engine/ops.h"
#include "pagecache/flush_gate.h"
#include "pagecache/mapping.h"
#include "pagecache/path_choice.h"
#include "pagecache/pin.h"
#include "pagecache/stable_bytes.h"
#include "sg/sg_vector.h"
#include "sg/sgv_pool.h"

namespace quire {

class FileChannel;
class File;

// What the ops have in common: a place in the pin table, and one kernel operation at a time.
struct FileOp : Completion, ListNode<struct Waiting> {
  // Internal to pagecache.
  struct Io : IoOp {
    FileOp* op = nullptr;
  };
  struct TablePin : Pin {
    FileOp* op = nullptr;
  };
  struct Flush : FlushGate::Entry {
    FileOp* op = nullptr;
  };
  // Runs the next step, on the reactor, after a wait of any kind.
  using Step = void (*)(FileOp& op, IoResult result);

  FileChannel* channel = nullptr;
  File* file = nullptr;  // the channel's; of a copy the target
  TablePin pin;
  Io io;
  Step step = nullptr;
  Flush flush;
  Step flushed = nullptr;  // what follows a flush
};

struct ReadOp : FileOp {
  // Inputs.
  ByteRange range;               // at most kMaxTransferBytes
  bool stable = false;           // bytes may not change under the reader: look by StableLook only
  bool references_only = false;  // no copy of what is in memory, even where it would be cheaper
  bool copies_only = false;      // private bytes only

  // Set by the channel, valid from the callback. result() is the length of `data`, or the error:
  // EIO also when the file is shorter than the disk by now.
  SgVector data;
  StableBytes stable_bytes;       // when stable: look at `data` through this
  uint64_t referenced_bytes = 0;  // how much of data lies in the page cache
  // Set when the data was released: a lent page was lost meanwhile and read as zeros.
  bool revoked = false;

  // Internal: the pieces that the bytes come in.
  struct Part {
    ByteRange range;    // of the file, as it is read (aligned for O_DIRECT)
    uint32_t skip = 0;  // bytes read in front of the wanted ones
    uint32_t wanted = 0;
    bool reference = false;
  };
  std::array<Part, SgVector::kMaxSegments> parts;
  uint32_t count_parts = 0;
  uint32_t part = 0;            // the one being filled
  uint64_t progress_bytes = 0;  // of that part
  uint64_t filled_bytes = 0;    // of private_memory, by the parts before
  Sgv* private_memory = nullptr;
  Mapping* mapping = nullptr;  // the one that references point into
  uint64_t heals_before = 0;   // its healed pages when they were lent
  ReadPath path = ReadPath::kFill;
  uint32_t stream = 0;
  bool in_turn = false;  // through the turnstile of its stream
  bool pinned = false;
};

struct WriteOp : FileOp {
  // Inputs.
  ByteRange range;   // at most kMaxTransferBytes
  SgView source;     // as long as the range; borrowed until the callback
  bool fua = false;  // on the medium before the callback
  // Whole or not at all, even when power is lost: EINVAL unless the file's traits say that it takes
  // such a range, EOPNOTSUPP where it takes none.
  bool atomic = false;
  // Not as it is cheapest: by stores where that is possible, or never by them.
  bool stores_only = false;
  bool writes_only = false;

  // Internal.
  WritePath path = WritePath::kWrite;
  bool asked = false;     // about each page, for want of a hint
  bool measured = false;  // its cost teaches something
  uint64_t progress_bytes = 0;
  std::array<Segment, 16> rest;  // what is left of the source after a short write
  Sgv* bounce = nullptr;         // aligned memory for O_DIRECT, as long as `aligned`
  ByteRange aligned;             // the range in whole blocks of O_DIRECT
  Step written = nullptr;        // what follows O_DIRECT
  uint32_t count_tries = 0;      // of an atomic write
};

struct SyncOp : FileOp {
  // Input: what must be on the medium; an empty range means the whole file.
  ByteRange range;
};

struct DiscardOp : FileOp {
  // Inputs.
  ByteRange range;    // any length
  bool zero = false;  // true: reads as zeros afterwards, space may stay; false: space is given back

  // Internal.
  uint64_t progress_bytes = 0;
};

struct CopyOp : FileOp {
  // Inputs.
  File* source = nullptr;
  File* target = nullptr;  // may be the same; neither need be the channel's
  ByteRange range;         // of the source, any length
  uint64_t target_offset = 0;
  bool fua = false;  // on the medium before the callback

  // Internal.
  TablePin source_pin;
  std::atomic<uint32_t> count_waiting{0};  // of its two pins
  uint64_t progress_bytes = 0;
};

}  // namespace quire
