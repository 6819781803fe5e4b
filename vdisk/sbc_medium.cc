// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// START STOP UNIT and PREVENT ALLOW MEDIUM REMOVAL. Source: SBC-3 5.10 and 5.25.
#include "vdisk/background.h"
#include "vdisk/handlers.h"

namespace quire {
namespace {

// POWER CONDITION (SBC-3 5.25, table 81): those that a disk without power conditions can do.
enum PowerCondition : uint8_t { kByStart = 0, kActive = 1, kIdle = 2, kStandby = 3 };

void Rest(CommandRun run) {
  Medium& medium = run.server().medium();
  if (run.cdb().power_condition() == kStandby) {
    run.End(medium.Start());
  } else {
    run.End(run.cdb().Has(CdbFlag::kLoej) ? medium.Eject() : medium.Stop());
  }
}

// What is in the cache goes to the medium first, unless NO_FLUSH says that it need not.
void Flush(CommandRun run) {
  if (run.cdb().Has(CdbFlag::kNoFlush)) {
    Rest(run);
    return;
  }
  run.Take({.kind = CommandKind::kFlush}, Rest);
}

// After the answer, with IMMED.
void FlushLater(CommandRun run) {
  const BlockRange all = {{0}, run.geometry().count};
  run.server().background()->Flush(all, run.nexus().id());
  Rest(run);
}

// Commands under way finish first, and are in the flush; others wait.
void StopAfterFlush(CommandRun run) {
  if (run.server().medium().busy()) {  // it has all blocks to itself, for long
    run.End(run.server().medium().Refusal());
    return;
  }
  const BlockRange all = {{0}, run.geometry().count};
  const bool later = run.cdb().Has(CdbFlag::kImmed) && !run.cdb().Has(CdbFlag::kNoFlush) &&
                     run.server().background() != nullptr;
  run.ClaimForItself({&all, 1}, later ? FlushLater : Flush);
}

void Load(CommandRun run) {
  bool loaded = false;
  const Outcome outcome = run.server().medium().Load(&loaded);
  if (loaded) run.server().PostAttention(UnitAttention::kMediumChanged, &run.nexus());
  run.End(outcome);
}

// START and LOEJ count only where POWER CONDITION is 0.
void StartOrStop(CommandRun run) {
  const bool start = run.cdb().Has(CdbFlag::kStart);
  const bool loej = run.cdb().Has(CdbFlag::kLoej);
  Medium& medium = run.server().medium();
  if (loej && !medium.removable()) {
    run.End(kInvalidFieldInCdb.AtCdbField(4, 1));
  } else if (!start) {
    StopAfterFlush(run);
  } else if (loej) {
    Load(run);
  } else {
    run.End(medium.Start());
  }
}

}  // namespace

void StartStopUnit(CommandRun run) {
  const uint8_t modifier = run.cdb().bytes[3];
  if (modifier != 0) {
    run.End(kInvalidFieldInCdb.AtCdbField(3, 3));
    return;
  }
  switch (run.cdb().power_condition()) {
    case kByStart:
      StartOrStop(run);
      return;
    case kActive:
    case kIdle:  // it is as quick
      run.End(run.server().medium().Start());
      return;
    case kStandby:
      StopAfterFlush(run);
      return;
    default:
      run.End(kInvalidFieldInCdb.AtCdbField(4, 7));
  }
}

// Where nothing can be removed its removal is prevented already: GOOD, as initiators expect that
// send it to every disk.
void PreventAllowMediumRemoval(CommandRun run) {
  Medium& medium = run.server().medium();
  if (run.cdb().Has(CdbFlag::kPrevent)) {
    medium.Prevent(run.nexus());
  } else {
    medium.Allow(run.nexus());
  }
  run.End();
}

}  // namespace quire
