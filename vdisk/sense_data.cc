// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/sense_data.h"

#include <limits>

#include "base/big_endian.h"
#include "base/check.h"

namespace quire {
namespace {

constexpr size_t kFixedBytes = 18;
constexpr size_t kHeadBytes = 8;  // both formats: up to the additional length
constexpr size_t kInformationBytes = 12;
constexpr size_t kSpecificBytes = 8;
static_assert(kHeadBytes + kInformationBytes + kSpecificBytes == SenseData::kMaxBytes);

constexpr uint8_t kValid = 0x80;
constexpr uint8_t kSksv = 0x80;  // the sense-key specific field is valid
constexpr uint8_t kCd = 0x40;    // the field pointer points into the CDB
constexpr uint8_t kBpv = 0x08;   // the bit pointer is valid

// SPC-4 4.5.2.4.
void StoreSpecific(const Outcome& outcome, uint8_t* bytes) {
  bytes[0] = kSksv;
  if (outcome.specific == SenseSpecific::kCdbField) bytes[0] |= kCd;
  if (outcome.specific != SenseSpecific::kProgress && outcome.bit != Outcome::kNoBit) {
    QUIRE_DCHECK(outcome.bit < 8);
    bytes[0] |= kBpv | (outcome.bit & 7);
  }
  StoreBig<2>(bytes + 1, outcome.number);
}

}  // namespace

SenseData SenseData::Encode(const Outcome& outcome, SenseFormat format) {
  SenseData data;
  if (format == SenseFormat::kFixed) {
    data.EncodeFixed(outcome);
  } else {
    data.EncodeDescriptors(outcome);
  }
  data.bytes_[7] = static_cast<uint8_t>(data.size_bytes_ - kHeadBytes);
  return data;
}

void SenseData::EncodeFixed(const Outcome& outcome) {
  size_bytes_ = kFixedBytes;
  bytes_[0] = outcome.deferred ? 0x71 : 0x70;
  // A number that does not fit is not valid in this format (SPC-4 4.5.3).
  if (outcome.has_information && outcome.information <= std::numeric_limits<uint32_t>::max()) {
    bytes_[0] |= kValid;
    StoreBig<4>(&bytes_[3], outcome.information);
  }
  bytes_[2] = static_cast<uint8_t>(outcome.key);
  bytes_[12] = outcome.asc;
  bytes_[13] = outcome.ascq;
  if (outcome.specific != SenseSpecific::kNone) StoreSpecific(outcome, &bytes_[15]);
}

void SenseData::EncodeDescriptors(const Outcome& outcome) {
  size_bytes_ = kHeadBytes;
  bytes_[0] = outcome.deferred ? 0x73 : 0x72;
  bytes_[1] = static_cast<uint8_t>(outcome.key);
  bytes_[2] = outcome.asc;
  bytes_[3] = outcome.ascq;
  if (outcome.has_information) {  // SPC-4 4.5.2.2
    uint8_t* const descriptor = &bytes_[size_bytes_];
    descriptor[1] = kInformationBytes - 2;
    descriptor[2] = kValid;
    StoreBig<8>(descriptor + 4, outcome.information);
    size_bytes_ += kInformationBytes;
  }
  if (outcome.specific != SenseSpecific::kNone) {  // SPC-4 4.5.2.4.1
    uint8_t* const descriptor = &bytes_[size_bytes_];
    descriptor[0] = 0x02;
    descriptor[1] = kSpecificBytes - 2;
    StoreSpecific(outcome, descriptor + 4);
    size_bytes_ += kSpecificBytes;
  }
}

}  // namespace quire
