// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a parameter list of FORMAT UNIT becomes what it says, or the refusal that the standard asks
// for with the byte at fault.
// Method: tables of lists with both headers; every length of a good one.
#include "vdisk/format_list.h"

#include <gtest/gtest.h>

#include <vector>

#include "vdisk/outcomes.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

Outcome Fault(uint16_t byte) { return kInvalidFieldInParameterList.AtParameterField(byte); }
Outcome Fault(uint16_t byte, uint8_t bit) {
  return kInvalidFieldInParameterList.AtParameterField(byte, bit);
}

TEST(FormatListTest, Good) {
  struct Row {
    Bytes list;
    bool long_header;
    bool immed;
    Bytes pattern;
  };
  const Row rows[] = {
      {{0, 0, 0, 0}, false, false, {}},
      {{0, 0x02, 0, 0}, false, true, {}},
      {{0, 0xf2, 0, 0}, false, true, {}},
      {{0, 0xa0, 0, 0}, false, false, {}},
      {{0, 0, 0, 0, 0, 0, 0, 0}, true, false, {}},
      {{0, 0x82, 0, 0, 0, 0, 0, 0}, true, true, {}},
      {{0, 0x88, 0, 0, 0, 0, 0, 0}, false, false, {}},
      {{0, 0x88, 0, 0, 0, 1, 0, 2, 0xab, 0xcd}, false, false, {0xab, 0xcd}},
      {{0, 0x8a, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0x5a}, true, true, {0x5a}},
  };
  for (const Row& row : rows) {
    const FormatList list = ParseFormatList(row.list, row.long_header, 512);
    EXPECT_EQ(list.outcome, kGood);
    EXPECT_EQ(list.immed, row.immed);
    EXPECT_EQ(Bytes(list.pattern.begin(), list.pattern.end()), row.pattern);
  }
}

TEST(FormatListTest, Refused) {
  struct Row {
    Bytes list;
    bool long_header;
    Outcome outcome;
  };
  const Row rows[] = {
      {{0x01, 0, 0, 0}, false, Fault(0, 0)},                 // protection information
      {{0x07, 0x82, 0, 0}, false, Fault(0, 2)},              //
      {{0, 0x20, 0, 0}, false, Fault(1, 5)},                 // DCRT without FOV
      {{0, 0x08, 0, 0, 0, 0, 0, 0}, false, Fault(1, 3)},     // IP without FOV
      {{0, 0x84, 0, 0}, false, Fault(1, 2)},                 // obsolete
      {{0, 0, 0, 8}, false, Fault(2)},                       // defects
      {{0, 0, 0, 0, 0, 0, 0, 8}, true, Fault(4)},            //
      {{0, 0, 0, 0x10, 0, 0, 0, 0}, true, Fault(3)},         // protection information
      {{0, 0, 1, 0, 0, 0, 0, 0}, true, Fault(2)},            //
      {{0, 0x88, 0, 0, 0x20, 0, 0, 0}, false, Fault(4, 5)},  // SI
      {{0, 0x88, 0, 0, 0, 2, 0, 0}, false, Fault(5)},        // another type
      {{0, 0x88, 0, 0, 0, 0, 0, 1, 1}, false, Fault(6)},     // the default, with a pattern
      {{0, 0x88, 0, 0, 0, 1, 0, 0}, false, Fault(6)},        // no pattern
      {{0, 0x88, 0, 0, 0, 1, 2, 1}, false, Fault(6)},        // longer than a block
  };
  for (const Row& row : rows) {
    EXPECT_EQ(ParseFormatList(row.list, row.long_header, 512).outcome, row.outcome)
        << static_cast<int>(row.list[0]) << " " << static_cast<int>(row.list[1]);
  }
}

TEST(FormatListTest, EveryLengthThatIsTooShort) {
  const Bytes whole = {0, 0x88, 0, 0, 0, 1, 0, 3, 1, 2, 3};
  for (size_t length = 0; length < whole.size(); ++length) {
    const Bytes list(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(ParseFormatList(list, false, 512).outcome, kParameterListLengthError) << length;
  }
  EXPECT_EQ(ParseFormatList(whole, false, 512).outcome, kGood);
  for (size_t length = 0; length < 8; ++length) {
    EXPECT_EQ(ParseFormatList(Bytes(length, 0), true, 512).outcome, kParameterListLengthError);
  }
}

}  // namespace
}  // namespace quire
