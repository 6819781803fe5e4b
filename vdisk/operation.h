// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What a command does, whatever the size of its CDB; and sets of that.
// Threads: values, any thread. Source: SPC-4 clause 6, SBC-3 and SBC-4 clause 5.
#pragma once

#include <cstdint>

namespace quire {

// What a handler distinguishes; forms that differ only in the size of the CDB are one.
enum class Operation : uint8_t {
  kTestUnitReady,
  kRequestSense,
  kInquiry,
  kModeSense,
  kModeSelect,
  kLogSense,
  kReadCapacity10,
  kReadCapacity16,
  kRead,
  kWrite,
  kWriteAndVerify,
  kVerify,
  kSynchronizeCache,
  kPreFetch,
  kWriteSame,
  kUnmap,
  kGetLbaStatus,
  kCompareAndWrite,
  kOrWrite,
  kWriteAtomic,
  kExtendedCopy,
  kReceiveCopyResults,
  kReadDefectData,
  kStartStopUnit,
  kPreventAllowMediumRemoval,
  kFormatUnit,
  kSanitize,
  kReserve,
  kRelease,
  kPersistentReserveIn,
  kPersistentReserveOut,
  kReportLuns,
  kReportTargetPortGroups,
  kReportSupportedOperationCodes,
  kReportSupportedTaskManagementFunctions,
  kReportTimestamp,
  kSendDiagnostic,
  kReceiveDiagnosticResults,
  kReadBuffer,
  kWriteBuffer,
};

// Those that one disk carries out.
class OperationSet {
 public:
  static constexpr OperationSet All() { return OperationSet(); }
  constexpr bool Has(Operation operation) const { return (absent_ & Bit(operation)) == 0; }
  constexpr OperationSet Without(Operation operation) const {
    OperationSet set = *this;
    set.absent_ |= Bit(operation);
    return set;
  }

 private:
  static constexpr uint64_t Bit(Operation operation) {
    return uint64_t{1} << static_cast<uint8_t>(operation);
  }
  uint64_t absent_ = 0;
};

}  // namespace quire
