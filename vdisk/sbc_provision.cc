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

// The block again and again, all of it the same memory.
SgView Repeated(CommandRun run, uint64_t length_bytes) {
  std::vector<uint8_t>& pattern = run.scratch();
  run.pieces().clear();
  for (uint64_t left = length_bytes; left > 0;) {
    const size_t size_bytes = std::min(left, pattern.size());
    run.pieces().push_back({reinterpret_cast<std::byte*>(pattern.data()), size_bytes});
    left -= size_bytes;
  }
  return SgView(run.pieces(), length_bytes);
}

// Piece by piece, so that an abort need not wait for the last one. No pattern means zeros; with
// UNMAP their space goes back, which leaves what was asked for (LBPRZ).
void WriteSameNext(CommandRun run) {
  if (run.left().count.value == 0 || run.aborted()) {
    EndStable(run);
    return;
  }
  const uint64_t most = kMaxTransferBytes / run.geometry().block_bytes;
  const BlockRange piece = {run.left().first, {std::min(run.left().count.value, most)}};
  run.left().first.value += piece.count.value;
  run.left().count.value -= piece.count.value;
  if (!run.scratch().empty()) {
    run.Take({.kind = CommandKind::kWrite,
              .blocks = piece,
              .data = Repeated(run, run.geometry().Bytes(piece).length)},
             WriteSameNext);
  } else {
    const bool unmap = run.cdb().Has(CdbFlag::kUnmap);
    run.Take({.kind = unmap ? CommandKind::kUnmap : CommandKind::kWriteZeroes, .blocks = piece},
             WriteSameNext);
  }
}

void FillPattern(CommandRun run) {
  constexpr uint64_t kPatternBytes = 64 * 1024;
  run.List();
  std::vector<uint8_t>& pattern = run.scratch();
  const size_t block_bytes = pattern.size();
  pattern.resize(kPatternBytes);
  for (size_t at = block_bytes; at < pattern.size(); ++at) {
    pattern[at] = pattern[at - block_bytes];
  }
}

// What is not as the disk can do it (SBC-3 5.43, 6.6.4).
Outcome WriteSameRefusal(CommandRun run) {
  const Cdb& cdb = run.cdb();
  const BlockLimits& limits = run.server().limits();
  if (cdb.Has(CdbFlag::kAnchor)) return kInvalidFieldInCdb.AtCdbField(1, 4);
  if (cdb.Has(CdbFlag::kUnmap) && !run.server().provisioning().unmap) {
    return kInvalidFieldInCdb.AtCdbField(1, 3);
  }
  if (cdb.length == 0 || cdb.length > limits.max_write_same) {
    return kInvalidFieldInCdb.AtCdbField(cdb.opcode->length.byte);
  }
  return kGood;
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

// NDOB, or a block of zeros, needs nothing written.
void WriteSame(CommandRun run) {
  if (run.EndIfWriteProtected()) return;
  if (const Outcome refusal = WriteSameRefusal(run); !refusal.good()) {
    run.End(refusal);
    return;
  }
  if (!run.HasAllData()) return;
  run.left() = run.cdb().blocks();
  run.scratch().clear();
  if (!AllZero(run.data_out())) FillPattern(run);  // with NDOB there is no data
  WriteSameNext(run);
}

}  // namespace quire
