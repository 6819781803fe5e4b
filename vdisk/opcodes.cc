// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/opcodes.h"

#include <initializer_list>

namespace quire {
namespace {

using enum Operation;
using enum Transfer;
using Class = ReservationClass;

// Where a CDB has its numbers.
struct Layout {
  uint8_t cdb_bytes;
  CdbNumber lba;
  CdbNumber length;
  bool length_in_blocks;
  uint8_t group_byte;  // of the group number, 0 for none
};
constexpr Layout kPlain6{6, {}, {}, false, 0};
constexpr Layout kPlain10{10, {}, {}, false, 0};
constexpr Layout kBytes6{6, {}, {4, 1}, false, 0};
constexpr Layout kBytes6Wide{6, {}, {3, 2}, false, 0};
constexpr Layout kBytes10{10, {}, {7, 2}, false, 0};
constexpr Layout kBytes10Unmap{10, {}, {7, 2}, false, 6};
constexpr Layout kBytes10Buffer{10, {}, {6, 3}, false, 0};
constexpr Layout kBytes10Reserve{10, {}, {5, 4}, false, 0};
constexpr Layout kBytes12{12, {}, {6, 4}, false, 0};
constexpr Layout kBytes16{16, {}, {10, 4}, false, 0};
constexpr Layout kBytes16Lba{16, {2, 8}, {10, 4}, false, 0};
constexpr Layout kBlocks6{6, {1, 3}, {4, 1}, true, 0};
constexpr Layout kBlocks10{10, {2, 4}, {7, 2}, true, 6};
constexpr Layout kBlocks12{12, {2, 4}, {6, 4}, true, 10};
constexpr Layout kBlocks16{16, {2, 8}, {10, 4}, true, 14};
constexpr Layout kBlocks16Compare{16, {2, 8}, {13, 1}, true, 14};
constexpr Layout kBlocks16Atomic{16, {2, 8}, {12, 2}, true, 14};

constexpr CdbBits kDpo{1, 0x10, CdbFlag::kDpo};
constexpr CdbBits kFua{1, 0x08, CdbFlag::kFua};
constexpr CdbBits kBytchk{1, 0x06};
constexpr CdbBits kBytchkOneBit{1, 0x02};
constexpr CdbBits kImmed{1, 0x02, CdbFlag::kImmed};
constexpr CdbBits kUnmapBit{1, 0x08, CdbFlag::kUnmap};
constexpr CdbBits kAnchor{1, 0x10, CdbFlag::kAnchor};
constexpr CdbBits kSanitizeImmed{1, 0x80, CdbFlag::kImmed};
constexpr CdbBits kAuse{1, 0x20, CdbFlag::kAuse};
constexpr CdbBits kDbd{1, 0x08, CdbFlag::kDbd};
constexpr CdbBits kPf{1, 0x10, CdbFlag::kPf};
constexpr CdbBits kSp{1, 0x01, CdbFlag::kSp};
constexpr CdbBits Whole(uint8_t byte) { return {byte, 0xff}; }

constexpr int kNoAction = -1;

struct Row {
  uint8_t opcode;
  int service_action;  // kNoAction for none
  std::string_view name;
  Operation operation;
  Layout layout;
  Transfer transfer;
  Class reservation_class;
  std::array<CdbBits, 6> bits{};
  UnitAttentionRule unit_attention = UnitAttentionRule::kReported;
};

constexpr uint8_t kServiceActionMask = 0x1f;  // of byte 1 (SPC-4 4.2.5.2)
constexpr uint8_t kGroupNumberMask = 0x3f;    // six bits since SBC-4

constexpr void Cover(std::array<uint8_t, Opcode::kMaxCdbBytes>& map, CdbNumber number) {
  for (size_t i = 0; i < number.count_bytes; ++i) map[number.byte + i] = 0xff;
}

constexpr Opcode FromRow(const Row& row) {
  Opcode entry;
  entry.name = row.name;
  entry.opcode = row.opcode;
  entry.has_service_action = row.service_action != kNoAction;
  entry.service_action = entry.has_service_action ? static_cast<uint8_t>(row.service_action) : 0;
  entry.cdb_bytes = row.layout.cdb_bytes;
  entry.operation = row.operation;
  entry.transfer = row.transfer;
  entry.reservation_class = row.reservation_class;
  entry.unit_attention = row.unit_attention;
  entry.length_in_blocks = row.layout.length_in_blocks;
  entry.lba = row.layout.lba;
  entry.length = row.layout.length;

  Cover(entry.usage, entry.lba);
  Cover(entry.usage, entry.length);
  if (entry.lba.byte == 1) entry.usage[1] = 0x1f;  // READ(6) and WRITE(6): 21 bits
  for (const CdbBits& bits : row.bits) {
    entry.usage[bits.byte] |= bits.mask;
    if (bits.flag != CdbFlag::kNone) entry.flags[entry.count_flags++] = bits;
  }
  entry.allowed = entry.usage;
  if (row.layout.group_byte != 0) entry.allowed[row.layout.group_byte] |= kGroupNumberMask;
  entry.allowed[0] = 0xff;
  if (entry.has_service_action) entry.allowed[1] |= kServiceActionMask;
  entry.usage[0] = entry.opcode;
  entry.usage[1] |= entry.service_action;
  return entry;
}

// clang-format off
constexpr Row kRows[] = {
    {0x00, -1, "TEST UNIT READY", kTestUnitReady, kPlain6, kNone, Class::kReport},
    {0x03, -1, "REQUEST SENSE", kRequestSense, kBytes6, kInBytes, Class::kIdentify,
     {{{1, 0x01, CdbFlag::kDesc}}}, UnitAttentionRule::kReturned},
    {0x04, -1, "FORMAT UNIT", kFormatUnit, kPlain6, kOutFormat, Class::kMediumWrite,
     {{{1, 0x20, CdbFlag::kLonglist}, {1, 0x10, CdbFlag::kFmtdata}, {1, 0x08, CdbFlag::kCmplst}}}},
    {0x08, -1, "READ(6)", kRead, kBlocks6, kInBlocks, Class::kMediumRead},
    {0x0a, -1, "WRITE(6)", kWrite, kBlocks6, kOutBlocks, Class::kMediumWrite},
    {0x12, -1, "INQUIRY", kInquiry, kBytes6Wide, kInBytes, Class::kIdentify,
     {{{1, 0x01, CdbFlag::kEvpd}, Whole(2)}}, UnitAttentionRule::kPassed},
    {0x15, -1, "MODE SELECT(6)", kModeSelect, kBytes6, kOutBytes, Class::kStateWrite, {{kPf, kSp}}},
    {0x16, -1, "RESERVE(6)", kReserve, kPlain6, kNone, Class::kReserveRelease},
    {0x17, -1, "RELEASE(6)", kRelease, kPlain6, kNone, Class::kReserveRelease},
    {0x1a, -1, "MODE SENSE(6)", kModeSense, kBytes6, kInBytes, Class::kStateRead,
     {{kDbd, Whole(2), Whole(3)}}},
    {0x1b, -1, "START STOP UNIT", kStartStopUnit, kPlain6, kNone, Class::kStopUnit,
     {{{1, 0x01, CdbFlag::kImmed}, {3, 0x0f}, {4, 0xf0}, {4, 0x04, CdbFlag::kNoFlush},
       {4, 0x02, CdbFlag::kLoej}, {4, 0x01, CdbFlag::kStart}}}},
    {0x1c, -1, "RECEIVE DIAGNOSTIC RESULTS", kReceiveDiagnosticResults, kBytes6Wide, kInBytes,
     Class::kStateRead,
     {{{1, 0x01, CdbFlag::kPcv}, Whole(2)}}},
    {0x1d, -1, "SEND DIAGNOSTIC", kSendDiagnostic, kBytes6Wide, kOutBytes, Class::kStateWrite,
     {{kPf, {1, 0x04, CdbFlag::kSelftest}, {1, 0x03}}}},
    {0x1e, -1, "PREVENT ALLOW MEDIUM REMOVAL", kPreventAllowMediumRemoval, kPlain6, kNone,
     Class::kPreventRemoval,
     {{{4, 0x01, CdbFlag::kPrevent}}}},
    {0x25, -1, "READ CAPACITY(10)", kReadCapacity10, kPlain10, kInBytes, Class::kReport},
    {0x28, -1, "READ(10)", kRead, kBlocks10, kInBlocks, Class::kMediumRead, {{kDpo, kFua}}},
    {0x2a, -1, "WRITE(10)", kWrite, kBlocks10, kOutBlocks, Class::kMediumWrite, {{kDpo, kFua}}},
    {0x2e, -1, "WRITE AND VERIFY(10)", kWriteAndVerify, kBlocks10, kOutBlocks, Class::kMediumWrite,
     {{kDpo, kBytchkOneBit}}},
    {0x2f, -1, "VERIFY(10)", kVerify, kBlocks10, kOutByBytchk, Class::kMediumRead,
     {{kDpo, kBytchk}}},
    {0x34, -1, "PRE-FETCH(10)", kPreFetch, kBlocks10, kNone, Class::kMediumRead, {{kImmed}}},
    {0x35, -1, "SYNCHRONIZE CACHE(10)", kSynchronizeCache, kBlocks10, kNone, Class::kMediumWrite,
     {{kImmed}}},
    {0x37, -1, "READ DEFECT DATA(10)", kReadDefectData, kBytes10, kInBytes, Class::kMediumRead,
     {{{2, 0x1f}}}},
    {0x3b, -1, "WRITE BUFFER", kWriteBuffer, kBytes10Buffer, kOutBytes, Class::kStateWrite,
     {{{1, 0x1f}, Whole(2), Whole(3), Whole(4), Whole(5)}}},
    {0x3c, -1, "READ BUFFER", kReadBuffer, kBytes10Buffer, kInBytes, Class::kStateRead,
     {{{1, 0x1f}, Whole(2), Whole(3), Whole(4), Whole(5)}}},
    {0x41, -1, "WRITE SAME(10)", kWriteSame, kBlocks10, kOutBlockOnce, Class::kMediumWrite,
     {{kAnchor, kUnmapBit}}},
    {0x42, -1, "UNMAP", kUnmap, kBytes10Unmap, kOutBytes, Class::kMediumWrite,
     {{{1, 0x01, CdbFlag::kAnchor}}}},
    {0x48, 0x01, "SANITIZE (OVERWRITE)", kSanitize, kBytes10, kOutBytes, Class::kMediumWrite,
     {{kSanitizeImmed, kAuse}}},
    {0x48, 0x02, "SANITIZE (BLOCK ERASE)", kSanitize, kPlain10, kNone, Class::kMediumWrite,
     {{kSanitizeImmed, kAuse}}},
    {0x48, 0x1f, "SANITIZE (EXIT FAILURE MODE)", kSanitize, kPlain10, kNone, Class::kMediumWrite,
     {{kSanitizeImmed}}},
    {0x4d, -1, "LOG SENSE", kLogSense, kBytes10, kInBytes, Class::kReport,
     {{Whole(2), Whole(3), Whole(5), Whole(6)}}},
    {0x55, -1, "MODE SELECT(10)", kModeSelect, kBytes10, kOutBytes, Class::kStateWrite,
     {{kPf, kSp}}},
    {0x56, -1, "RESERVE(10)", kReserve, kPlain10, kNone, Class::kReserveRelease},
    {0x57, -1, "RELEASE(10)", kRelease, kPlain10, kNone, Class::kReserveRelease},
    {0x5a, -1, "MODE SENSE(10)", kModeSense, kBytes10, kInBytes, Class::kStateRead,
     {{{1, 0x10, CdbFlag::kLlbaa}, kDbd, Whole(2), Whole(3)}}},
    {0x5e, 0x00, "PERSISTENT RESERVE IN (READ KEYS)", kPersistentReserveIn, kBytes10, kInBytes,
     Class::kPersistentReserveIn},
    {0x5e, 0x01, "PERSISTENT RESERVE IN (READ RESERVATION)", kPersistentReserveIn, kBytes10,
     kInBytes, Class::kPersistentReserveIn},
    {0x5e, 0x02, "PERSISTENT RESERVE IN (REPORT CAPABILITIES)", kPersistentReserveIn, kBytes10,
     kInBytes, Class::kPersistentReserveIn},
    {0x5e, 0x03, "PERSISTENT RESERVE IN (READ FULL STATUS)", kPersistentReserveIn, kBytes10,
     kInBytes, Class::kPersistentReserveIn},
    {0x5f, 0x00, "PERSISTENT RESERVE OUT (REGISTER)", kPersistentReserveOut, kBytes10Reserve,
     kOutBytes, Class::kPersistentReserveOut,
     {{Whole(2)}}},
    {0x5f, 0x01, "PERSISTENT RESERVE OUT (RESERVE)", kPersistentReserveOut, kBytes10Reserve,
     kOutBytes, Class::kPersistentReserveOut,
     {{Whole(2)}}},
    {0x5f, 0x02, "PERSISTENT RESERVE OUT (RELEASE)", kPersistentReserveOut, kBytes10Reserve,
     kOutBytes, Class::kPersistentReserveOut,
     {{Whole(2)}}},
    {0x5f, 0x03, "PERSISTENT RESERVE OUT (CLEAR)", kPersistentReserveOut, kBytes10Reserve,
     kOutBytes, Class::kPersistentReserveOut,
     {{Whole(2)}}},
    {0x5f, 0x04, "PERSISTENT RESERVE OUT (PREEMPT)", kPersistentReserveOut, kBytes10Reserve,
     kOutBytes, Class::kPersistentReserveOut,
     {{Whole(2)}}},
    {0x5f, 0x05, "PERSISTENT RESERVE OUT (PREEMPT AND ABORT)", kPersistentReserveOut,
     kBytes10Reserve, kOutBytes, Class::kPersistentReserveOut,
     {{Whole(2)}}},
    {0x5f, 0x06, "PERSISTENT RESERVE OUT (REGISTER AND IGNORE EXISTING KEY)", kPersistentReserveOut,
     kBytes10Reserve, kOutBytes, Class::kPersistentReserveOut,
     {{Whole(2)}}},
    {0x5f, 0x07, "PERSISTENT RESERVE OUT (REGISTER AND MOVE)", kPersistentReserveOut,
     kBytes10Reserve, kOutBytes, Class::kPersistentReserveOut,
     {{Whole(2)}}},
    {0x83, 0x00, "EXTENDED COPY(LID1)", kExtendedCopy, kBytes16, kOutBytes, Class::kMediumWrite},
    {0x84, 0x00, "RECEIVE COPY STATUS(LID1)", kReceiveCopyResults, kBytes16, kInBytes,
     Class::kReport,
     {{Whole(2)}}},
    {0x84, 0x03, "RECEIVE COPY OPERATING PARAMETERS", kReceiveCopyResults, kBytes16, kInBytes,
     Class::kReport,
     {{Whole(2)}}},
    {0x84, 0x04, "RECEIVE COPY FAILURE DETAILS(LID1)", kReceiveCopyResults, kBytes16, kInBytes,
     Class::kReport,
     {{Whole(2)}}},
    {0x88, -1, "READ(16)", kRead, kBlocks16, kInBlocks, Class::kMediumRead, {{kDpo, kFua}}},
    {0x89, -1, "COMPARE AND WRITE", kCompareAndWrite, kBlocks16Compare, kOutBlocksTwice,
     Class::kMediumWrite,
     {{kDpo, kFua}}},
    {0x8a, -1, "WRITE(16)", kWrite, kBlocks16, kOutBlocks, Class::kMediumWrite, {{kDpo, kFua}}},
    {0x8b, -1, "ORWRITE(16)", kOrWrite, kBlocks16, kOutBlocks, Class::kMediumWrite, {{kDpo, kFua}}},
    {0x8e, -1, "WRITE AND VERIFY(16)", kWriteAndVerify, kBlocks16, kOutBlocks, Class::kMediumWrite,
     {{kDpo, kBytchkOneBit}}},
    {0x8f, -1, "VERIFY(16)", kVerify, kBlocks16, kOutByBytchk, Class::kMediumRead,
     {{kDpo, kBytchk}}},
    {0x90, -1, "PRE-FETCH(16)", kPreFetch, kBlocks16, kNone, Class::kMediumRead, {{kImmed}}},
    {0x91, -1, "SYNCHRONIZE CACHE(16)", kSynchronizeCache, kBlocks16, kNone, Class::kMediumWrite,
     {{kImmed}}},
    {0x93, -1, "WRITE SAME(16)", kWriteSame, kBlocks16, kOutBlockOnce, Class::kMediumWrite,
     {{kAnchor, kUnmapBit, {1, 0x01, CdbFlag::kNdob}}}},
    {0x9c, -1, "WRITE ATOMIC(16)", kWriteAtomic, kBlocks16Atomic, kOutBlocks, Class::kMediumWrite,
     {{kDpo, kFua}}},
    {0x9e, 0x10, "READ CAPACITY(16)", kReadCapacity16, kBytes16, kInBytes, Class::kReport},
    {0x9e, 0x12, "GET LBA STATUS", kGetLbaStatus, kBytes16Lba, kInBytes, Class::kMediumRead},
    {0xa0, -1, "REPORT LUNS", kReportLuns, kBytes12, kInBytes, Class::kIdentify,
     {{Whole(2)}}, UnitAttentionRule::kPassed},
    {0xa3, 0x0a, "REPORT TARGET PORT GROUPS", kReportTargetPortGroups, kBytes12, kInBytes,
     Class::kReport,
     {{{1, 0xe0}}}},
    {0xa3, 0x0c, "REPORT SUPPORTED OPERATION CODES", kReportSupportedOperationCodes, kBytes12,
     kInBytes, Class::kStateRead,
     {{{2, 0x80, CdbFlag::kRctd}, {2, 0x07}, Whole(3), Whole(4), Whole(5)}}},
    {0xa3, 0x0d, "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS",
     kReportSupportedTaskManagementFunctions, kBytes12, kInBytes, Class::kStateRead,
     {{{2, 0x80, CdbFlag::kRepd}}}},
    {0xa3, 0x0f, "REPORT TIMESTAMP", kReportTimestamp, kBytes12, kInBytes, Class::kReport},
    {0xa8, -1, "READ(12)", kRead, kBlocks12, kInBlocks, Class::kMediumRead, {{kDpo, kFua}}},
    {0xaa, -1, "WRITE(12)", kWrite, kBlocks12, kOutBlocks, Class::kMediumWrite, {{kDpo, kFua}}},
    {0xae, -1, "WRITE AND VERIFY(12)", kWriteAndVerify, kBlocks12, kOutBlocks, Class::kMediumWrite,
     {{kDpo, kBytchkOneBit}}},
    {0xaf, -1, "VERIFY(12)", kVerify, kBlocks12, kOutByBytchk, Class::kMediumRead,
     {{kDpo, kBytchk}}},
    {0xb7, -1, "READ DEFECT DATA(12)", kReadDefectData, kBytes12, kInBytes, Class::kMediumRead,
     {{{1, 0x1f}}}},
};
// clang-format on

constexpr size_t kCount = std::size(kRows);
constexpr size_t kServiceActions = 32;
constexpr uint8_t kAbsent = 0xff;
static_assert(kCount < kAbsent);

constexpr auto kOpcodes = [] {
  std::array<Opcode, kCount> entries{};
  for (size_t i = 0; i < kCount; ++i) entries[i] = FromRow(kRows[i]);
  return entries;
}();

// From an opcode to its row, or to its set of service actions, whose rows follow each other.
struct Index {
  static constexpr size_t kSets = 8;
  std::array<uint8_t, 256> row{};
  std::array<uint8_t, 256> set{};
  std::array<std::array<uint8_t, kServiceActions>, kSets> row_in_set{};
};
constexpr Index kIndex = [] {
  Index index;
  index.row.fill(kAbsent);
  index.set.fill(kAbsent);
  for (auto& rows : index.row_in_set) rows.fill(kAbsent);
  uint8_t count_sets = 0;
  for (uint8_t i = 0; i < kCount; ++i) {
    const Opcode& entry = kOpcodes[i];
    if (!entry.has_service_action) {
      index.row[entry.opcode] = i;
      continue;
    }
    uint8_t& set = index.set[entry.opcode];
    if (set == kAbsent) set = count_sets++;
    index.row_in_set[set][entry.service_action] = i;
  }
  return index;
}();

}  // namespace

std::span<const Opcode> AllOpcodes() { return kOpcodes; }

OpcodeForm FormOf(uint8_t opcode) {
  if (kIndex.row[opcode] != kAbsent) return OpcodeForm::kPlain;
  return kIndex.set[opcode] != kAbsent ? OpcodeForm::kServiceActions : OpcodeForm::kUnknown;
}

const Opcode* FindOpcode(uint8_t opcode, uint8_t service_action) {
  uint8_t row = kIndex.row[opcode];
  if (const uint8_t set = kIndex.set[opcode]; set != kAbsent && service_action < kServiceActions) {
    row = kIndex.row_in_set[set][service_action];
  }
  return row == kAbsent ? nullptr : &kOpcodes[row];
}

}  // namespace quire
