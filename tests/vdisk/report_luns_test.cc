// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: initiators and the disk write a LUN the same way.
// Method: LUNs on both sides of each addressing method's limit; every SELECT REPORT.

#include "vdisk/report_luns.h"

#include <gtest/gtest.h>

#include <vector>

#include "vdisk/outcomes.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(ReportLunsTest, ThereAndBack) {
  EXPECT_EQ(EncodeLun(0), 0u);
  EXPECT_EQ(EncodeLun(255), 0x00ff000000000000u);
  EXPECT_EQ(EncodeLun(256), 0x4100000000000000u);
  EXPECT_EQ(EncodeLun(kMaxLun), 0x7fff000000000000u);
  for (uint32_t lun = 0; lun <= kMaxLun; ++lun) EXPECT_EQ(DecodeLun(EncodeLun(lun)), lun);
}

TEST(ReportLunsTest, OtherForms) {
  EXPECT_EQ(DecodeLun(0x4001000000000000u), 1u) << "flat space addressing of a small number";
  EXPECT_EQ(DecodeLun(0x0101000000000000u), std::nullopt) << "a bus";
  EXPECT_EQ(DecodeLun(0x8001000000000000u), std::nullopt) << "logical unit addressing";
  EXPECT_EQ(DecodeLun(0xc101000000000000u), std::nullopt) << "a well known logical unit";
  EXPECT_EQ(DecodeLun(0x0001000100000000u), std::nullopt) << "a second level";
}

Outcome Report(uint8_t select, size_t room, Bytes& data) {
  const Bytes cdb{0xa0, 0, select, 0, 0, 0, 0, 0, 0, 16, 0, 0};
  const uint32_t luns[] = {0, 7, 300};
  data.assign(room, 0);
  Response response(data);
  return WriteReportLuns(ParseCdb(cdb).cdb, luns, response);
}

TEST(ReportLunsTest, List) {
  const Bytes all{0, 0, 0, 24, 0, 0, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0,
                  0, 7, 0, 0,  0, 0, 0, 0, 0x41, 0x2c, 0, 0, 0, 0, 0, 0};
  Bytes data;
  EXPECT_EQ(Report(0, 32, data), kGood);
  EXPECT_EQ(data, all);
  EXPECT_EQ(Report(2, 32, data), kGood);
  EXPECT_EQ(data, all);
  EXPECT_EQ(Report(2, 12, data), kGood);
  EXPECT_EQ(data, Bytes(all.begin(), all.begin() + 12)) << "the length is that of all";
  EXPECT_EQ(Report(1, 8, data), kGood);
  EXPECT_EQ(data, Bytes(8)) << "no well known logical units";
  for (int select = 3; select < 256; ++select) {
    EXPECT_EQ(Report(static_cast<uint8_t>(select), 32, data), kInvalidFieldInCdb.AtCdbField(2));
  }
}

}  // namespace
}  // namespace quire
