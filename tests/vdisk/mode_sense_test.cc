// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: MODE SENSE gives the pages that were asked for, behind a header that tells their length.
// Method: CDBs of both forms against bytes written by hand; every page and subpage code; every
// allocation length.

#include "vdisk/mode_sense.h"

#include <gtest/gtest.h>

#include <vector>

#include "vdisk/outcomes.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr Geometry kGeometry{512, {0x0102030405}};

Bytes Sense6(uint8_t flags, uint8_t page, uint8_t subpage = 0) {
  return {0x1a, flags, page, subpage, 255, 0};
}
Bytes Sense10(uint8_t flags, uint8_t page, uint8_t subpage = 0) {
  return {0x5a, flags, page, subpage, 0, 0, 0, 2, 0, 0};
}

Outcome Answer(const Bytes& cdb, Bytes& data, const ModeState& state = {}) {
  const ParsedCdb parsed = ParseCdb(cdb);
  EXPECT_TRUE(parsed.outcome.good());
  data.assign(512, 0xee);
  Response response(data);
  const Outcome outcome = WriteModeSense(parsed.cdb, state, kGeometry, response);
  data.resize(response.full_bytes());
  return outcome;
}

Bytes Data(const Bytes& cdb, const ModeState& state = {}) {
  Bytes data;
  EXPECT_EQ(Answer(cdb, data, state), kGood);
  return data;
}

const Bytes kControl{0x8a, 0x0a, 0x02, 0x10, 0, 0, 0, 0, 0, 0, 0, 0};

Bytes Joined(Bytes bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
  return bytes;
}

TEST(ModeSenseTest, Headers) {
  EXPECT_EQ(Data(Sense6(0, 0x0a)),
            Joined({23, 0, 0x10, 8, 0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0}, kControl));
  EXPECT_EQ(Data(Sense6(8, 0x0a)), Joined({15, 0, 0x10, 0}, kControl));
  EXPECT_EQ(Data(Sense10(0, 0x0a)),
            Joined({0, 26, 0, 0x10, 0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0}, kControl));
  EXPECT_EQ(Data(Sense10(0x10, 0x0a)),
            Joined({0, 34, 0, 0x10, 1, 0, 0, 16, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 2, 0},
                   kControl));
  EXPECT_EQ(Data(Sense10(0x18, 0x0a)), Joined({0, 18, 0, 0x10, 0, 0, 0, 0}, kControl));
}

TEST(ModeSenseTest, WriteProtection) {
  EXPECT_EQ(Data(Sense6(8, 0x1c), {.traits = {.write_protected = true}})[2], 0x90);
  EXPECT_EQ(Data(Sense6(8, 0x1c), {.current = {.swp = 1}})[2], 0x90);
}

TEST(ModeSenseTest, EachPageControl) {
  ModeState state;
  state.current.wce = 0;
  state.saved.wce = 0;
  state.traits.defaults.wce = 1;
  EXPECT_EQ(Data(Sense6(8, 0x08), state)[6], 0x00);
  EXPECT_EQ(Data(Sense6(8, 0x48), state)[6], 0x04);
  EXPECT_EQ(Data(Sense6(8, 0x48), state)[8], 0x00) << "the pre-fetch length cannot be changed";
  EXPECT_EQ(Data(Sense6(8, 0x88), state)[6], 0x04);
  EXPECT_EQ(Data(Sense6(8, 0xc8), state)[6], 0x00);
  state.traits.savable = false;
  EXPECT_EQ(Data(Sense6(8, 0x08), state)[4], 0x08) << "without PS";
  Bytes data;
  EXPECT_EQ(Answer(Sense6(8, 0xc8), data, state), kSavingParametersNotSupported);
}

TEST(ModeSenseTest, AllPages) {
  const Bytes pages = Data(Sense6(8, 0x3f));
  EXPECT_EQ(pages.size(), 4u + 12 + 20 + 12 + 12);
  EXPECT_EQ(pages[4], 0x01);
  EXPECT_EQ(pages[4 + 12], 0x88);
  EXPECT_EQ(pages[4 + 12 + 20], 0x8a);
  EXPECT_EQ(pages[4 + 12 + 20 + 12], 0x1c);
  const Bytes subpages = Data(Sense6(8, 0x3f, 0xff));
  EXPECT_EQ(subpages.size(), 4u + 12 + 20 + 12 + 32 + 12);
  EXPECT_EQ(subpages[4 + 12 + 20 + 12], 0x4a);
  const Bytes control = Data(Sense6(8, 0x0a, 0xff));
  EXPECT_EQ(control.size(), 4u + 12 + 32);
  EXPECT_EQ(Data(Sense6(8, 0x0a, 0x01)).size(), 4u + 32);
}

TEST(ModeSenseTest, EveryPageCode) {
  for (int page = 0; page < 64; ++page) {
    for (int subpage = 0; subpage < 256; ++subpage) {
      const bool known = page == 0x01 || page == 0x08 || page == 0x0a || page == 0x1c;
      const bool all = page == 0x3f;
      Outcome expected = kGood;
      if (!known && !all) {
        expected = kInvalidFieldInCdb.AtCdbField(2, 5);
      } else if (subpage != 0 && subpage != 0xff && !(subpage == 1 && (all || page == 0x0a))) {
        expected = kInvalidFieldInCdb.AtCdbField(3);
      }
      if (all && subpage == 1) expected = kInvalidFieldInCdb.AtCdbField(3);
      Bytes data;
      EXPECT_EQ(Answer(Sense6(0, static_cast<uint8_t>(page), static_cast<uint8_t>(subpage)), data),
                expected)
          << page << "/" << subpage;
    }
  }
}

TEST(ModeSenseTest, AnyAllocationLength) {
  const Bytes whole = Data(Sense10(0, 0x3f, 0xff));
  EXPECT_EQ(whole[0] * 256u + whole[1] + 2, whole.size());
  for (size_t size = 0; size <= whole.size(); ++size) {
    Bytes buffer(size);
    Response response(buffer);
    const Cdb cdb = ParseCdb(Sense10(0, 0x3f, 0xff)).cdb;
    EXPECT_TRUE(WriteModeSense(cdb, {}, kGeometry, response).good());
    EXPECT_EQ(buffer, Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)));
  }
}

}  // namespace
}  // namespace quire
