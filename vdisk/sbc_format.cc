// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// FORMAT UNIT and SANITIZE. Source: SBC-3 4.11, 5.3 and 5.24.
//
// What was written can be read no more through this disk or its file, whichever of them is used.
// BLOCK ERASE gives the blocks back to the file system, which may leave the old bytes on the device
// under it until they are used again; OVERWRITE writes to all blocks, in place where the file
// system writes in place.
#include "vdisk/format_list.h"
#include "vdisk/handlers.h"
#include "vdisk/overwrite_list.h"

namespace quire {
namespace {

constexpr uint8_t kOverwrite = 0x01;
constexpr uint8_t kExitFailureMode = 0x1f;

void Begin(CommandRun run, const MediumRewrite::Plan& plan, bool immed) {
  if (const Outcome begun = run.server().medium().Begin(plan.work); !begun.good()) {
    run.End(begun);
    return;
  }
  run.Rewrite(plan, immed);
}

}  // namespace

// Block length, capacity and protection stay as they are, so that all there is to do is to
// initialize the blocks (SBC-3 5.3.1).
void FormatUnit(CommandRun run) {
  if (run.EndIfWriteProtected()) return;
  FormatList list;
  if (run.cdb().Has(CdbFlag::kFmtdata)) {
    list =
        ParseFormatList(run.List(), run.cdb().Has(CdbFlag::kLonglist), run.geometry().block_bytes);
  }
  if (!list.outcome.good()) {
    run.End(list.outcome);
    return;
  }
  Begin(run, {.work = Medium::Work::kFormat, .pattern = list.pattern}, list.immed);
}

void Sanitize(CommandRun run) {
  if (run.EndIfWriteProtected() || !run.HasAllData()) return;
  const uint8_t action = run.cdb().opcode->service_action;
  if (action == kExitFailureMode) {
    run.OnWorker([](CommandRun here) { return here.server().rewrite().ExitFailureMode(); },
                 [](CommandRun done) { done.End(); });
    return;
  }
  MediumRewrite::Plan plan;
  plan.work =
      run.cdb().Has(CdbFlag::kAuse) ? Medium::Work::kSanitizeUnrestricted : Medium::Work::kSanitize;
  if (action == kOverwrite) {
    const OverwriteList list = ParseOverwriteList(run.List(), run.geometry().block_bytes);
    if (!list.outcome.good()) {
      run.End(list.outcome);
      return;
    }
    plan.pattern = list.pattern;
    plan.count_passes = list.count_passes;
    plan.invert = list.invert;
  }
  Begin(run, plan, run.cdb().Has(CdbFlag::kImmed));
}

}  // namespace quire
