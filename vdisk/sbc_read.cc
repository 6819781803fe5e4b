// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// READ and VERIFY. Source: SBC-3 5.11 to 5.14 and 5.36 to 5.38.
#include <algorithm>

#include "vdisk/compare.h"
#include "vdisk/handlers.h"

namespace quire {
namespace {

void ReadBlocks(CommandRun run) {
  run.Take({.kind = CommandKind::kRead, .blocks = run.cdb().blocks()},
           [](CommandRun done) { done.EndWithFound(); });
}

// BYTCHK 1 compares with as many blocks as are verified, 3 with one (SBC-3 5.36, table 98).
bool Agrees(CommandRun run) {
  if (run.cdb().bytchk() == 0) return true;
  if (run.cdb().bytchk() == 1) return !FirstDifference(run.found(), run.data_out()).has_value();
  return !FirstDifferenceFromBlock(run.found(), run.data_out()).has_value();
}

// Piece by piece: what is not compared with as many bytes may be as long as the disk.
void VerifyNext(CommandRun run) {
  const uint64_t most = kMaxTransferBytes / run.geometry().block_bytes;
  const BlockRange piece = {run.left().first, {std::min(run.left().count.value, most)}};
  if (piece.count.value == 0 || run.aborted()) {
    run.End();
    return;
  }
  run.left().first.value += piece.count.value;
  run.left().count.value -= piece.count.value;
  run.Take({.kind = CommandKind::kRead, .blocks = piece, .copy = run.cdb().bytchk() != 0},
           [](CommandRun read) {
             if (Agrees(read)) {
               VerifyNext(read);
             } else {
               read.End(kMiscompare);
             }
           });
}

}  // namespace

// FUA asks for what the medium has: what only the cache has goes there first (SBC-3 5.11).
void Read(CommandRun run) {
  if (run.EndIfTooLong()) return;
  if (run.cdb().length == 0) {
    run.End();
  } else if (run.cdb().Has(CdbFlag::kFua)) {
    run.Take({.kind = CommandKind::kFlush, .blocks = run.cdb().blocks()}, ReadBlocks);
  } else {
    ReadBlocks(run);
  }
}

// Of the medium: what only the cache has goes there first.
void Verify(CommandRun run) {
  if (run.cdb().bytchk() == 1 && run.EndIfTooLong()) return;
  if (!run.HasAllData()) return;
  if (run.cdb().length == 0) {
    run.End();
    return;
  }
  run.left() = run.cdb().blocks();
  run.Take({.kind = CommandKind::kFlush, .blocks = run.left()}, VerifyNext);
}

}  // namespace quire
