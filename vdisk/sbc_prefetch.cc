// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// PRE-FETCH. Source: SBC-3 5.8 and 5.9.
#include <algorithm>

#include "vdisk/background.h"
#include "vdisk/handlers.h"

namespace quire {
namespace {

// How it ends when it succeeds: CONDITION MET says that all of them are in memory.
const Outcome& Met(CommandRun run) { return run.index() != 0 ? kConditionMet : kGood; }

// Piece by piece, read and let go of: the page cache has them afterwards.
void PreFetchNext(CommandRun run) {
  const uint64_t most = kMaxTransferBytes / run.geometry().block_bytes;
  const BlockRange piece = {run.left().first, {std::min(run.left().count.value, most)}};
  if (piece.count.value == 0 || run.aborted()) {
    run.End(Met(run));
    return;
  }
  run.left().first.value += piece.count.value;
  run.left().count.value -= piece.count.value;
  run.Take({.kind = CommandKind::kRead, .blocks = piece}, PreFetchNext);
}

}  // namespace

// A count of 0 is all that follow, or as much of it as one command brings in. What bypasses the
// page cache has no memory to be brought into.
void PreFetch(CommandRun run) {
  const uint64_t limit = run.server().limits().max_prefetch;
  BlockRange blocks = run.cdb().blocks();
  if (blocks.count.value > limit) {
    run.End(kInvalidFieldInCdb.AtCdbField(run.cdb().opcode->length.byte));
    return;
  }
  const uint64_t asked =
      blocks.count.value != 0 ? blocks.count.value : run.geometry().count.value - run.cdb().lba;
  blocks.count.value = std::min(asked, limit);
  if (run.server().device().file().options().cache == CacheMode::kNone) {
    run.End();
    return;
  }
  run.index() = blocks.count.value == asked ? 1 : 0;
  Background* const background = run.server().background();
  if (blocks.count.value > 0 && run.cdb().Has(CdbFlag::kImmed) && background != nullptr) {
    run.End(background->Prefetch(blocks) ? Met(run) : kGood);
    return;
  }
  run.left() = blocks;
  PreFetchNext(run);
}

}  // namespace quire
