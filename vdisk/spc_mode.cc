// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// MODE SENSE and MODE SELECT. Source: SPC-4 6.9 to 6.12.
//
// Whoever turns the write cache off may rely on it from the answer on (SBC-3 6.5, WCE). What was
// acknowledged before is flushed; most of it while others go on, the rest with the disk to itself:
// so no write that began with the cache on is acknowledged after the last flush.
//
//   flush -> claim the disk -> flush -> save -> publish -> answer      a failure changes nothing
#include "vdisk/handlers.h"
#include "vdisk/mode_select.h"
#include "vdisk/mode_sense.h"

namespace quire {
namespace {

// The list against what is true now. It may change until the command has claimed the parameters.
ModeSelection Selection(CommandRun run) {
  return ParseModeSelect(run.cdb(), run.List(), run.server().mode_state(), run.geometry());
}

// On a worker. REQUIRES: the parameters are claimed.
Outcome Change(CommandRun run) {
  const ModeSelection selection = Selection(run);
  if (!selection.outcome.good() || run.aborted()) return selection.outcome;
  if (selection.save) {
    const Outcome saved = run.server().SaveMode(selection.parameters);
    if (!saved.good()) return saved;
  }
  run.server().ChangeMode(selection.parameters, run.nexus());
  return kGood;
}

void ChangeAndEnd(CommandRun run) {
  run.OnWorker(Change, [](CommandRun done) { done.End(); });
}

}  // namespace

void ModeSense(CommandRun run) {
  run.Respond([run](Response& response) {
    return WriteModeSense(run.cdb(), run.server().mode_state(), run.geometry(), response);
  });
}

void ModeSelect(CommandRun run) {
  if (!run.HasAllData()) return;
  const ModeSelection selection = Selection(run);
  const bool may_end_cache =
      selection.parameters.wce == 0 && run.server().mode_state().traits.wce_changeable;
  if (!selection.outcome.good()) {
    run.End(selection.outcome);
  } else if (may_end_cache && run.server().medium().busy()) {  // it has all blocks, for long
    run.End(run.server().medium().Refusal());
  } else if (!may_end_cache) {
    run.ClaimModeParameters(/*disk=*/false, ChangeAndEnd);
  } else {
    run.Take({.kind = CommandKind::kFlush}, [](CommandRun flushed) {
      flushed.ClaimModeParameters(/*disk=*/true, [](CommandRun alone) {
        alone.Take({.kind = CommandKind::kFlush}, ChangeAndEnd);
      });
    });
  }
}

}  // namespace quire
