// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/sense.h"

#include <array>
#include <atomic>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

// Once per errno: an error of the medium comes with every request.
void LogOnce(int error) {
  static std::array<std::atomic_flag, 256> logged;
  if (logged[static_cast<size_t>(error) % logged.size()].test_and_set()) return;
  Log(LogLevel::kError, absl::StrCat("errno ", error, " has no sense data of its own"));
}

Outcome MediumError(Direction direction) {
  return direction == Direction::kRead ? kUnrecoveredReadError : kWriteError;
}

}  // namespace

Outcome OutcomeFromErrno(int error, Direction direction) {
  switch (error) {
    case 0:
      return {};
    case ERANGE:  // the blocks do not lie on the disk
      return kLbaOutOfRange;
    case EINVAL:  // a length that does not fit, or is more than one transfer may have
      return kInvalidFieldInCdb;
    case EROFS:  // the disk is read-only
      return kWriteProtected;
    case EOPNOTSUPP:  // the file system cannot do it
      return kInvalidOpcode;
    case ENOSPC:  // the file system is full
    case EDQUOT:  // or our share of it
    case EFBIG:   // or the file as long as it can get
      return kSpaceAllocationFailed;
    case EBUSY:  // a limit of ours, try again
      return kTaskSetFull;
    case EIO:      // the medium, or a file that is shorter than the disk
    case EBADMSG:  // a checksum of the file system (EFSBADCRC)
    case EUCLEAN:  // its structure is damaged (EFSCORRUPTED)
    case ENODATA:  // the block layer's medium error
    case EILSEQ:   // its protection information does not match
      return MediumError(direction);
    case ETIMEDOUT:  // the device did not answer
    case ENOLINK:    // the way to it is gone
    case EREMOTEIO:  // it failed
    case ENODEV:     // it was taken away
    case ENXIO:
      return kInternalTargetFailure;
    case ENOMEM:  // the kernel had none for the page cache
      return kBusy;
    default:
      LogOnce(error);
      return direction == Direction::kNone ? kInternalTargetFailure : MediumError(direction);
  }
}

int ErrnoFromOutcome(const Outcome& outcome) {
  if (outcome.good()) return 0;
  if (outcome.status == Status::kTaskSetFull || outcome.status == Status::kBusy) return EBUSY;
  if (outcome.Is(kLbaOutOfRange)) return ERANGE;
  if (outcome.Is(kInvalidFieldInCdb)) return EINVAL;
  if (outcome.Is(kInvalidOpcode)) return EOPNOTSUPP;
  if (outcome.Is(kWriteProtected)) return EROFS;
  if (outcome.Is(kSpaceAllocationFailed)) return ENOSPC;
  return EIO;
}

std::string_view Name(SenseKey key) {
  switch (key) {
    case SenseKey::kNoSense:
      return "NO SENSE";
    case SenseKey::kRecoveredError:
      return "RECOVERED ERROR";
    case SenseKey::kNotReady:
      return "NOT READY";
    case SenseKey::kMediumError:
      return "MEDIUM ERROR";
    case SenseKey::kHardwareError:
      return "HARDWARE ERROR";
    case SenseKey::kIllegalRequest:
      return "ILLEGAL REQUEST";
    case SenseKey::kUnitAttention:
      return "UNIT ATTENTION";
    case SenseKey::kDataProtect:
      return "DATA PROTECT";
    case SenseKey::kCopyAborted:
      return "COPY ABORTED";
    case SenseKey::kAbortedCommand:
      return "ABORTED COMMAND";
    case SenseKey::kMiscompare:
      return "MISCOMPARE";
  }
  return "?";
}

}  // namespace quire
