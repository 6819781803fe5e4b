// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: every string of bytes is a command or a refusal with the right sense data.
// Method: CDBs written by hand; every opcode with seeded tails and every truncation; and each
// single bit outside of the table's maps, which must be pointed at.

#include "vdisk/cdb.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/prng.h"
#include "tests/support/no_allocation.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

struct Row {
  Bytes cdb;
  Operation operation;
  uint64_t lba;
  uint32_t length;
  uint64_t data_bytes;  // with blocks of 512 bytes
  bool out;
};

const Row kRows[] = {
    {{0x00, 0, 0, 0, 0, 0}, Operation::kTestUnitReady, 0, 0, 0, false},
    {{0x08, 0x1f, 0xff, 0xff, 1, 0}, Operation::kRead, 0x1fffff, 1, 512, false},
    {{0x08, 0, 0, 5, 0, 0}, Operation::kRead, 5, 256, 256 * 512, false},
    {{0x0a, 0, 1, 0, 0, 0}, Operation::kWrite, 256, 256, 256 * 512, true},
    {{0x12, 1, 0x83, 1, 0, 0}, Operation::kInquiry, 0, 256, 256, false},
    {{0x1a, 8, 0x3f, 0xff, 192, 0}, Operation::kModeSense, 0, 192, 192, false},
    {{0x28, 0x18, 1, 2, 3, 4, 0x1f, 0, 8, 0}, Operation::kRead, 0x01020304, 8, 4096, false},
    {{0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0}, Operation::kRead, 0, 0, 0, false},
    {{0x2a, 0, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0},
     Operation::kWrite,
     0xffffffff,
     0xffff,
     0xffff * 512,
     true},
    {{0x2e, 0x12, 0, 0, 0, 1, 0, 0, 2, 0}, Operation::kWriteAndVerify, 1, 2, 1024, true},
    {{0x2f, 0, 0, 0, 0, 1, 0, 0, 2, 0}, Operation::kVerify, 1, 2, 0, true},
    {{0x2f, 2, 0, 0, 0, 1, 0, 0, 2, 0}, Operation::kVerify, 1, 2, 1024, true},
    {{0x2f, 6, 0, 0, 0, 1, 0, 0, 2, 0}, Operation::kVerify, 1, 2, 512, true},
    {{0x2f, 6, 0, 0, 0, 1, 0, 0, 0, 0}, Operation::kVerify, 1, 0, 0, true},
    {{0x35, 2, 0, 0, 0, 9, 0, 0, 0, 0}, Operation::kSynchronizeCache, 9, 0, 0, false},
    {{0x41, 8, 0, 0, 0, 1, 0, 0, 9, 0}, Operation::kWriteSame, 1, 9, 512, true},
    {{0x42, 1, 0, 0, 0, 0, 3, 0, 24, 0}, Operation::kUnmap, 0, 24, 24, true},
    {{0x5f, 4, 0x05, 0, 0, 0, 0, 0, 24, 0}, Operation::kPersistentReserveOut, 0, 24, 24, true},
    {{0x83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0},
     Operation::kExtendedCopy,
     0,
     258,
     258,
     true},
    {{0x88, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0xff, 0xff, 0xff, 0xff, 0x3f, 0},
     Operation::kRead,
     0x0102030405060708,
     0xffffffff,
     uint64_t{0xffffffff} * 512,
     false},
    {{0x89, 0x18, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0},
     Operation::kCompareAndWrite,
     7,
     1,
     1024,
     true},
    {{0x93, 9, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 1, 0, 0, 0}, Operation::kWriteSame, 7, 256, 0, true},
    {{0x9c, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 16, 0, 0},
     Operation::kWriteAtomic,
     8,
     16,
     16 * 512,
     true},
    {{0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0},
     Operation::kReadCapacity16,
     0,
     32,
     32,
     false},
    {{0x9e, 0x12, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 24, 0, 0},
     Operation::kGetLbaStatus,
     3,
     24,
     24,
     false},
    {{0xa0, 0, 2, 0, 0, 0, 0, 0, 0x10, 0, 0, 0}, Operation::kReportLuns, 0, 4096, 4096, false},
    {{0xa8, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0x1f, 0}, Operation::kRead, 1, 65536, 65536 * 512, false},
};

TEST(CdbTest, Commands) {
  for (const Row& row : kRows) {
    const ParsedCdb parsed = ParseCdb(row.cdb);
    ASSERT_EQ(parsed.outcome, kGood) << int{row.cdb[0]};
    const Cdb& cdb = parsed.cdb;
    EXPECT_EQ(cdb.operation(), row.operation) << cdb.opcode->name;
    EXPECT_EQ(cdb.lba, row.lba) << cdb.opcode->name;
    EXPECT_EQ(cdb.length, row.length) << cdb.opcode->name;
    EXPECT_EQ(cdb.data_bytes(512), row.data_bytes) << cdb.opcode->name;
    EXPECT_EQ(cdb.data_is_out(), row.out) << cdb.opcode->name;
  }
}

struct Refusal {
  const char* what;
  Bytes cdb;
  Outcome outcome;
};

const Refusal kRefusals[] = {
    {"nothing", {}, kInvalidOpcode},
    {"no such opcode", {0x01, 0, 0, 0, 0, 0}, kInvalidOpcode},
    {"no such service action",
     {0x9e, 0x1f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
     kInvalidFieldInCdb.AtCdbField(1, 4)},
    {"no byte for the service action", {0xa3}, kInvalidFieldInCdb.AtCdbField(1)},
    {"cut short", {0x28, 0, 0, 0, 0, 0, 0, 0, 1}, kInvalidFieldInCdb.AtCdbField(9)},
    {"NACA", {0x00, 0, 0, 0, 0, 0x04}, kInvalidFieldInCdb.AtCdbField(5, 2)},
    {"LINK", {0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0x01}, kInvalidFieldInCdb.AtCdbField(9, 0)},
    {"RDPROTECT", {0x28, 0x20, 0, 0, 0, 0, 0, 0, 1, 0}, kInvalidFieldInCdb.AtCdbField(1, 5)},
    {"the first of two", {0x28, 0x61, 0, 0, 0, 0, 0, 0, 1, 4}, kInvalidFieldInCdb.AtCdbField(1, 6)},
    {"a page without EVPD", {0x12, 0, 0x80, 0, 36, 0}, kInvalidFieldInCdb.AtCdbField(2)},
    {"CMDDT", {0x12, 2, 0, 0, 36, 0}, kInvalidFieldInCdb.AtCdbField(1, 1)},
    {"BYTCHK 10b", {0x2f, 4, 0, 0, 0, 0, 0, 0, 1, 0}, kInvalidFieldInCdb.AtCdbField(1, 2)},
    {"BYTCHK 11b of a write",
     {0x2e, 6, 0, 0, 0, 0, 0, 0, 1, 0},
     kInvalidFieldInCdb.AtCdbField(1, 2)},
    {"ANCHOR without UNMAP",
     {0x41, 0x10, 0, 0, 0, 0, 0, 0, 1, 0},
     kInvalidFieldInCdb.AtCdbField(1, 4)},
    {"NDOB of WRITE SAME(10)",
     {0x41, 0x09, 0, 0, 0, 0, 0, 0, 1, 0},
     kInvalidFieldInCdb.AtCdbField(1, 0)},
    {"READ BUFFER mode", {0x3c, 2, 0, 0, 0, 0, 0, 0, 4, 0}, kInvalidFieldInCdb.AtCdbField(1, 4)},
    {"WRITE BUFFER mode", {0x3b, 5, 0, 0, 0, 0, 0, 0, 4, 0}, kInvalidFieldInCdb.AtCdbField(1, 4)},
    {"parameter data format",
     {0xa3, 0x4a, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0},
     kInvalidFieldInCdb.AtCdbField(1, 7)},
    {"reporting options",
     {0xa3, 0x0c, 4, 0, 0, 0, 0, 0, 0, 8, 0, 0},
     kInvalidFieldInCdb.AtCdbField(2, 2)},
    {"an LBA of READ CAPACITY(10)",
     {0x25, 0, 0, 0, 0, 1, 0, 0, 0, 0},
     kInvalidFieldInCdb.AtCdbField(5, 0)},
};

TEST(CdbTest, Refusals) {
  for (const Refusal& row : kRefusals)
    EXPECT_EQ(ParseCdb(row.cdb).outcome, row.outcome) << row.what;
}

TEST(CdbTest, Flags) {
  const Cdb read = ParseCdb(Bytes{0x28, 0x10, 0, 0, 0, 0, 0, 0, 1, 0}).cdb;
  EXPECT_TRUE(read.Has(CdbFlag::kDpo));
  EXPECT_FALSE(read.Has(CdbFlag::kFua));
  const Cdb same = ParseCdb(Bytes{0x93, 0x19, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0}).cdb;
  EXPECT_TRUE(same.Has(CdbFlag::kAnchor));
  EXPECT_TRUE(same.Has(CdbFlag::kUnmap));
  EXPECT_TRUE(same.Has(CdbFlag::kNdob));
  EXPECT_FALSE(same.Has(CdbFlag::kDpo));
  const Cdb stop = ParseCdb(Bytes{0x1b, 1, 0, 0, 0x32, 0}).cdb;
  EXPECT_TRUE(stop.Has(CdbFlag::kImmed));
  EXPECT_TRUE(stop.Has(CdbFlag::kLoej));
  EXPECT_FALSE(stop.Has(CdbFlag::kStart));
  EXPECT_EQ(stop.power_condition(), 3);
  const Cdb erase = ParseCdb(Bytes{0x48, 0xa2, 0, 0, 0, 0, 0, 0, 0, 0}).cdb;
  EXPECT_TRUE(erase.Has(CdbFlag::kImmed));
  EXPECT_TRUE(erase.Has(CdbFlag::kAuse));
}

TEST(CdbTest, Fields) {
  const Cdb sense = ParseCdb(Bytes{0x5a, 0x10, 0x8a, 1, 0, 0, 0, 1, 0, 0}).cdb;
  EXPECT_TRUE(sense.Has(CdbFlag::kLlbaa));
  EXPECT_EQ(sense.page_control(), 2);
  EXPECT_EQ(sense.sense_page_code(), 0x0a);
  EXPECT_EQ(sense.subpage_code(), 1);
  const Cdb log = ParseCdb(Bytes{0x4d, 0, 0x4c, 0, 0, 1, 2, 1, 0, 0}).cdb;
  EXPECT_EQ(log.parameter_pointer(), 0x0102);
  const Cdb codes = ParseCdb(Bytes{0xa3, 0x0c, 0x82, 0x9e, 0, 0x12, 0, 0, 1, 0, 0, 0}).cdb;
  EXPECT_TRUE(codes.Has(CdbFlag::kRctd));
  EXPECT_EQ(codes.reporting_options(), 2);
  EXPECT_EQ(codes.requested_opcode(), 0x9e);
  EXPECT_EQ(codes.requested_service_action(), 0x12);
  const Cdb reserve = ParseCdb(Bytes{0x5f, 1, 0x05, 0, 0, 0, 0, 0, 24, 0}).cdb;
  EXPECT_EQ(reserve.scope(), 0);
  EXPECT_EQ(reserve.type(), 5);
  const Cdb buffer = ParseCdb(Bytes{0x3c, 0x0a, 7, 1, 2, 3, 0, 1, 0, 0}).cdb;
  EXPECT_EQ(buffer.buffer_mode(), kBufferModeEcho);
  EXPECT_EQ(buffer.buffer_id(), 7);
  EXPECT_EQ(buffer.buffer_offset(), 0x010203u);
  const Cdb defects = ParseCdb(Bytes{0xb7, 0x1d, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0}).cdb;
  EXPECT_EQ(defects.defect_list_request(), 0x1d);
  const Cdb format = ParseCdb(Bytes{0x04, 0x30, 0, 0, 0, 0}).cdb;
  EXPECT_EQ(format.data_bytes(512), 8u);
}

TEST(CdbTest, EveryBitOutsideOfTheMapIsPointedAt) {
  for (const Opcode& row : AllOpcodes()) {
    Bytes cdb(row.cdb_bytes);
    cdb[0] = row.opcode;
    cdb[1] = row.service_action;
    for (uint8_t byte = 1; byte < row.cdb_bytes; ++byte) {
      for (uint8_t bit = 0; bit < 8; ++bit) {
        if ((row.allowed[byte] >> bit & 1) != 0) continue;
        Bytes wrong = cdb;
        wrong[byte] |= static_cast<uint8_t>(1 << bit);
        EXPECT_EQ(ParseCdb(wrong).outcome, kInvalidFieldInCdb.AtCdbField(byte, bit)) << row.name;
      }
    }
  }
}

TEST(CdbTest, EveryTruncationPointsAtTheMissingByte) {
  for (const Opcode& row : AllOpcodes()) {
    Bytes cdb(row.cdb_bytes);
    cdb[0] = row.opcode;
    cdb[1] = row.service_action;
    for (uint8_t size = 1; size < row.cdb_bytes; ++size) {
      const Outcome outcome = ParseCdb(std::span(cdb).first(size)).outcome;
      EXPECT_EQ(outcome, kInvalidFieldInCdb.AtCdbField(size)) << row.name;
    }
    cdb.resize(32, 0xff);  // padding is not looked at
    EXPECT_NE(ParseCdb(cdb).outcome, kInvalidOpcode) << row.name;
    EXPECT_EQ(ParseCdb(cdb).cdb.opcode, &row);
  }
}

TEST(CdbTest, ParsingAllocatesNothing) {
  const Bytes cdb{0x28, 0x18, 0, 0, 0, 1, 0, 0, 1, 0};
  const NoAllocation scope;
  EXPECT_TRUE(ParseCdb(cdb).outcome.good());
}

TEST(CdbTest, AnyTailOfAnyOpcode) {
  Prng prng(1);
  for (int opcode = 0; opcode < 256; ++opcode) {
    const bool known = FormOf(static_cast<uint8_t>(opcode)) != OpcodeForm::kUnknown;
    for (int i = 0; i < 500; ++i) {
      Bytes cdb(prng.Below(20) + 1);
      // Often few bits, so that some get through.
      for (uint8_t& byte : cdb)
        byte = static_cast<uint8_t>(prng.Next() & prng.Next() & prng.Next());
      cdb[0] = static_cast<uint8_t>(opcode);
      const ParsedCdb parsed = ParseCdb(cdb);
      if (!known) {
        EXPECT_EQ(parsed.outcome, kInvalidOpcode);
      } else if (parsed.outcome.good()) {
        EXPECT_EQ(parsed.cdb.opcode->opcode, opcode);
      } else {
        EXPECT_TRUE(parsed.outcome.Is(kInvalidFieldInCdb));
        EXPECT_EQ(parsed.outcome.specific, SenseSpecific::kCdbField);
      }
    }
  }
}

// START STOP UNIT and PREVENT ALLOW MEDIUM REMOVAL are told apart by their bits (SPC-4 table 65).
TEST(CdbTest, ReservationClassOfWhatItDoes) {
  using Class = ReservationClass;
  const struct {
    std::vector<uint8_t> bytes;
    Class expected;
  } rows[] = {
      {{0x1b, 0, 0, 0, 0x01, 0}, Class::kStartUnit},
      {{0x1b, 0, 0, 0, 0x00, 0}, Class::kStopUnit},
      {{0x1b, 0, 0, 0, 0x21, 0}, Class::kStopUnit},
      {{0x1e, 0, 0, 0, 0x00, 0}, Class::kAllowRemoval},
      {{0x1e, 0, 0, 0, 0x01, 0}, Class::kPreventRemoval},
      {{0x00, 0, 0, 0, 0, 0}, Class::kReport},
  };
  for (const auto& row : rows) {
    const ParsedCdb parsed = ParseCdb(row.bytes);
    ASSERT_TRUE(parsed.outcome.good());
    EXPECT_EQ(parsed.cdb.reservation_class(), row.expected) << static_cast<int>(row.bytes[0]);
  }
}

}  // namespace
}  // namespace quire
