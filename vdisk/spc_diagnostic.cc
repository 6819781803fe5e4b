// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// SEND DIAGNOSTIC and RECEIVE DIAGNOSTIC RESULTS. Source: SPC-4 6.28, 6.42 and 7.2.
#include "vdisk/diagnostic_pages.h"
#include "vdisk/handlers.h"

namespace quire {

// The default self test finds what would refuse a write: a flush that failed, whose data nobody has
// looked at since.
void SendDiagnostic(CommandRun run) {
  if (!run.HasAllData()) return;
  Outcome outcome = CheckDiagnosticPage(run.cdb(), run.List());
  const bool failed = run.server().device().file().latched_error() != 0;
  if (outcome.good() && run.cdb().Has(CdbFlag::kSelftest) && failed) outcome = kFailedSelfTest;
  run.End(outcome);
}

void ReceiveDiagnosticResults(CommandRun run) {
  run.Respond([run](Response& response) { return WriteDiagnosticPage(run.cdb(), response); });
}

}  // namespace quire
