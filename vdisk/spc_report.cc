// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What is around the unit and what it can do: REPORT LUNS, REPORT TARGET PORT GROUPS, REPORT
// SUPPORTED OPERATION CODES and TASK MANAGEMENT FUNCTIONS, REPORT TIMESTAMP. Source: SPC-4
// clause 6.
#include <chrono>

#include "vdisk/handlers.h"
#include "vdisk/report_luns.h"
#include "vdisk/report_opcodes.h"
#include "vdisk/target_port_groups.h"
#include "vdisk/task_management.h"
#include "vdisk/timestamp.h"

namespace quire {

// Whoever has the list need not be told that it has changed (SPC-4 6.33).
void ReportLuns(CommandRun run) {
  run.Respond([run](Response& response) {
    const Outcome outcome = WriteReportLuns(run.cdb(), run.nexus().luns(), response);
    if (outcome.good()) run.nexus().attentions().Clear(UnitAttention::kReportedLunsChanged);
    return outcome;
  });
}

// One group: all ports lead to the same process, none better than another.
void ReportTargetPortGroups(CommandRun run) {
  constexpr uint8_t kOnlyActiveOptimized = 0x01;
  std::vector<uint16_t> ports;
  for (const TargetPort& port : run.server().ports()) ports.push_back(port.id);
  const TargetPortGroup group = {.id = DeviceServer::kPortGroup,
                                 .supported_states = kOnlyActiveOptimized,
                                 .relative_ports = ports};
  run.Respond([run, &group](Response& response) {
    WriteTargetPortGroups(run.cdb(), {&group, 1}, 0, response);
    return kGood;
  });
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
