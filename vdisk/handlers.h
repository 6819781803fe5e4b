// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What carries out each command, by the standard that it is in: spc_*.cc and sbc_*.cc.
// Threads: the nexus's reactor. Errors: the outcome that a handler ends its command with.
#pragma once

#include "vdisk/command_run.h"

namespace quire {

// spc_unit.cc
void TestUnitReady(CommandRun run);
void RequestSense(CommandRun run);
void Inquiry(CommandRun run);
void LogSense(CommandRun run);
// spc_report.cc
void ReportLuns(CommandRun run);
void ReportTargetPortGroups(CommandRun run);
void ReportTimestamp(CommandRun run);
void ReportSupportedOperationCodes(CommandRun run);
void ReportSupportedTaskManagementFunctions(CommandRun run);
// spc_buffer.cc
void ReadBuffer(CommandRun run);
void WriteBuffer(CommandRun run);
// spc_diagnostic.cc
void SendDiagnostic(CommandRun run);
void ReceiveDiagnosticResults(CommandRun run);
// spc_mode.cc
void ModeSense(CommandRun run);
void ModeSelect(CommandRun run);
// spc_reserve.cc
void PersistentReserveIn(CommandRun run);
void PersistentReserveOut(CommandRun run);
void Reserve(CommandRun run);
void Release(CommandRun run);
// spc_copy.cc
void ExtendedCopy(CommandRun run);
void ReceiveCopyResults(CommandRun run);
// sbc_capacity.cc
void ReadCapacity10(CommandRun run);
void ReadCapacity16(CommandRun run);
// sbc_status.cc
void GetLbaStatus(CommandRun run);
// sbc_defect.cc
void ReadDefectData(CommandRun run);
// sbc_read.cc
void Read(CommandRun run);
void Verify(CommandRun run);
// sbc_write.cc
void Write(CommandRun run);
void WriteAtomic(CommandRun run);
void WriteAndVerify(CommandRun run);
void SynchronizeCache(CommandRun run);
// sbc_prefetch.cc
void PreFetch(CommandRun run);
// sbc_medium.cc
void StartStopUnit(CommandRun run);
void PreventAllowMediumRemoval(CommandRun run);
// sbc_format.cc
void FormatUnit(CommandRun run);
void Sanitize(CommandRun run);
// sbc_compare.cc
void CompareAndWrite(CommandRun run);
void OrWrite(CommandRun run);
// sbc_provision.cc
void Unmap(CommandRun run);
void WriteSame(CommandRun run);

}  // namespace quire
