// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: initiators learn which commands there are, and which bits of them mean something.
// Method: both formats against the table and bytes written by hand; every reporting option with
// every opcode.

#include "vdisk/report_opcodes.h"

#include <gtest/gtest.h>

#include <vector>

#include "vdisk/outcomes.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

Outcome Report(uint8_t options, uint8_t opcode, uint16_t action, Bytes& data,
               OperationSet operations = OperationSet::All()) {
  const Bytes cdb{0xa3,
                  0x0c,
                  options,
                  opcode,
                  static_cast<uint8_t>(action >> 8),
                  static_cast<uint8_t>(action),
                  0,
                  1,
                  0,
                  0,
                  0,
                  0};
  const ParsedCdb parsed = ParseCdb(cdb);
  EXPECT_TRUE(parsed.outcome.good());
  data.assign(4096, 0xee);
  Response response(data);
  const Outcome outcome = WriteSupportedOpcodes(parsed.cdb, operations, response);
  data.resize(response.full_bytes());
  return outcome;
}

TEST(ReportOpcodesTest, AllCommands) {
  Bytes data;
  EXPECT_EQ(Report(0, 0, 0, data), kGood);
  const size_t count = AllOpcodes().size();
  ASSERT_EQ(data.size(), 4 + 8 * count);
  EXPECT_EQ((data[2] << 8 | data[3]) + 4u, data.size());
  for (size_t i = 0; i < count; ++i) {
    const Opcode& row = AllOpcodes()[i];
    const auto flags = static_cast<uint8_t>(row.has_service_action ? 1 : 0);
    const Bytes expected{row.opcode, 0, 0, row.service_action, 0, flags, 0, row.cdb_bytes};
    const auto at = data.begin() + static_cast<ptrdiff_t>(4 + 8 * i);
    EXPECT_EQ(Bytes(at, at + 8), expected) << row.name;
  }
}

TEST(ReportOpcodesTest, AllCommandsWithTimeouts) {
  Bytes data;
  EXPECT_EQ(Report(0x80, 0, 0, data), kGood);
  ASSERT_EQ(data.size(), 4 + 20 * AllOpcodes().size());
  const Bytes expected{0, 0, 0, 0, 0, 2, 0, 6, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(Bytes(data.begin() + 4, data.begin() + 24), expected) << "TEST UNIT READY";
}

TEST(ReportOpcodesTest, OneCommand) {
  const Bytes read{0, 3, 0, 10, 0x28, 0x18, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0};
  const Bytes capacity{0, 3, 0, 16, 0x9e, 0x10, 0,    0,    0, 0,
                       0, 0, 0, 0,  0xff, 0xff, 0xff, 0xff, 0, 0};
  const Bytes none{0, 1, 0, 0};
  Bytes data;
  EXPECT_EQ(Report(1, 0x28, 0, data), kGood);
  EXPECT_EQ(data, read);
  EXPECT_EQ(Report(1, 0x28, 0xffff, data), kGood) << "the service action is not looked at";
  EXPECT_EQ(data, read);
  EXPECT_EQ(Report(3, 0x28, 0, data), kGood);
  EXPECT_EQ(data, read);
  EXPECT_EQ(Report(3, 0x28, 1, data), kGood);
  EXPECT_EQ(data, none);
  EXPECT_EQ(Report(2, 0x9e, 0x10, data), kGood);
  EXPECT_EQ(data, capacity);
  EXPECT_EQ(Report(3, 0x9e, 0x10, data), kGood);
  EXPECT_EQ(data, capacity);
  EXPECT_EQ(Report(2, 0x9e, 0x0110, data), kGood);
  EXPECT_EQ(data, none);
}

TEST(ReportOpcodesTest, OneCommandWithTimeouts) {
  Bytes data;
  EXPECT_EQ(Report(0x81, 0x00, 0, data), kGood);
  EXPECT_EQ(data, (Bytes{0, 0x83, 0, 6, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(ReportOpcodesTest, EveryOptionWithEveryOpcode) {
  const Outcome refusal = kInvalidFieldInCdb.AtCdbField(2, 2);
  for (int i = 0; i < 256; ++i) {
    const auto opcode = static_cast<uint8_t>(i);
    const OpcodeForm form = FormOf(opcode);
    Bytes data;
    EXPECT_EQ(Report(1, opcode, 0, data), form == OpcodeForm::kServiceActions ? refusal : kGood);
    EXPECT_EQ(Report(2, opcode, 0, data), form == OpcodeForm::kPlain ? refusal : kGood);
    EXPECT_EQ(Report(3, opcode, 0, data), kGood);
    EXPECT_EQ(data[1] == 3, FindOpcode(opcode, 0) != nullptr) << i;
  }
}

TEST(ReportOpcodesTest, WhatADiskDoesNotDoIsNotTold) {
  const OperationSet operations = OperationSet::All().Without(Operation::kSanitize);
  Bytes data;
  EXPECT_EQ(Report(0, 0, 0, data, operations), kGood);
  EXPECT_EQ(data.size(), 4 + 8 * (AllOpcodes().size() - 3));
  EXPECT_EQ(Report(2, 0x48, 1, data, operations), kGood);
  EXPECT_EQ(data[1], 1);
}

TEST(ReportOpcodesTest, TaskManagementFunctions) {
  const auto report = [](uint8_t repd, const TaskManagementSupport& support) {
    const Bytes cdb{0xa3, 0x0d, repd, 0, 0, 0, 0, 0, 0, 16, 0, 0};
    Bytes data(16);
    Response response(data);
    WriteSupportedTaskManagementFunctions(ParseCdb(cdb).cdb, support, response);
    data.resize(response.full_bytes());
    return data;
  };
  EXPECT_EQ(report(0, {}), (Bytes{0xd8, 0, 0, 0}));
  EXPECT_EQ(report(0, {.query_task = true,
                       .query_async_event = true,
                       .query_task_set = true,
                       .i_t_nexus_reset = true}),
            (Bytes{0xdc, 7, 0, 0}));
  EXPECT_EQ(report(0x80, {}), (Bytes{0xd8, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace quire
