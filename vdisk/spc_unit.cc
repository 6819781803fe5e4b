// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What is asked about the unit: TEST UNIT READY, REQUEST SENSE, INQUIRY, LOG SENSE. Source: SPC-4
// clause 6.
#include "vdisk/handlers.h"
#include "vdisk/log_pages.h"

namespace quire {

void TestUnitReady(CommandRun run) { run.End(); }

// A unit attention or deferred error is told as data, and thereby cleared; then how far the medium
// has come (SPC-4 6.39).
void RequestSense(CommandRun run) {
  Outcome outcome = run.server().medium().Refusal();
  if (const auto attention = run.nexus().attentions().Take()) {
    outcome = OutcomeOf(*attention);
  } else if (const auto error = run.nexus().deferred().Take()) {
    outcome = *error;
  }
  const auto format =
      run.cdb().Has(CdbFlag::kDesc) ? SenseFormat::kDescriptor : SenseFormat::kFixed;
  const SenseData sense = SenseData::Encode(outcome, format);
  run.Respond([&sense](Response& response) {
    response.Bytes(sense.bytes());
    return kGood;
  });
}

void Inquiry(CommandRun run) {
  const InquirySource source = run.server().inquiry_source(run.nexus());
  run.Respond([run, &source](Response& response) {
    if (run.cdb().Has(CdbFlag::kEvpd)) {
      return WriteVitalProductData(run.cdb().page_code(), source, response);
    }
    WriteStandardInquiry(source, response);
    return kGood;
  });
}

// The file system is asked for its room, which may block.
void LogSense(CommandRun run) {
  run.OnWorker(
      [](CommandRun here) {
        return here.Fill([here](Response& response) {
          return WriteLogSense(here.cdb(), {.mapping = here.server().mapping_resources()},
                               response);
        });
      },
      [](CommandRun done) { done.End(); });
}

}  // namespace quire
