// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// UNMAP and WRITE SAME. Source: SBC-3 4.7.3, and clause 5 under their names.
#include <algorithm>

#include "vdisk/compare.h"
#include "vdisk/handlers.h"
#include "vdisk/unmap_list.h"

namespace quire {
namespace {

// As stable as a write would be.
void EndStable(CommandRun run) {
  if (run.writes_through()) {
    run.Take({.kind = CommandKind::kFlush}, [](CommandRun done) { done.End(); });
  } else {
    run.End();
  }
}

// The ranges stay in the list, whose bytes the command keeps.
void UnmapNext(CommandRun run) {
  const UnmapList list =
      UnmapList::Parse(run.scratch(), run.geometry(), run.server().limits()).list;
  while (run.index() < list.count() && list[run.index()].count.value == 0) ++run.index();
  if (run.index() == list.count() || run.aborted()) {
    EndStable(run);
    return;
  }
  run.Take({.kind = CommandKind::kUnmap, .blocks = list[run.index()++]}, UnmapNext);
}

// How much of the disk: a count of 0 is all that follows (SBC-3 5.43, WSNZ = 0).
BlockRange BlocksOf(CommandRun run) {
  BlockRange blocks = run.cdb().blocks();
  if (blocks.count.value == 0) blocks.count.value = run.geometry().count.value - run.cdb().lba;
  return blocks;
}

// The block again and again: as many of it as one step carries, all of them the same memory.
void WriteSameNext(CommandRun run) {
  if (run.left().count.value == 0 || run.aborted()) {
    EndStable(run);
    return;
  }
  const BlockRange piece = {run.left().first,
                            {std::min<uint64_t>(run.left().count.value, run.index())}};
  run.left().first.value += piece.count.value;
  run.left().count.value -= piece.count.value;
  run.pieces().assign(1, {reinterpret_cast<std::byte*>(run.scratch().data()),
                          piece.count.value * run.geometry().block_bytes});
  run.Take({.kind = CommandKind::kWrite, .blocks = piece, .data = SgView(run.pieces())},
           WriteSameNext);
}

void WritePattern(CommandRun run) {
  constexpr uint64_t kPatternBytes = 256 * 1024;
  const std::span<const uint8_t> block = run.List();
  const std::vector<uint8_t> one(block.begin(), block.end());
  run.index() = kPatternBytes / one.size();
  run.scratch().clear();
  for (size_t i = 0; i < run.index(); ++i) {
    run.scratch().insert(run.scratch().end(), one.begin(), one.end());
  }
  run.left() = BlocksOf(run);
  WriteSameNext(run);
}

}  // namespace

void Unmap(CommandRun run) {
  if (run.EndIfWriteProtected() || !run.HasAllData()) return;
  if (run.cdb().Has(CdbFlag::kAnchor)) {
    run.End(kInvalidFieldInCdb.AtCdbField(1, 0));
    return;
  }
  const ParsedUnmapList parsed =
      UnmapList::Parse(run.List(), run.geometry(), run.server().limits());
  if (!parsed.outcome.good()) {
    run.End(parsed.outcome);
    return;
  }
  std::vector<BlockRange> ranges;
  for (size_t i = 0; i < parsed.list.count(); ++i) {
    if (parsed.list[i].count.value > 0) ranges.push_back(parsed.list[i]);
  }
  run.index() = 0;
  if (ranges.empty()) {
    run.End();
  } else {
    run.ClaimForItself(ranges, UnmapNext);
  }
}

// NDOB, or a block of zeros, needs nothing written; with UNMAP the space goes back where that
// leaves what was asked for (LBPRZ: zeros).
void WriteSame(CommandRun run) {
  if (run.EndIfWriteProtected() || !run.HasAllData()) return;
  if (run.cdb().Has(CdbFlag::kAnchor)) {
    run.End(kInvalidFieldInCdb.AtCdbField(1, 4));
    return;
  }
  if (BlocksOf(run).count.value == 0) {
    run.End();
  } else if (run.cdb().Has(CdbFlag::kNdob) || AllZero(run.data_out())) {
    const bool unmap = run.cdb().Has(CdbFlag::kUnmap);
    run.Take(
        {.kind = unmap ? CommandKind::kUnmap : CommandKind::kWriteZeroes, .blocks = BlocksOf(run)},
        EndStable);
  } else {
    WritePattern(run);
  }
}

}  // namespace quire
