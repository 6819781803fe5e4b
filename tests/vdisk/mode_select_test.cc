// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: MODE SELECT changes what may be changed, all or nothing, and points at what is wrong.
// Method: parameter lists written by hand, good and bad; every truncation; every bit of every page
// flipped; what MODE SENSE gave, sent back.

#include "vdisk/mode_select.h"

#include <gtest/gtest.h>

#include <vector>

#include "vdisk/mode_pages.h"
#include "vdisk/mode_sense.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr Geometry kGeometry{4096, {1000}};
const Bytes kSelect6{0x15, 0x10, 0, 0, 0, 0};
const Bytes kSelect10{0x55, 0x10, 0, 0, 0, 0, 0, 0, 0, 0};
const Bytes kControl{0x0a, 0x0a, 0x02, 0x10, 0, 0, 0, 0, 0, 0, 0, 0};
const Bytes kCaching{0x08, 0x12, 4, 0, 0xff, 0xff, 0, 0, 0xff, 0xff,
                     0xff, 0xff, 0, 0, 0,    0,    0, 0, 0,    0};

Bytes Joined(Bytes bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
  return bytes;
}
Bytes With(Bytes bytes, size_t at, uint8_t value) {
  bytes[at] = value;
  return bytes;
}
ModeSelection Select(const Bytes& cdb, const Bytes& list, const ModeState& state = {}) {
  const ParsedCdb parsed = ParseCdb(cdb);
  EXPECT_TRUE(parsed.outcome.good());
  return ParseModeSelect(parsed.cdb, list, state, kGeometry);
}
Outcome At(uint16_t byte, uint8_t bit = Outcome::kNoBit) {
  return kInvalidFieldInParameterList.AtParameterField(byte, bit);
}

TEST(ModeSelectTest, EachField) {
  const Bytes head(4);
  EXPECT_EQ(Select(kSelect6, Joined(head, With(kCaching, 2, 0))).parameters.wce, 0);
  EXPECT_EQ(Select(kSelect6, Joined(head, With(kControl, 2, 6))).parameters.d_sense, 1);
  // One command's error ends no other (QERR).
  EXPECT_EQ(Select(kSelect6, Joined(head, With(kControl, 3, 0x16))).outcome, At(7, 2));
  EXPECT_EQ(Select(kSelect6, Joined(head, With(kControl, 4, 8))).parameters.swp, 1);
  EXPECT_EQ(Select(kSelect6, Joined(head, With(kControl, 5, 0x40))).parameters.tas, 1);
}

TEST(ModeSelectTest, TwoPagesAndSave) {
  const Bytes list = Joined(Joined(Bytes(8), With(kCaching, 2, 0)), With(kControl, 5, 0x40));
  const ModeSelection selection = Select(With(kSelect10, 1, 0x11), list);
  EXPECT_EQ(selection.outcome, kGood);
  EXPECT_TRUE(selection.save);
  EXPECT_EQ(selection.parameters, (ModeParameters{.wce = 0, .tas = 1}));
}

TEST(ModeSelectTest, AllOrNothing) {
  const Bytes list = Joined(Joined(Bytes(4), With(kCaching, 2, 0)), With(kControl, 3, 0x14));
  const ModeSelection selection = Select(With(kSelect6, 1, 0x11), list);
  EXPECT_EQ(selection.outcome, At(4 + 20 + 3, 2));
  EXPECT_EQ(selection.parameters, ModeParameters{});
  EXPECT_FALSE(selection.save);
}

TEST(ModeSelectTest, NothingIsNoError) {
  EXPECT_EQ(Select(kSelect6, {}).outcome, kGood);
  EXPECT_EQ(Select(With(kSelect6, 1, 0), {}).outcome, kGood);
  EXPECT_EQ(Select(kSelect6, Bytes(4)).outcome, kGood);
  EXPECT_EQ(Select(kSelect10, Bytes(8)).outcome, kGood);
}

TEST(ModeSelectTest, Cdb) {
  EXPECT_EQ(Select(With(kSelect6, 1, 0), Bytes(4)).outcome, kInvalidFieldInCdb.AtCdbField(1, 4));
  EXPECT_EQ(Select(With(kSelect6, 1, 0x11), Bytes(4), {.traits = {.savable = false}}).outcome,
            kInvalidFieldInCdb.AtCdbField(1, 0));
}

struct Row {
  const char* what;
  bool form6;
  Bytes list;
  Outcome outcome;
};

const Row kRows[] = {
    {"the size as it is", true, {0, 0, 0, 8, 0, 0, 3, 0xe8, 0, 0, 0x10, 0}, kGood},
    {"no size", true, {0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0x10, 0}, kGood},
    {"a size that does not fit", true, {0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x10, 0}, kGood},
    {"another size", true, {0, 0, 0, 8, 0, 0, 3, 0xe7, 0, 0, 0x10, 0}, At(4)},
    {"another block length", true, {0, 0, 0, 8, 0, 0, 3, 0xe8, 0, 0, 2, 0}, At(9)},
    {"a long descriptor",
     false,
     {0, 0, 0, 0, 1, 0, 0, 16, 0, 0, 0, 0, 0, 0, 3, 0xe8, 0, 0, 0, 0, 0, 0, 0x10, 0},
     kGood},
    {"a long descriptor, another block length",
     false,
     {0, 0, 0, 0, 1, 0, 0, 16, 0, 0, 0, 0, 0, 0, 3, 0xe8, 0, 0, 0, 0, 0, 0, 2, 0},
     At(20)},
    {"a descriptor of no known length", true, {0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0}, At(3)},
    {"16 without LONGLBA",
     false,
     {0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 3, 0xe8, 0, 0, 0, 0, 0, 0, 0x10, 0},
     At(6)},
    {"half a descriptor", true, {0, 0, 0, 8, 0, 0, 0}, kParameterListLengthError},
    {"a medium type", true, {0, 1, 0, 0}, At(1)},
    {"a medium type", false, {0, 0, 1, 0, 0, 0, 0, 0}, At(2)},
    {"what MODE SENSE gave in the header", true, {0x20, 0, 0x90, 0}, kGood},
    {"no such page", true, {0, 0, 0, 0, 0x02, 0x0e}, At(4, 5)},
    {"no such subpage", true, {0, 0, 0, 0, 0x4a, 0x07, 0, 0x1c}, At(5)},
    {"PS", true, Joined(Bytes(4), With(kControl, 0, 0x8a)), At(4, 7)},
    {"a page of disks with thresholds", true, {0, 0, 0, 0, 0x5c, 0x02, 0, 0x14}, At(5)},
    {"SPF without a subpage", true, {0, 0, 0, 0, 0x4a, 0, 0, 0x0a}, At(4, 6)},
    {"a page's length", true, Joined(Bytes(4), With(kControl, 1, 0x0b)), At(5)},
    {"a subpage's length", true, {0, 0, 0, 0, 0x4a, 1, 0, 0x1b}, At(6)},
    {"what cannot be changed", true, Joined(Bytes(4), With(kControl, 2, 0x12)), At(6, 4)},
    {"two bits that cannot", true, Joined(Bytes(4), With(kControl, 2, 0x32)), At(6, 5)},
};

TEST(ModeSelectTest, Lists) {
  for (const Row& row : kRows) {
    EXPECT_EQ(Select(row.form6 ? kSelect6 : kSelect10, row.list).outcome, row.outcome) << row.what;
  }
}

TEST(ModeSelectTest, EveryTruncation) {
  const Bytes list = Joined(Joined(Bytes(4), kCaching), kControl);
  for (size_t size = 1; size < list.size(); ++size) {
    const bool whole = size == 4 || size == 4 + kCaching.size();
    const Bytes cut(list.begin(), list.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(Select(kSelect6, cut).outcome, whole ? kGood : kParameterListLengthError) << size;
  }
}

TEST(ModeSelectTest, EveryBitOfEveryPage) {
  const ModeState state{.traits = {.thresholds = true, .threshold_sets = 9}};
  for (const ModePage& page : ModePages()) {
    const ModePage::Image image = page.With({}, state.traits);
    const ModePage::Image changeable = page.Changeable(state.traits);
    for (size_t byte = page.head_bytes(); byte < page.size_bytes; ++byte) {
      for (uint8_t bit = 0; bit < 8; ++bit) {
        Bytes list = Joined(Bytes(4), Bytes(image.begin(), image.begin() + page.size_bytes));
        list[4 + byte] ^= static_cast<uint8_t>(1 << bit);
        const ModeSelection selection = Select(kSelect6, list, state);
        const bool may_change = (changeable[byte] >> bit & 1) != 0;
        if (!may_change) {
          EXPECT_EQ(selection.outcome, At(static_cast<uint16_t>(4 + byte), bit));
        } else if (selection.outcome.good()) {
          EXPECT_NE(selection.parameters, ModeParameters{});
        } else {
          EXPECT_EQ(selection.outcome, At(4 + 3, 2)) << "QERR 10b";
        }
      }
    }
  }
}

TEST(ModeSelectTest, WceThatIsFixed) {
  const ModeState state{.traits = {.wce_changeable = false}};
  EXPECT_EQ(Select(kSelect6, Joined(Bytes(4), kCaching), state).outcome, kGood);
  EXPECT_EQ(Select(kSelect6, Joined(Bytes(4), With(kCaching, 2, 0)), state).outcome, At(6, 2));
}

TEST(ModeSelectTest, WhatModeSenseGave) {
  const Cdb cdb = ParseCdb(Bytes{0x5a, 0, 0x3f, 0xff, 0, 0, 0, 2, 0, 0}).cdb;
  const ModeState state{.current = {.wce = 0, .tas = 1}};
  Bytes data(512);
  Response response(data);
  ASSERT_EQ(WriteModeSense(cdb, state, kGeometry, response), kGood);
  data.resize(response.full_bytes());
  for (const size_t page : {16u, 28u, 48u, 60u, 92u}) data[page] &= 0x7f;  // PS is reserved
  const ModeSelection selection = Select(kSelect10, data, state);
  EXPECT_EQ(selection.outcome, kGood);
  EXPECT_EQ(selection.parameters, state.current);
}

}  // namespace
}  // namespace quire
