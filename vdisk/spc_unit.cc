// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What is asked about the unit: TEST UNIT READY, REQUEST SENSE, INQUIRY, LOG SENSE, REPORT
// SUPPORTED OPERATION CODES and TASK MANAGEMENT FUNCTIONS, REPORT TIMESTAMP. Source: SPC-4
// clause 6.
#include <chrono>

#include "vdisk/handlers.h"
#include "vdisk/log_pages.h"
#include "vdisk/report_opcodes.h"
#include "vdisk/task_management.h"
#include "vdisk/timestamp.h"

namespace quire {

void TestUnitReady(CommandRun run) { run.End(); }

// A unit attention is told as data, and thereby cleared (SPC-4 6.39).
void RequestSense(CommandRun run) {
  const auto attention = run.nexus().attentions().Take();
  const Outcome outcome = attention.has_value() ? OutcomeOf(*attention) : kGood;
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

void LogSense(CommandRun run) {
  run.Respond([run](Response& response) { return WriteLogSense(run.cdb(), {}, response); });
}

void ReportSupportedOperationCodes(CommandRun run) {
  run.Respond([run](Response& response) {
    return WriteSupportedOpcodes(run.cdb(), run.server().operations(), response);
  });
}

void ReportSupportedTaskManagementFunctions(CommandRun run) {
  run.Respond([run](Response& response) {
    WriteSupportedTaskManagementFunctions(run.cdb(), kTaskManagementSupport, response);
    return kGood;
  });
}

void ReportTimestamp(CommandRun run) {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const auto unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
  run.Respond([unix_ms](Response& response) {
    WriteTimestamp(static_cast<uint64_t>(unix_ms), response);
    return kGood;
  });
}

}  // namespace quire
