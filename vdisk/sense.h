// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// How a command ended, in SCSI's words; the one place that knows errno and sense data both.
// Threads: values, any thread. Source: SAM-5 5.3 (status), SPC-4 4.5 (sense data).
#pragma once

#include <cstdint>
#include <string_view>

namespace quire {

enum class Status : uint8_t {
  kGood = 0x00,
  kCheckCondition = 0x02,
  kConditionMet = 0x04,
  kBusy = 0x08,
  kReservationConflict = 0x18,
  kTaskSetFull = 0x28,
  kTaskAborted = 0x40,
};

enum class SenseKey : uint8_t {
  kNoSense = 0x0,
  kRecoveredError = 0x1,
  kNotReady = 0x2,
  kMediumError = 0x3,
  kHardwareError = 0x4,
  kIllegalRequest = 0x5,
  kUnitAttention = 0x6,
  kDataProtect = 0x7,
  kCopyAborted = 0xa,
  kAbortedCommand = 0xb,
  kMiscompare = 0xe,
};

struct Outcome {
  Status status = Status::kGood;
  SenseKey key = SenseKey::kNoSense;
  uint8_t asc = 0;   // additional sense code
  uint8_t ascq = 0;  // its qualifier

  bool good() const { return status == Status::kGood; }
  friend constexpr bool operator==(const Outcome&, const Outcome&) = default;
};

// What the command was doing decides between a read error and a write error.
enum class Direction : uint8_t { kNone, kRead, kWrite };

// `error` is a positive errno; 0 gives GOOD.
Outcome OutcomeFromErrno(int error, Direction direction);
// The nearest errno, for front ends that speak it; 0 for GOOD.
int ErrnoFromOutcome(const Outcome& outcome);
// The name that SPC-4 table 28 gives it.
std::string_view Name(SenseKey key);

}  // namespace quire
