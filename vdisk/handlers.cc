// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/handlers.h"

namespace quire {

CommandRun::Handler CommandRun::HandlerOf(Operation operation) {
  switch (operation) {
    case Operation::kTestUnitReady:
      return TestUnitReady;
    case Operation::kRequestSense:
      return RequestSense;
    case Operation::kInquiry:
      return Inquiry;
    case Operation::kModeSense:
      return ModeSense;
    case Operation::kModeSelect:
      return ModeSelect;
    case Operation::kLogSense:
      return LogSense;
    case Operation::kReadCapacity10:
      return ReadCapacity10;
    case Operation::kReadCapacity16:
      return ReadCapacity16;
    case Operation::kGetLbaStatus:
      return GetLbaStatus;
    case Operation::kRead:
      return Read;
    case Operation::kWrite:
      return Write;
    case Operation::kWriteAtomic:
      return WriteAtomic;
    case Operation::kWriteAndVerify:
      return WriteAndVerify;
    case Operation::kVerify:
      return Verify;
    case Operation::kSynchronizeCache:
      return SynchronizeCache;
    case Operation::kPreFetch:
      return PreFetch;
    case Operation::kStartStopUnit:
      return StartStopUnit;
    case Operation::kPreventAllowMediumRemoval:
      return PreventAllowMediumRemoval;
    case Operation::kFormatUnit:
      return FormatUnit;
    case Operation::kSanitize:
      return Sanitize;
    case Operation::kWriteSame:
      return WriteSame;
    case Operation::kUnmap:
      return Unmap;
    case Operation::kCompareAndWrite:
      return CompareAndWrite;
    case Operation::kOrWrite:
      return OrWrite;
    case Operation::kReserve:
      return Reserve;
    case Operation::kRelease:
      return Release;
    case Operation::kPersistentReserveIn:
      return PersistentReserveIn;
    case Operation::kPersistentReserveOut:
      return PersistentReserveOut;
    case Operation::kExtendedCopy:
      return ExtendedCopy;
    case Operation::kReceiveCopyResults:
      return ReceiveCopyResults;
    case Operation::kReportLuns:
      return ReportLuns;
    case Operation::kReportTargetPortGroups:
      return ReportTargetPortGroups;
    case Operation::kSendDiagnostic:
      return SendDiagnostic;
    case Operation::kReceiveDiagnosticResults:
      return ReceiveDiagnosticResults;
    case Operation::kReadBuffer:
      return ReadBuffer;
    case Operation::kWriteBuffer:
      return WriteBuffer;
    case Operation::kReadDefectData:
      return ReadDefectData;
    case Operation::kReportSupportedOperationCodes:
      return ReportSupportedOperationCodes;
    case Operation::kReportSupportedTaskManagementFunctions:
      return ReportSupportedTaskManagementFunctions;
    case Operation::kReportTimestamp:
      return ReportTimestamp;
    default:
      return nullptr;
  }
}

}  // namespace quire
