// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/cdb.h"

#include <algorithm>
#include <bit>

#include "base/big_endian.h"
#include "base/check.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

constexpr uint32_t kBlocksOfLengthZero = 256;  // READ(6), WRITE(6): SBC-2 5.5, 5.24
constexpr uint32_t kReadCapacity10Bytes = 8;   // it has no allocation length: SBC-3 5.15

// The bit pointer of a field is that of its left-most bit (SPC-4 4.5.2.4.2).
uint8_t LeftMostBit(uint8_t bits) { return static_cast<uint8_t>(std::bit_width(bits) - 1); }

uint64_t Load(const Cdb& cdb, CdbNumber number) {
  const uint8_t* const bytes = &cdb.bytes[number.byte];
  switch (number.count_bytes) {
    case 0:
      return 0;
    case 1:
      return bytes[0];
    case 2:
      return LoadBig<2>(bytes);
    case 3:
      return LoadBig<3>(bytes);
    case 4:
      return LoadBig<4>(bytes);
    case 8:
      return LoadBig<8>(bytes);
  }
  QUIRE_CHECK(false);  // the table has no others
  return 0;
}

// A bit that means nothing to us must be zero, NACA too (SPC-4 4.2.5.1, SAM-5 5.2).
bool OnlyAllowedBits(const Cdb& cdb) {
  using Words = std::array<uint64_t, 2>;
  static_assert(sizeof(Words) == Opcode::kMaxCdbBytes);
  const auto bytes = std::bit_cast<Words>(cdb.bytes);
  const auto allowed = std::bit_cast<Words>(cdb.opcode->allowed);
  return ((bytes[0] & ~allowed[0]) | (bytes[1] & ~allowed[1])) == 0;
}

Outcome FirstReservedBit(const Cdb& cdb) {
  for (uint8_t i = 0; i < cdb.opcode->cdb_bytes; ++i) {
    const auto wrong = static_cast<uint8_t>(cdb.bytes[i] & ~cdb.opcode->allowed[i]);
    if (wrong != 0) return kInvalidFieldInCdb.AtCdbField(i, LeftMostBit(wrong));
  }
  return kGood;
}

// What a field may hold, and which fields exclude each other.
Outcome CheckValues(const Cdb& cdb) {
  switch (cdb.operation()) {
    case Operation::kInquiry:  // SPC-4 6.6.1
      if (!cdb.Has(CdbFlag::kEvpd) && cdb.page_code() != 0) return kInvalidFieldInCdb.AtCdbField(2);
      break;
    case Operation::kVerify:  // SBC-3 5.29
      if (cdb.bytchk() == 2) return kInvalidFieldInCdb.AtCdbField(1, 2);
      break;
    case Operation::kWriteSame:  // SBC-3 5.43
      if (cdb.Has(CdbFlag::kAnchor) && !cdb.Has(CdbFlag::kUnmap)) {
        return kInvalidFieldInCdb.AtCdbField(1, 4);
      }
      break;
    case Operation::kReadBuffer:
      if (cdb.buffer_mode() == kBufferModeDescriptor) break;
      if (cdb.buffer_mode() == kBufferModeEchoDescriptor) break;
      [[fallthrough]];
    case Operation::kWriteBuffer:
      if (cdb.buffer_mode() != kBufferModeEcho) return kInvalidFieldInCdb.AtCdbField(1, 4);
      break;
    case Operation::kReportTargetPortGroups:
      if (cdb.parameter_data_format() > 1) return kInvalidFieldInCdb.AtCdbField(1, 7);
      break;
    case Operation::kReportSupportedOperationCodes:
      if (cdb.reporting_options() > 3) return kInvalidFieldInCdb.AtCdbField(2, 2);
      break;
    default:
      break;
  }
  return kGood;
}

void LoadNumbers(Cdb& cdb) {
  const Opcode& opcode = *cdb.opcode;
  cdb.lba = Load(cdb, opcode.lba);
  cdb.length = static_cast<uint32_t>(Load(cdb, opcode.length));
  if (opcode.length_in_blocks && opcode.cdb_bytes == 6 && cdb.length == 0) {
    cdb.length = kBlocksOfLengthZero;
  }
  if (opcode.operation == Operation::kReadCapacity10) cdb.length = kReadCapacity10Bytes;
  for (size_t i = 0; i < opcode.count_flags; ++i) {
    const CdbBits& bits = opcode.flags[i];
    if ((cdb.bytes[bits.byte] & bits.mask) != 0) cdb.flags |= static_cast<uint32_t>(bits.flag);
  }
}

}  // namespace

Outcome ParseCdb(std::span<const uint8_t> bytes, Cdb& cdb) {
  cdb = {};
  const OpcodeForm form = bytes.empty() ? OpcodeForm::kUnknown : FormOf(bytes[0]);
  if (form == OpcodeForm::kUnknown) return kInvalidOpcode;
  const auto size_bytes = static_cast<uint16_t>(std::min<size_t>(bytes.size(), 0xff));
  if (form == OpcodeForm::kServiceActions && size_bytes < 2) {
    return kInvalidFieldInCdb.AtCdbField(size_bytes);
  }
  cdb.opcode = FindOpcode(bytes[0], size_bytes < 2 ? 0 : bytes[1] & 0x1f);
  if (cdb.opcode == nullptr) return kInvalidFieldInCdb.AtCdbField(1, 4);
  if (size_bytes < cdb.opcode->cdb_bytes) {
    return kInvalidFieldInCdb.AtCdbField(size_bytes);  // the first that is missing
  }
  std::copy_n(bytes.begin(), cdb.opcode->cdb_bytes, cdb.bytes.begin());
  if (!OnlyAllowedBits(cdb)) return FirstReservedBit(cdb);
  LoadNumbers(cdb);
  return CheckValues(cdb);
}

ParsedCdb ParseCdb(std::span<const uint8_t> bytes) {
  ParsedCdb parsed;
  parsed.outcome = ParseCdb(bytes, parsed.cdb);
  return parsed;
}

uint64_t Cdb::data_bytes(uint32_t block_bytes) const {
  const uint64_t all = uint64_t{length} * block_bytes;  // below 2^64 for any two 32-bit numbers
  switch (opcode->transfer) {
    case Transfer::kNone:
      return 0;
    case Transfer::kInBytes:
    case Transfer::kOutBytes:
      return length;
    case Transfer::kOutFormat:
      if (!Has(CdbFlag::kFmtdata)) return 0;
      return Has(CdbFlag::kLonglist) ? 8 : 4;
    case Transfer::kInBlocks:
    case Transfer::kOutBlocks:
      return all;
    case Transfer::kOutBlocksTwice:
      QUIRE_DCHECK(length <= 0xff);
      return 2 * all;
    case Transfer::kOutBlockOnce:
      return Has(CdbFlag::kNdob) ? 0 : block_bytes;
    case Transfer::kOutByBytchk:
      if (bytchk() == 0) return 0;
      return bytchk() == 1 ? all : std::min<uint64_t>(all, block_bytes);
  }
  return 0;
}

ReservationClass Cdb::reservation_class() const {
  const bool starts = Has(CdbFlag::kStart) && power_condition() == 0;
  if (operation() == Operation::kStartStopUnit && starts) return ReservationClass::kStartUnit;
  const bool allows = (bytes[4] & 3) == 0;
  if (operation() == Operation::kPreventAllowMediumRemoval && allows) {
    return ReservationClass::kAllowRemoval;
  }
  return opcode->reservation_class;
}

bool Cdb::data_is_out() const {
  return opcode->transfer != Transfer::kNone && opcode->transfer != Transfer::kInBytes &&
         opcode->transfer != Transfer::kInBlocks;
}

}  // namespace quire
