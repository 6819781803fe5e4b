// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a parameter list of SANITIZE with OVERWRITE becomes a pattern and passes, or the refusal
// that the standard asks for.
// Method: tables, with every length from none to one too many.
#include "vdisk/overwrite_list.h"

#include <gtest/gtest.h>

#include <vector>

#include "vdisk/outcomes.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(OverwriteListTest, Good) {
  const Bytes bytes = {0x9f, 0, 0, 2, 0xab, 0xcd};
  const OverwriteList list = ParseOverwriteList(bytes, 512);
  EXPECT_EQ(list.outcome, kGood);
  EXPECT_EQ(list.count_passes, 31u);
  EXPECT_TRUE(list.invert);
  EXPECT_EQ(Bytes(list.pattern.begin(), list.pattern.end()), (Bytes{0xab, 0xcd}));
  const Bytes once = {0x01, 0, 0, 1, 0};
  EXPECT_EQ(ParseOverwriteList(once, 512).count_passes, 1u);
  EXPECT_FALSE(ParseOverwriteList(once, 512).invert);
}

TEST(OverwriteListTest, Lengths) {
  for (size_t length = 0; length < 600; ++length) {
    Bytes bytes(length, 0);
    if (length > 3) bytes[0] = bytes[3] = 1;
    const OverwriteList list = ParseOverwriteList(bytes, 512);
    if (length > 4 && length <= 516) {
      EXPECT_EQ(list.outcome, kGood) << length;
    } else {
      EXPECT_TRUE(list.outcome.Is(kInvalidFieldInCdb)) << length;
    }
  }
}

TEST(OverwriteListTest, Refused) {
  struct Row {
    Bytes list;
    Outcome outcome;
  };
  const auto fault = [](uint16_t byte, uint8_t bit = Outcome::kNoBit) {
    return kInvalidFieldInParameterList.AtParameterField(byte, bit);
  };
  const Row rows[] = {
      {{0x00, 0, 0, 1, 0}, fault(0, 4)},  // no pass
      {{0x80, 0, 0, 1, 0}, fault(0, 4)},  //
      {{0x21, 0, 0, 1, 0}, fault(0, 6)},  // TEST
      {{0x41, 0, 0, 1, 0}, fault(0, 6)},  //
      {{0x01, 1, 0, 1, 0}, fault(1)},     // reserved
      {{0x01, 0, 0, 0, 0}, fault(2)},     // no pattern
      {{0x01, 0, 2, 1, 0}, fault(2)},     // longer than a block
      {{0x01, 0, 0, 2, 0}, kParameterListLengthError},
  };
  for (const Row& row : rows) EXPECT_EQ(ParseOverwriteList(row.list, 512).outcome, row.outcome);
}

}  // namespace
}  // namespace quire
