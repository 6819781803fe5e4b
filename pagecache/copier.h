// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Copies bytes of one file to another, or within one: in pieces on a worker, each with its source
// held against writes and its target to itself. The kernel does it, so that a file system that can
// (XFS, btrfs) shares the blocks and moves nothing; what it refuses is read and written.
//
//   source  |--piece--|--piece--|--piece--|     a fill in the pin table: no half of a write is seen
//                |         |         |
//   target  |--piece--|--piece--|--piece--|     a write: everything else waits
//
// Where the two overlap in one file, the pieces go in the order, and are of a length, that no byte
// is overwritten before it was copied.
//
// References that are lent over the target see the new bytes: the kernel takes the old pages out of
// the mapping, and the next touch finds the new ones. What is dirty in the source is part of the
// copy: the kernel writes it back before it shares it.
// Owns: nothing. Lifetime: both files outlive the op. Threads: the reactor's of the channel.
// Errors: EIO when one of the files is shorter than its disk; ENOSPC; what the kernel says.
#pragma once

#include "pagecache/file_channel.h"

namespace quire {

class Copier {
 public:
  static void Start(CopyOp& op);

 private:
  struct Piece {
    ByteRange source;
    ByteRange target;
  };

  static int Refusal(const CopyOp& op);
  static bool OverlapsItself(const CopyOp& op, const Piece& piece);
  static Piece NextPiece(const CopyOp& op);
  static void AcquirePiece(CopyOp& op);
  static void OnGranted(FileOp& op, IoResult);
  static IoResult CopyPiece(WorkOp& work);
  static IoResult CopyByBuffer(const CopyOp& op, const Piece& rest);
  static void OnDone(FileOp& op, IoResult result);
};

}  // namespace quire
