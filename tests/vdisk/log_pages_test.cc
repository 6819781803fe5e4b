// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: LOG SENSE tells the pages of SPC-4 and SBC-3, and how much room there is.
// Method: pages against bytes written by hand; every page code; parameter pointers.

#include "vdisk/log_pages.h"

#include <gtest/gtest.h>

#include <vector>

#include "vdisk/outcomes.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr LogState kThin{.mapping = MappingResources{.available = 4095,
                                                     .used = 2049,
                                                     .threshold_exponent = 11,
                                                     .available_scope = ResourceScope::kShared}};

Outcome Sense(uint8_t page, uint8_t subpage, uint8_t pointer, const LogState& state, Bytes& data) {
  const Bytes cdb{0x4d, 0, static_cast<uint8_t>(0x40 | page), subpage, 0, 0, pointer, 2, 0, 0};
  const ParsedCdb parsed = ParseCdb(cdb);
  EXPECT_TRUE(parsed.outcome.good());
  data.assign(512, 0);
  Response response(data);
  const Outcome outcome = WriteLogSense(parsed.cdb, state, response);
  data.resize(response.full_bytes());
  return outcome;
}

Bytes Page(uint8_t page, uint8_t subpage = 0, uint8_t pointer = 0, const LogState& state = kThin) {
  Bytes data;
  EXPECT_EQ(Sense(page, subpage, pointer, state, data), kGood);
  return data;
}

TEST(LogPagesTest, SupportedPages) {
  EXPECT_EQ(Page(0x00), (Bytes{0, 0, 0, 4, 0x00, 0x0c, 0x0d, 0x2f}));
  EXPECT_EQ(Page(0x00, 0, 0, {}), (Bytes{0, 0, 0, 3, 0x00, 0x0d, 0x2f}));
  EXPECT_EQ(Page(0x00, 0xff), (Bytes{0x40, 0xff, 0, 10, 0, 0, 0, 0xff, 0x0c, 0, 0x0d, 0, 0x2f, 0}));
}

TEST(LogPagesTest, Temperature) {
  EXPECT_EQ(Page(0x0d), (Bytes{0x0d, 0, 0, 12, 0, 0, 3, 2, 0, 0xff, 0, 1, 3, 2, 0, 0xff}));
  EXPECT_EQ(Page(0x0d, 0, 1), (Bytes{0x0d, 0, 0, 6, 0, 1, 3, 2, 0, 0xff}));
}

TEST(LogPagesTest, InformationalExceptions) {
  EXPECT_EQ(Page(0x2f), (Bytes{0x2f, 0, 0, 8, 0, 0, 3, 4, 0, 0, 0xff, 0}));
}

TEST(LogPagesTest, MappingResources) {
  EXPECT_EQ(Page(0x0c), (Bytes{0x0c, 0, 0, 24, 0, 1, 3, 8, 0, 0, 0, 1, 2, 0,
                               0,    0, 0, 2,  3, 8, 0, 0, 0, 2, 1, 0, 0, 0}))
      << "room is rounded down, use is rounded up";
  const LogState huge{.mapping = MappingResources{.available = ~uint64_t{0}}};
  EXPECT_EQ(Page(0x0c, 0, 0, huge)[8], 0xff) << "as much as 32 bits can say";
  EXPECT_EQ(Page(0x0c, 0, 2).size(), 16u);
}

TEST(LogPagesTest, ParameterPointerBehindTheLast) {
  Bytes data;
  EXPECT_EQ(Sense(0x0c, 0, 3, kThin, data), kInvalidFieldInCdb.AtCdbField(5));
  EXPECT_EQ(Sense(0x0d, 0, 2, kThin, data), kInvalidFieldInCdb.AtCdbField(5));
  EXPECT_EQ(Sense(0x00, 0, 1, kThin, data), kInvalidFieldInCdb.AtCdbField(5));
}

TEST(LogPagesTest, EveryPageCode) {
  for (uint8_t page = 0; page < 64; ++page) {
    Bytes data;
    const bool thin_page = page == 0x0c;
    const bool always = page == 0x00 || page == 0x0d || page == 0x2f;
    const Outcome refusal = kInvalidFieldInCdb.AtCdbField(2, 5);
    EXPECT_EQ(Sense(page, 0, 0, kThin, data), always || thin_page ? kGood : refusal);
    EXPECT_EQ(Sense(page, 0, 0, {}, data), always ? kGood : refusal);
    if (always || thin_page) {
      EXPECT_EQ(Sense(page, 1, 0, kThin, data), kInvalidFieldInCdb.AtCdbField(3));
    }
  }
}

}  // namespace
}  // namespace quire
