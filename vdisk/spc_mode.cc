// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// MODE SENSE and MODE SELECT. Source: SPC-4 6.9 to 6.12.
#include "vdisk/handlers.h"
#include "vdisk/mode_select.h"
#include "vdisk/mode_sense.h"

namespace quire {

void ModeSense(CommandRun run) {
  run.Respond([run](Response& response) {
    return WriteModeSense(run.cdb(), run.server().mode_state(), run.geometry(), response);
  });
}

// Whoever turns the write cache off may rely on it from the answer on: what is in it is made stable
// first (SBC-3 6.4, WCE).
void ModeSelect(CommandRun run) {
  if (!run.HasAllData()) return;
  const ModeState state = run.server().mode_state();
  const ModeSelection selection = ParseModeSelect(run.cdb(), run.List(), state, run.geometry());
  if (!selection.outcome.good()) {
    run.End(selection.outcome);
    return;
  }
  run.server().ChangeMode(selection.parameters, run.nexus());
  if (state.current.wce != 0 && selection.parameters.wce == 0) {
    run.Take({.kind = CommandKind::kFlush}, [](CommandRun done) { done.End(); });
  } else {
    run.End();
  }
}

}  // namespace quire
