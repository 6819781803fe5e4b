// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The commands of a disk, one row each: what its CDB looks like and the rules it is under.
// Threads: constant tables, any thread. Source: SPC-4 clause 6, SBC-3 and SBC-4 clause 5.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "vdisk/operation.h"
#include "vdisk/reservation_class.h"

namespace quire {

// The data that goes with it, and what tells its length.
enum class Transfer : uint8_t {
  kNone,
  kInBytes,         // at most the allocation length (SPC-4 4.2.5.6)
  kOutBytes,        // the parameter list length (SPC-4 4.2.5.5)
  kOutFormat,       // with FMTDATA; the list tells its own length (SBC-3 5.3.2)
  kInBlocks,        // the transfer length (SPC-4 4.2.5.4)
  kOutBlocks,       // the same
  kOutBlocksTwice,  // what to compare and what to write (SBC-3 5.2)
  kOutBlockOnce,    // one block for all, none with NDOB (SBC-3 5.43)
  kOutByBytchk,     // none, all, or one block to compare all with (SBC-3 5.29)
};

// What a pending unit attention does to it (SAM-5 5.14).
enum class UnitAttentionRule : uint8_t {
  kReported,  // ends it with CHECK CONDITION
  kPassed,    // INQUIRY, REPORT LUNS: carried out, the unit attention stays
  kReturned,  // REQUEST SENSE: is the data
};

// Bits that are a thing of their own, wherever a CDB has them.
enum class CdbFlag : uint32_t {
  kNone = 0,  // part of a number
  kDpo = 1u << 0,
  kFua = 1u << 1,
  kImmed = 1u << 2,
  kUnmap = 1u << 3,
  kAnchor = 1u << 4,
  kNdob = 1u << 5,
  kEvpd = 1u << 6,
  kDesc = 1u << 7,
  kDbd = 1u << 8,
  kLlbaa = 1u << 9,
  kPf = 1u << 10,
  kSp = 1u << 11,
  kStart = 1u << 12,
  kLoej = 1u << 13,
  kNoFlush = 1u << 14,
  kPrevent = 1u << 15,
  kFmtdata = 1u << 16,
  kLonglist = 1u << 17,
  kCmplst = 1u << 18,
  kAuse = 1u << 19,
  kRctd = 1u << 20,
  kRepd = 1u << 21,
  kSelftest = 1u << 22,
  kPcv = 1u << 23,
};

struct CdbBits {
  uint8_t byte = 0;
  uint8_t mask = 0;
  CdbFlag flag = CdbFlag::kNone;
};

// A big-endian number; none when it has no bytes.
struct CdbNumber {
  uint8_t byte = 0;
  uint8_t count_bytes = 0;
};

struct Opcode {
  static constexpr size_t kMaxCdbBytes = 16;

  std::string_view name;  // as in SPC-4 and SBC-3
  uint8_t opcode = 0;
  uint8_t service_action = 0;
  bool has_service_action = false;
  uint8_t cdb_bytes = 0;
  Operation operation = Operation::kTestUnitReady;
  Transfer transfer = Transfer::kNone;
  // Of START STOP UNIT and PREVENT ALLOW MEDIUM REMOVAL the stricter one; see Cdb.
  ReservationClass reservation_class = ReservationClass::kReport;
  UnitAttentionRule unit_attention = UnitAttentionRule::kReported;
  bool length_in_blocks = false;
  CdbNumber lba;
  CdbNumber length;
  uint8_t count_flags = 0;
  std::array<CdbBits, 6> flags{};
  // The CDB usage data of REPORT SUPPORTED OPERATION CODES (SPC-4 6.35.3).
  std::array<uint8_t, kMaxCdbBytes> usage{};
  // Bits that may be set: `usage`, and the group number, which a disk without grouping ignores
  // (SBC-3 4.22).
  std::array<uint8_t, kMaxCdbBytes> allowed{};
};

// In ascending order of opcode, then service action.
std::span<const Opcode> AllOpcodes();

enum class OpcodeForm : uint8_t { kUnknown, kPlain, kServiceActions };
OpcodeForm FormOf(uint8_t opcode);

// nullptr when there is no such command. The service action of a plain one is not looked at.
const Opcode* FindOpcode(uint8_t opcode, uint8_t service_action);

}  // namespace quire
