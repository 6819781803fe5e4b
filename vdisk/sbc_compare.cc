// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// COMPARE AND WRITE and ORWRITE: read, look, write, with the blocks to themselves.
// Source: SBC-3 5.2 and 5.9.
#include "sg/copy.h"
#include "vdisk/compare.h"
#include "vdisk/handlers.h"

namespace quire {
namespace {

// The abort of somebody whom a reservation preempted may have come while it read.
void WriteUnlessAborted(CommandRun run, SgView data) {
  if (run.aborted()) {
    run.End();
    return;
  }
  run.Take({.kind = CommandKind::kWrite,
            .blocks = run.cdb().blocks(),
            .data = data,
            .fua = run.writes_through()},
           [](CommandRun done) { done.End(); });
}

// The first half of the data is what there should be, the second what there is to be.
void CompareThenWrite(CommandRun run) {
  const uint64_t length_bytes = run.geometry().Bytes(run.cdb().blocks()).length;
  const auto differs = FirstDifference(run.found(), run.data_out());
  if (differs.has_value()) {
    run.End(kMiscompare.WithInformation(*differs));
    return;
  }
  run.pieces().clear();
  WriteUnlessAborted(run, PartOf(run.data_out(), length_bytes, length_bytes, run.pieces()));
}

void OrThenWrite(CommandRun run) {
  std::vector<uint8_t>& merged = run.scratch();
  merged.resize(run.found().length_bytes());
  run.pieces().assign(1, {reinterpret_cast<std::byte*>(merged.data()), merged.size()});
  const SgView target(run.pieces(), merged.size());
  CopySg(target, run.found());
  OrInto(target, run.data_out());
  WriteUnlessAborted(run, target);
}

}  // namespace

// Data of another length has its halves elsewhere: the wrong one would be written.
void CompareAndWrite(CommandRun run) {
  if (run.EndIfWriteProtected()) return;
  if (run.data_out().length_bytes() > run.cdb().data_bytes(run.geometry().block_bytes)) {
    run.End(kInvalidFieldInCdb.AtCdbField(13));
    return;
  }
  if (!run.HasAllData()) return;
  if (run.cdb().length == 0) {
    run.End();
    return;
  }
  run.Take({.kind = CommandKind::kRead, .blocks = run.cdb().blocks(), .copy = true},
           CompareThenWrite);
}

void OrWrite(CommandRun run) {
  if (run.EndIfWriteProtected() || run.EndIfTooLong() || !run.HasAllData()) return;
  if (run.cdb().length == 0) {
    run.End();
    return;
  }
  run.Take({.kind = CommandKind::kRead, .blocks = run.cdb().blocks(), .copy = true}, OrThenWrite);
}

}  // namespace quire
