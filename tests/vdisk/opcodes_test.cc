// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the table of commands is complete, consistent and found in one step.
// Method: rules over all rows and over all pairs of opcode and service action; usage maps,
// reservation classes and unit-attention rules against rows written by hand from SPC-4 and SBC-3.

#include "vdisk/opcodes.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace quire {
namespace {

TEST(OpcodesTest, RowsAscendAndAreFound) {
  int before = -1;
  for (const Opcode& row : AllOpcodes()) {
    const int place = row.opcode * 32 + row.service_action;
    EXPECT_GT(place, before) << row.name;
    before = place;
    EXPECT_EQ(FindOpcode(row.opcode, row.service_action), &row) << row.name;
  }
}

TEST(OpcodesTest, NothingElseIsFound) {
  std::set<int> known;
  std::set<int> plain;
  for (const Opcode& row : AllOpcodes()) {
    known.insert(row.opcode * 256 + row.service_action);
    if (!row.has_service_action) plain.insert(row.opcode);
  }
  for (int opcode = 0; opcode < 256; ++opcode) {
    for (int action = 0; action < 256; ++action) {
      const bool expected = plain.contains(opcode) || known.contains(opcode * 256 + action);
      const Opcode* const found =
          FindOpcode(static_cast<uint8_t>(opcode), static_cast<uint8_t>(action));
      EXPECT_EQ(found != nullptr, expected) << opcode << "/" << action;
    }
  }
}

TEST(OpcodesTest, Forms) {
  EXPECT_EQ(FormOf(0x28), OpcodeForm::kPlain);
  EXPECT_EQ(FormOf(0x9e), OpcodeForm::kServiceActions);
  EXPECT_EQ(FormOf(0x5f), OpcodeForm::kServiceActions);
  EXPECT_EQ(FormOf(0x01), OpcodeForm::kUnknown);
  EXPECT_EQ(FormOf(0xff), OpcodeForm::kUnknown);
}

// The group code of an opcode tells the length of its CDB (SPC-4 4.2.5.1).
TEST(OpcodesTest, LengthFollowsTheGroupCode) {
  constexpr int kBytesOfGroup[] = {6, 10, 10, 0, 16, 12, 0, 0};
  for (const Opcode& row : AllOpcodes()) {
    EXPECT_EQ(row.cdb_bytes, kBytesOfGroup[row.opcode >> 5]) << row.name;
  }
}

TEST(OpcodesTest, NumbersLieInsideAndFlagsAreNotPartOfThem) {
  for (const Opcode& row : AllOpcodes()) {
    for (const CdbNumber number : {row.lba, row.length}) {
      EXPECT_LT(number.byte + number.count_bytes, row.cdb_bytes) << row.name;
    }
    EXPECT_LE(row.length.count_bytes, 4) << row.name;
    std::set<CdbFlag> flags;
    for (size_t i = 0; i < row.count_flags; ++i) {
      const CdbBits& bits = row.flags[i];
      EXPECT_TRUE(flags.insert(bits.flag).second) << row.name;
      EXPECT_EQ(bits.mask & (bits.mask - 1), 0) << row.name;
      EXPECT_LT(bits.byte, row.cdb_bytes - 1) << row.name;
    }
    EXPECT_EQ(row.usage[0], row.opcode) << row.name;
    EXPECT_EQ(row.usage[row.cdb_bytes - 1], 0) << row.name << ": no bit of CONTROL is used";
    for (size_t i = 1; i < row.usage.size(); ++i) {
      EXPECT_EQ(row.usage[i] & ~row.allowed[i], 0) << row.name;
      EXPECT_TRUE(i < row.cdb_bytes || row.allowed[i] == 0) << row.name;
    }
  }
}

struct Usage {
  uint8_t opcode;
  uint8_t service_action;
  std::vector<uint8_t> bytes;
};

const Usage kUsages[] = {
    {0x00, 0, {0x00, 0, 0, 0, 0, 0}},
    {0x03, 0, {0x03, 0x01, 0, 0, 0xff, 0}},
    {0x04, 0, {0x04, 0x38, 0, 0, 0, 0}},
    {0x08, 0, {0x08, 0x1f, 0xff, 0xff, 0xff, 0}},
    {0x12, 0, {0x12, 0x01, 0xff, 0xff, 0xff, 0}},
    {0x15, 0, {0x15, 0x11, 0, 0, 0xff, 0}},
    {0x1a, 0, {0x1a, 0x08, 0xff, 0xff, 0xff, 0}},
    {0x1b, 0, {0x1b, 0x01, 0, 0x0f, 0xf7, 0}},
    {0x1e, 0, {0x1e, 0, 0, 0, 0x01, 0}},
    {0x25, 0, {0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {0x28, 0, {0x28, 0x18, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0}},
    {0x2e, 0, {0x2e, 0x12, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0}},
    {0x2f, 0, {0x2f, 0x16, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0}},
    {0x35, 0, {0x35, 0x02, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0}},
    {0x3c, 0, {0x3c, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}},
    {0x41, 0, {0x41, 0x18, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0}},
    {0x42, 0, {0x42, 0x01, 0, 0, 0, 0, 0, 0xff, 0xff, 0}},
    {0x48, 1, {0x48, 0xa1, 0, 0, 0, 0, 0, 0xff, 0xff, 0}},
    {0x48, 0x1f, {0x48, 0x9f, 0, 0, 0, 0, 0, 0, 0, 0}},
    {0x4d, 0, {0x4d, 0, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0}},
    {0x5a, 0, {0x5a, 0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, 0}},
    {0x5e, 3, {0x5e, 0x03, 0, 0, 0, 0, 0, 0xff, 0xff, 0}},
    {0x5f, 7, {0x5f, 0x07, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0}},
    {0x83, 0, {0x83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0}},
    {0x84, 3, {0x84, 0x03, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0}},
    {0x88,
     0,
     {0x88, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0}},
    {0x89, 0, {0x89, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0xff, 0, 0}},
    {0x93,
     0,
     {0x93, 0x19, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0}},
    {0x9c, 0, {0x9c, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0}},
    {0x9e, 0x10, {0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0}},
    {0x9e,
     0x12,
     {0x9e, 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0}},
    {0xa0, 0, {0xa0, 0, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0}},
    {0xa3, 0x0a, {0xa3, 0xea, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0}},
    {0xa3, 0x0c, {0xa3, 0x0c, 0x87, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0}},
    {0xaa, 0, {0xaa, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0}},
};

TEST(OpcodesTest, UsageMaps) {
  for (const Usage& usage : kUsages) {
    const Opcode* const row = FindOpcode(usage.opcode, usage.service_action);
    ASSERT_NE(row, nullptr) << int{usage.opcode};
    const std::vector<uint8_t> found(row->usage.begin(), row->usage.begin() + row->cdb_bytes);
    EXPECT_EQ(found, usage.bytes) << row->name;
  }
}

TEST(OpcodesTest, ReservationClasses) {
  using Class = ReservationClass;
  const struct {
    Class reservation_class;
    std::set<int> opcodes;
  } expected[] = {
      {Class::kIdentify, {0x03, 0x12, 0xa0}},
      {Class::kReport, {0x00, 0x25, 0x4d, 0x84}},
      {Class::kPersistentReserveIn, {0x5e}},
      {Class::kMediumRead, {0x08, 0x28, 0xa8, 0x88, 0x2f, 0xaf, 0x8f, 0x34, 0x90, 0x37, 0xb7}},
      {Class::kMediumWrite,
       {0x0a, 0x2a, 0xaa, 0x8a, 0x2e, 0xae, 0x8e, 0x41, 0x93, 0x42, 0x04, 0x35, 0x91, 0x48, 0x83,
        0x89, 0x8b, 0x9c}},
      {Class::kStateRead, {0x1a, 0x5a, 0x3c, 0x1c}},
      {Class::kStateWrite, {0x15, 0x55, 0x1d, 0x3b}},
      {Class::kStopUnit, {0x1b}},
      {Class::kPreventRemoval, {0x1e}},
      {Class::kPersistentReserveOut, {0x5f}},
      {Class::kReserveRelease, {0x16, 0x17, 0x56, 0x57}},
  };
  for (const auto& group : expected) {
    std::set<int> found;
    for (const Opcode& row : AllOpcodes()) {
      if (row.opcode == 0x9e || row.opcode == 0xa3) continue;  // by service action
      if (row.reservation_class == group.reservation_class) found.insert(row.opcode);
    }
    EXPECT_EQ(found, group.opcodes) << static_cast<int>(group.reservation_class);
  }
  EXPECT_EQ(FindOpcode(0x9e, 0x10)->reservation_class, Class::kReport);
  EXPECT_EQ(FindOpcode(0x9e, 0x12)->reservation_class, Class::kMediumRead);
  EXPECT_EQ(FindOpcode(0xa3, 0x0a)->reservation_class, Class::kReport);
  EXPECT_EQ(FindOpcode(0xa3, 0x0c)->reservation_class, Class::kStateRead);
  EXPECT_EQ(FindOpcode(0xa3, 0x0d)->reservation_class, Class::kStateRead);
  EXPECT_EQ(FindOpcode(0xa3, 0x0f)->reservation_class, Class::kReport);
}

TEST(OpcodesTest, UnitAttentionIsReportedByAllButThree) {
  for (const Opcode& row : AllOpcodes()) {
    UnitAttentionRule expected = UnitAttentionRule::kReported;
    if (row.opcode == 0x12 || row.opcode == 0xa0) expected = UnitAttentionRule::kPassed;
    if (row.opcode == 0x03) expected = UnitAttentionRule::kReturned;
    EXPECT_EQ(row.unit_attention, expected) << row.name;
  }
}

}  // namespace
}  // namespace quire
