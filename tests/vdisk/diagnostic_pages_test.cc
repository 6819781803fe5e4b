// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: initiators learn that there is no diagnostic page but the list of them.
// Method: every page code, with and without PCV.

#include "vdisk/diagnostic_pages.h"

#include <gtest/gtest.h>

#include <vector>

#include "vdisk/outcomes.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(DiagnosticPagesTest, EveryPageCode) {
  for (int page = 0; page < 256; ++page) {
    const Bytes cdb{0x1c, 1, static_cast<uint8_t>(page), 0, 5, 0};
    Bytes data(5);
    Response response(data);
    const Outcome expected = page == 0 ? kGood : kInvalidFieldInCdb.AtCdbField(2);
    EXPECT_EQ(WriteDiagnosticPage(ParseCdb(cdb).cdb, response), expected) << page;
    EXPECT_EQ(data, page == 0 ? (Bytes{0, 0, 0, 1, 0}) : Bytes(5));
  }
}

TEST(DiagnosticPagesTest, WithoutPcv) {
  Bytes data(5);
  Response response(data);
  EXPECT_EQ(WriteDiagnosticPage(ParseCdb(Bytes{0x1c, 0, 0, 0, 5, 0}).cdb, response), kGood);
  EXPECT_EQ(data, (Bytes{0, 0, 0, 1, 0}));
}

TEST(DiagnosticPagesTest, WhatMayBeSent) {
  const auto check = [](uint8_t flags, const Bytes& list) {
    const Bytes cdb{0x1d, flags, 0, 0, static_cast<uint8_t>(list.size()), 0};
    return CheckDiagnosticPage(ParseCdb(cdb).cdb, list);
  };
  EXPECT_EQ(check(0, {}), kGood);
  EXPECT_EQ(check(0x14, {}), kGood);
  EXPECT_EQ(check(0x10, Bytes(4)), kGood);
  EXPECT_EQ(check(0x00, Bytes(4)), kInvalidFieldInCdb.AtCdbField(1, 4));
  EXPECT_EQ(check(0x14, Bytes(4)), kInvalidFieldInCdb.AtCdbField(3));
  for (size_t size = 1; size < 8; ++size) {
    EXPECT_EQ(check(0x10, Bytes(size)), size == 4 ? kGood : kParameterListLengthError) << size;
  }
  for (int page = 1; page < 256; ++page) {
    EXPECT_EQ(check(0x10, {static_cast<uint8_t>(page), 0, 0, 0}),
              kInvalidFieldInParameterList.AtParameterField(0));
  }
}

}  // namespace
}  // namespace quire
