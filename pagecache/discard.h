// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Gives space back, or makes a range read as zeros: by fallocate, in pieces, each with the range to
// itself. A piece that the file system cannot zero, or that is not whole sectors of a block device,
// is written with zeros.
// Owns: nothing. Threads: the reactor's.
// Errors: EOPNOTSUPP when space cannot be given back; ENOSPC when zeros need more of it.
#pragma once

#include "pagecache/file_channel.h"

namespace quire {

class Discarder {
 public:
  static void Start(DiscardOp& op);

 private:
  static ByteRange Piece(const DiscardOp& op);
  static void NextPiece(DiscardOp& op);
  static void OnGranted(FileOp& op, IoResult waited);
  static void WriteZeros(DiscardOp& op, uint64_t done_bytes);
  static void OnZerosWritten(FileOp& op, IoResult result);
  static void OnDone(FileOp& op, IoResult result);
};

}  // namespace quire
