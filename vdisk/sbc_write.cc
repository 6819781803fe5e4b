// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// WRITE, WRITE ATOMIC, WRITE AND VERIFY, SYNCHRONIZE CACHE.
// Source: SBC-3 5.22, 5.40 to 5.46; SBC-4 4.29 and clause 5 for what is atomic.
#include "vdisk/background.h"
#include "vdisk/compare.h"
#include "vdisk/handlers.h"

namespace quire {
namespace {

// False: it has ended, or has nothing to write.
bool MayWrite(CommandRun run) {
  if (run.EndIfWriteProtected() || run.EndIfTooLong() || !run.HasAllData()) return false;
  if (run.cdb().length > 0) return true;
  run.End();
  return false;
}

// BYTCHK 1 compares with what was written (SBC-3 5.43).
void ReadBack(CommandRun run) {
  const bool compares = run.cdb().bytchk() != 0;
  run.Take({.kind = CommandKind::kRead, .blocks = run.cdb().blocks(), .copy = compares},
           [](CommandRun read) {
             const bool differs = read.cdb().bytchk() != 0 &&
                                  FirstDifference(read.found(), read.data_out()).has_value();
             read.End(differs ? kMiscompare : kGood);
           });
}

}  // namespace

void Write(CommandRun run) {
  if (!MayWrite(run)) return;
  run.Take({.kind = CommandKind::kWrite,
            .blocks = run.cdb().blocks(),
            .data = run.data_out(),
            .fua = run.writes_through()},
           [](CommandRun done) { done.End(); });
}

// What the Block Limits page tells (SBC-4 6.6.4) is what is taken.
void WriteAtomic(CommandRun run) {
  const BlockLimits& limits = run.server().limits();
  if (run.cdb().lba % limits.atomic_alignment != 0) {
    run.End(kInvalidFieldInCdb.AtCdbField(2));
    return;
  }
  if (run.cdb().length > limits.max_atomic || run.cdb().length % limits.atomic_granularity != 0) {
    run.End(kInvalidFieldInCdb.AtCdbField(12));
    return;
  }
  if (!MayWrite(run)) return;
  run.Take({.kind = CommandKind::kWrite,
            .blocks = run.cdb().blocks(),
            .data = run.data_out(),
            .fua = run.writes_through(),
            .atomic = true},
           [](CommandRun done) { done.End(); });
}

// On the medium before it is verified.
void WriteAndVerify(CommandRun run) {
  if (!MayWrite(run)) return;
  run.Take({.kind = CommandKind::kWrite,
            .blocks = run.cdb().blocks(),
            .data = run.data_out(),
            .fua = true},
           ReadBack);
}

// A count of 0 means up to the end of the disk (SBC-3 5.22). With IMMED the answer comes first, and
// a failure as a deferred error; one that is latched already is told at once.
void SynchronizeCache(CommandRun run) {
  BlockRange blocks = run.cdb().blocks();
  if (blocks.count.value == 0) blocks.count.value = run.geometry().count.value - run.cdb().lba;
  if (blocks.count.value == 0) {
    run.End();
    return;
  }
  Background* const background = run.server().background();
  const bool hopeless = run.server().device().file().latched_error() != 0;
  if (run.cdb().Has(CdbFlag::kImmed) && background != nullptr && !hopeless) {
    background->Flush(blocks, run.nexus().id());
    run.End();
    return;
  }
  run.Take({.kind = CommandKind::kFlush, .blocks = blocks}, [](CommandRun done) { done.End(); });
}

}  // namespace quire
