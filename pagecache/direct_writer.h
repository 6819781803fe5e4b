// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Writes by O_DIRECT: straight from the source where it is aligned, else through aligned memory,
// with the blocks at ragged ends read first. An atomic write has no ragged ends and is one piece.
//
//   Start -> source aligned? --yes-----------------------------> Submit -> done
//              `--no--> memory -> read head -> read tail -> copy -^
//
// Owns: nothing; all state is in the WriteOp. Threads: the reactor's.
#pragma once

#include "pagecache/file_channel.h"

namespace quire {

class DirectWriter {
 public:
  // Writes op.source to op.range. `done` runs with an error or with bytes; it is all or nothing.
  // REQUIRES: op.aligned is pinned for writing.
  static void Start(WriteOp& op, FileOp::Step done);

 private:
  static bool AlignedSource(const WriteOp& op);
  static int32_t FixedBufferOf(const WriteOp& op, const Segment& piece);
  static void Write(FileOp& op, IoResult);
  static void ReadEdge(WriteOp& op, uint64_t offset, FileOp::Step next);
  static void OnHeadRead(FileOp& op, IoResult result);
  static void OnTailRead(FileOp& op, IoResult result);
  static bool Stable(const WriteOp& op);
  static void Submit(WriteOp& op, std::span<const Segment> pieces);
  static void OnWritten(FileOp& op, IoResult result);
  static void Finish(WriteOp& op, IoResult result);
};

}  // namespace quire
