// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// How a command ended, in SCSI's words; the one place that knows errno and sense data both.
// Threads: values, any thread. Source: SAM-5 5.3 (status), SPC-4 4.5 (sense data).
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

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

// What the sense-key specific field says (SPC-4 4.5.2.4).
enum class SenseSpecific : uint8_t {
  kNone,
  kCdbField,        // ILLEGAL REQUEST: a byte of the CDB is at fault (C/D = 1)
  kParameterField,  // ILLEGAL REQUEST: a byte of the parameter list is
  kProgress,        // NO SENSE, NOT READY: so many 65536ths are done
};

// Status and sense data. A plain value; the `With...` calls give a changed copy.
struct Outcome {
  static constexpr uint8_t kNoBit = 0xff;

  Status status = Status::kGood;
  SenseKey key = SenseKey::kNoSense;
  uint8_t asc = 0;   // additional sense code
  uint8_t ascq = 0;  // its qualifier
  SenseSpecific specific = SenseSpecific::kNone;
  uint8_t bit = kNoBit;          // bit pointer, 7 to 0; the left-most bit of the field at fault
  uint16_t number = 0;           // field pointer or progress indication
  bool deferred = false;         // about an earlier command (SPC-4 4.5.5)
  bool has_information = false;  // `information` is valid (SPC-4 4.5.2.2)
  uint64_t information = 0;

  constexpr bool good() const { return status == Status::kGood; }
  // The same answer, whatever details come with it.
  constexpr bool Is(const Outcome& other) const {
    return status == other.status && key == other.key && asc == other.asc && ascq == other.ascq;
  }

  // The INFORMATION field: an LBA, or the offset of a miscompare (SBC-3 4.18.1).
  constexpr Outcome WithInformation(uint64_t value) const;
  constexpr Outcome AtCdbField(uint16_t byte, uint8_t bit_pointer = kNoBit) const;
  constexpr Outcome AtParameterField(uint16_t byte, uint8_t bit_pointer = kNoBit) const;
  constexpr Outcome WithProgress(uint16_t of_65536) const;
  constexpr Outcome Deferred() const;

  friend constexpr bool operator==(const Outcome&, const Outcome&) = default;
};
static_assert(sizeof(Outcome) == 24);
static_assert(std::is_trivially_copyable_v<Outcome>);

constexpr Outcome Outcome::WithInformation(uint64_t value) const {
  Outcome result = *this;
  result.has_information = true;
  result.information = value;
  return result;
}
constexpr Outcome Outcome::AtCdbField(uint16_t byte, uint8_t bit_pointer) const {
  Outcome result = *this;
  result.specific = SenseSpecific::kCdbField;
  result.number = byte;
  result.bit = bit_pointer;
  return result;
}
constexpr Outcome Outcome::AtParameterField(uint16_t byte, uint8_t bit_pointer) const {
  Outcome result = AtCdbField(byte, bit_pointer);
  result.specific = SenseSpecific::kParameterField;
  return result;
}
constexpr Outcome Outcome::WithProgress(uint16_t of_65536) const {
  Outcome result = *this;
  result.specific = SenseSpecific::kProgress;
  result.number = of_65536;
  return result;
}
constexpr Outcome Outcome::Deferred() const {
  Outcome result = *this;
  result.deferred = true;
  return result;
}

// What the command was doing decides between a read error and a write error.
enum class Direction : uint8_t { kNone, kRead, kWrite };

// `error` is a positive errno; 0 gives GOOD.
Outcome OutcomeFromErrno(int error, Direction direction);
// The nearest errno, for front ends that speak it; 0 for GOOD.
int ErrnoFromOutcome(const Outcome& outcome);
// The name that SPC-4 table 28 gives it.
std::string_view Name(SenseKey key);

}  // namespace quire
