// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Every answer that a disk gives, by the name that SPC-4 annex D (additional sense codes) gives it.
// Threads: constants, any thread.
#pragma once

#include "vdisk/sense.h"

namespace quire {

constexpr Outcome CheckCondition(SenseKey key, uint8_t asc, uint8_t ascq) {
  return {Status::kCheckCondition, key, asc, ascq};
}

// Without sense data (SAM-5 5.3.1).
constexpr Outcome kGood{};
constexpr Outcome kConditionMet{Status::kConditionMet, SenseKey::kNoSense, 0, 0};
constexpr Outcome kBusy{Status::kBusy, SenseKey::kNoSense, 0, 0};
constexpr Outcome kReservationConflict{Status::kReservationConflict, SenseKey::kNoSense, 0, 0};
constexpr Outcome kTaskSetFull{Status::kTaskSetFull, SenseKey::kNoSense, 0, 0};
constexpr Outcome kTaskAborted{Status::kTaskAborted, SenseKey::kNoSense, 0, 0};

// NOT READY.
constexpr Outcome kBecomingReady = CheckCondition(SenseKey::kNotReady, 0x04, 0x01);
constexpr Outcome kInitializingCommandRequired = CheckCondition(SenseKey::kNotReady, 0x04, 0x02);
constexpr Outcome kManualInterventionRequired = CheckCondition(SenseKey::kNotReady, 0x04, 0x03);
constexpr Outcome kLogicalUnitNotReadyFormat = CheckCondition(SenseKey::kNotReady, 0x04, 0x04);
constexpr Outcome kSpaceAllocationInProgress = CheckCondition(SenseKey::kNotReady, 0x04, 0x14);
constexpr Outcome kLogicalUnitNotReadySanitize = CheckCondition(SenseKey::kNotReady, 0x04, 0x1b);
constexpr Outcome kTargetPortStandby = CheckCondition(SenseKey::kNotReady, 0x04, 0x0b);
constexpr Outcome kTargetPortUnavailable = CheckCondition(SenseKey::kNotReady, 0x04, 0x0c);
constexpr Outcome kAsymmetricAccessTransition = CheckCondition(SenseKey::kNotReady, 0x04, 0x0a);
constexpr Outcome kMediumNotPresent = CheckCondition(SenseKey::kNotReady, 0x3a, 0x00);

// MEDIUM ERROR and HARDWARE ERROR.
constexpr Outcome kWriteError = CheckCondition(SenseKey::kMediumError, 0x0c, 0x00);
constexpr Outcome kUnrecoveredReadError = CheckCondition(SenseKey::kMediumError, 0x11, 0x00);
constexpr Outcome kMediumFormatCorrupted = CheckCondition(SenseKey::kMediumError, 0x31, 0x00);
constexpr Outcome kFormatCommandFailed = CheckCondition(SenseKey::kMediumError, 0x31, 0x01);
constexpr Outcome kSanitizeCommandFailed = CheckCondition(SenseKey::kMediumError, 0x31, 0x03);
constexpr Outcome kFailedSelfTest = CheckCondition(SenseKey::kHardwareError, 0x3e, 0x03);
constexpr Outcome kInternalTargetFailure = CheckCondition(SenseKey::kHardwareError, 0x44, 0x00);
constexpr Outcome kLogicalUnitCommunicationFailure =
    CheckCondition(SenseKey::kHardwareError, 0x08, 0x00);

// ILLEGAL REQUEST.
constexpr Outcome kOperationInProgress = CheckCondition(SenseKey::kIllegalRequest, 0x00, 0x16);
constexpr Outcome kParameterListLengthError = CheckCondition(SenseKey::kIllegalRequest, 0x1a, 0x00);
constexpr Outcome kInvalidOpcode = CheckCondition(SenseKey::kIllegalRequest, 0x20, 0x00);
constexpr Outcome kLbaOutOfRange = CheckCondition(SenseKey::kIllegalRequest, 0x21, 0x00);
constexpr Outcome kInvalidFieldInCdb = CheckCondition(SenseKey::kIllegalRequest, 0x24, 0x00);
constexpr Outcome kLogicalUnitNotSupported = CheckCondition(SenseKey::kIllegalRequest, 0x25, 0x00);
constexpr Outcome kInvalidFieldInParameterList =
    CheckCondition(SenseKey::kIllegalRequest, 0x26, 0x00);
constexpr Outcome kInvalidReleaseOfPersistentReservation =
    CheckCondition(SenseKey::kIllegalRequest, 0x26, 0x04);
constexpr Outcome kTooManyTargetDescriptors = CheckCondition(SenseKey::kIllegalRequest, 0x26, 0x06);
constexpr Outcome kUnsupportedTargetDescriptorType =
    CheckCondition(SenseKey::kIllegalRequest, 0x26, 0x07);
constexpr Outcome kTooManySegmentDescriptors =
    CheckCondition(SenseKey::kIllegalRequest, 0x26, 0x08);
constexpr Outcome kUnsupportedSegmentDescriptorType =
    CheckCondition(SenseKey::kIllegalRequest, 0x26, 0x09);
constexpr Outcome kInlineDataLengthExceeded = CheckCondition(SenseKey::kIllegalRequest, 0x26, 0x0b);
constexpr Outcome kInvalidOperationForCopy = CheckCondition(SenseKey::kIllegalRequest, 0x26, 0x0c);
constexpr Outcome kCommandSequenceError = CheckCondition(SenseKey::kIllegalRequest, 0x2c, 0x00);
constexpr Outcome kSavingParametersNotSupported =
    CheckCondition(SenseKey::kIllegalRequest, 0x39, 0x00);
constexpr Outcome kMediumRemovalPrevented = CheckCondition(SenseKey::kIllegalRequest, 0x53, 0x02);
constexpr Outcome kInsufficientRegistrationResources =
    CheckCondition(SenseKey::kIllegalRequest, 0x55, 0x04);

// DATA PROTECT, COPY ABORTED, ABORTED COMMAND and MISCOMPARE.
constexpr Outcome kWriteProtected = CheckCondition(SenseKey::kDataProtect, 0x27, 0x00);
constexpr Outcome kSoftwareWriteProtected = CheckCondition(SenseKey::kDataProtect, 0x27, 0x02);
constexpr Outcome kSpaceAllocationFailed = CheckCondition(SenseKey::kDataProtect, 0x27, 0x07);
constexpr Outcome kCopyAborted = CheckCondition(SenseKey::kCopyAborted, 0x00, 0x00);
constexpr Outcome kCopyTargetNotReachable = CheckCondition(SenseKey::kCopyAborted, 0x0d, 0x02);
constexpr Outcome kIncorrectCopyTargetDeviceType =
    CheckCondition(SenseKey::kCopyAborted, 0x0d, 0x03);
constexpr Outcome kThirdPartyDeviceFailure = CheckCondition(SenseKey::kCopyAborted, 0x0d, 0x01);
constexpr Outcome kDataPhaseError = CheckCondition(SenseKey::kAbortedCommand, 0x4b, 0x00);
constexpr Outcome kMiscompare = CheckCondition(SenseKey::kMiscompare, 0x1d, 0x00);

// UNIT ATTENTION (SAM-5 5.14; SBC-3 4.7.3 for the threshold).
constexpr Outcome kMediumMayHaveChanged = CheckCondition(SenseKey::kUnitAttention, 0x28, 0x00);
constexpr Outcome kPowerOnOrReset = CheckCondition(SenseKey::kUnitAttention, 0x29, 0x00);
constexpr Outcome kPowerOnOccurred = CheckCondition(SenseKey::kUnitAttention, 0x29, 0x01);
constexpr Outcome kBusDeviceReset = CheckCondition(SenseKey::kUnitAttention, 0x29, 0x03);
constexpr Outcome kNexusLossOccurred = CheckCondition(SenseKey::kUnitAttention, 0x29, 0x07);
constexpr Outcome kModeParametersChanged = CheckCondition(SenseKey::kUnitAttention, 0x2a, 0x01);
constexpr Outcome kReservationsPreempted = CheckCondition(SenseKey::kUnitAttention, 0x2a, 0x03);
constexpr Outcome kReservationsReleased = CheckCondition(SenseKey::kUnitAttention, 0x2a, 0x04);
constexpr Outcome kRegistrationsPreempted = CheckCondition(SenseKey::kUnitAttention, 0x2a, 0x05);
constexpr Outcome kAsymmetricAccessChanged = CheckCondition(SenseKey::kUnitAttention, 0x2a, 0x06);
constexpr Outcome kCapacityDataChanged = CheckCondition(SenseKey::kUnitAttention, 0x2a, 0x09);
constexpr Outcome kCommandsClearedByAnotherInitiator =
    CheckCondition(SenseKey::kUnitAttention, 0x2f, 0x00);
constexpr Outcome kThinThreshold = CheckCondition(SenseKey::kUnitAttention, 0x38, 0x07);
constexpr Outcome kInquiryDataChanged = CheckCondition(SenseKey::kUnitAttention, 0x3f, 0x03);
constexpr Outcome kReportedLunsDataChanged = CheckCondition(SenseKey::kUnitAttention, 0x3f, 0x0e);

}  // namespace quire
