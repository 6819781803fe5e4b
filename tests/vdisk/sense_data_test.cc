// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: an initiator reads from sense data what the disk meant, in both formats.
// Method: outcomes with every kind of detail against bytes written by hand from SPC-4 4.5.

#include "vdisk/sense_data.h"

#include <gtest/gtest.h>

#include <vector>

#include "vdisk/outcomes.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Encode(const Outcome& outcome, SenseFormat format) {
  const SenseData data = SenseData::Encode(outcome, format);
  return {data.bytes().begin(), data.bytes().end()};
}

struct Row {
  const char* what;
  Outcome outcome;
  Bytes fixed;
  Bytes descriptor;
};

const Row kRows[] = {
    {"no sense",
     kGood,
     {0x70, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
     {0x72, 0, 0, 0, 0, 0, 0, 0}},
    {"invalid opcode",
     kInvalidOpcode,
     {0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0},
     {0x72, 5, 0x20, 0, 0, 0, 0, 0}},
    {"a field of the CDB",
     kInvalidFieldInCdb.AtCdbField(1, 7),
     {0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x24, 0, 0, 0xcf, 0, 1},
     {0x72, 5, 0x24, 0, 0, 0, 0, 8, 2, 6, 0, 0, 0xcf, 0, 1, 0}},
    {"a byte of the parameter list",
     kInvalidFieldInParameterList.AtParameterField(0x0123),
     {0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x26, 0, 0, 0x80, 1, 0x23},
     {0x72, 5, 0x26, 0, 0, 0, 0, 8, 2, 6, 0, 0, 0x80, 1, 0x23, 0}},
    {"a bit of the parameter list",
     kInvalidFieldInParameterList.AtParameterField(9, 0),
     {0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x26, 0, 0, 0x88, 0, 9},
     {0x72, 5, 0x26, 0, 0, 0, 0, 8, 2, 6, 0, 0, 0x88, 0, 9, 0}},
    {"how far a format is",
     kLogicalUnitNotReadyFormat.WithProgress(0x8000),
     {0x70, 0, 2, 0, 0, 0, 0, 10, 0, 0, 0, 0, 4, 4, 0, 0x80, 0x80, 0},
     {0x72, 2, 4, 4, 0, 0, 0, 8, 2, 6, 0, 0, 0x80, 0x80, 0, 0}},
    {"where a comparison failed",
     kMiscompare.WithInformation(513),
     {0xf0, 0, 0xe, 0, 0, 2, 1, 10, 0, 0, 0, 0, 0x1d, 0, 0, 0, 0, 0},
     {0x72, 0xe, 0x1d, 0, 0, 0, 0, 12, 0, 10, 0x80, 0, 0, 0, 0, 0, 0, 0, 2, 1}},
    {"an address that 32 bits cannot hold",
     kUnrecoveredReadError.WithInformation(0x100000000u),
     {0x70, 0, 3, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x11, 0, 0, 0, 0, 0},
     {0x72, 3, 0x11, 0, 0, 0, 0, 12, 0, 10, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0}},
    {"the largest address that they can",
     kUnrecoveredReadError.WithInformation(0xffffffffu),
     {0xf0, 0, 3, 0xff, 0xff, 0xff, 0xff, 10, 0, 0, 0, 0, 0x11, 0, 0, 0, 0, 0},
     {0x72, 3, 0x11, 0, 0, 0, 0, 12, 0, 10, 0x80, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}},
    {"an error of an earlier command",
     kWriteError.WithInformation(7).Deferred(),
     {0xf1, 0, 3, 0, 0, 0, 7, 10, 0, 0, 0, 0, 0x0c, 0, 0, 0, 0, 0},
     {0x73, 3, 0x0c, 0, 0, 0, 0, 12, 0, 10, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 7}},
};

TEST(SenseDataTest, BothFormats) {
  for (const Row& row : kRows) {
    EXPECT_EQ(Encode(row.outcome, SenseFormat::kFixed), row.fixed) << row.what;
    EXPECT_EQ(Encode(row.outcome, SenseFormat::kDescriptor), row.descriptor) << row.what;
  }
}

TEST(SenseDataTest, EverythingAtOnceFits) {
  const Outcome outcome = kMiscompare.WithInformation(1).AtCdbField(2, 3).Deferred();
  const Bytes bytes = Encode(outcome, SenseFormat::kDescriptor);
  EXPECT_EQ(bytes.size(), SenseData::kMaxBytes);
  EXPECT_EQ(bytes[7], SenseData::kMaxBytes - 8);
}

}  // namespace
}  // namespace quire
