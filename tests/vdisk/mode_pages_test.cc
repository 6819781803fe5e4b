// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: each mode page has the bytes of SPC-4 and SBC-3, and fields lie where they say.
// Method: images against bytes written by hand; every changeable bit read back.

#include "vdisk/mode_pages.h"

#include <gtest/gtest.h>

#include <vector>

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr ModeParameters kAllOn{.wce = 1, .d_sense = 1, .swp = 1, .tas = 1};
constexpr ModeParameters kAllOff{.wce = 0, .d_sense = 0, .swp = 0, .tas = 0};

Bytes Cut(const ModePage& page, const ModePage::Image& image) {
  return {image.begin(), image.begin() + page.size_bytes};
}

struct Row {
  uint8_t code;
  uint8_t subpage;
  Bytes off;
  Bytes on;
  Bytes changeable;
};

Bytes ControlExtension(uint8_t byte4) {
  Bytes bytes(32);
  bytes[0] = 0x4a;
  bytes[1] = 0x01;
  bytes[3] = 0x1c;
  bytes[4] = byte4;
  return bytes;
}

Bytes Provisioning(uint8_t byte17) {
  Bytes bytes(24);
  bytes[0] = 0x5c;
  bytes[1] = 0x02;
  bytes[3] = 0x14;
  bytes[17] = byte17;
  return bytes;
}

const Row kRows[] = {
    {0x01,
     0,
     {0x01, 0x0a, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
     {0x01, 0x0a, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
     {0x01, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {0x08,
     0,
     {0x08, 0x12, 0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0},
     {0x08, 0x12, 4, 0, 0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0},
     {0x08, 0x12, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {0x0a,
     0,
     {0x0a, 0x0a, 0x02, 0x10, 0, 0, 0, 0, 0, 0, 0, 0},
     {0x0a, 0x0a, 0x06, 0x10, 0x08, 0x40, 0, 0, 0, 0, 0, 0},
     {0x0a, 0x0a, 0x04, 0x00, 0x08, 0x40, 0, 0, 0, 0, 0, 0}},
    {0x0a, 1, ControlExtension(4), ControlExtension(4), ControlExtension(0)},
    {0x1c,
     0,
     {0x1c, 0x0a, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0},
     {0x1c, 0x0a, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0},
     {0x1c, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {0x1c, 2, Provisioning(1), Provisioning(1), Provisioning(0)},
};

TEST(ModePagesTest, Images) {
  ASSERT_EQ(ModePages().size(), std::size(kRows));
  const ModeTraits traits;
  for (size_t i = 0; i < std::size(kRows); ++i) {
    const Row& row = kRows[i];
    const ModePage* const page = FindModePage(row.code, row.subpage);
    ASSERT_EQ(page, &ModePages()[i]);
    EXPECT_EQ(Cut(*page, page->With(kAllOff, traits)), row.off) << int{row.code};
    EXPECT_EQ(Cut(*page, page->With(kAllOn, traits)), row.on) << int{row.code};
    EXPECT_EQ(Cut(*page, page->Changeable(traits)), row.changeable) << int{row.code};
  }
  EXPECT_EQ(FindModePage(0x0a, 2), nullptr);
  EXPECT_EQ(FindModePage(0x02, 0), nullptr);
}

TEST(ModePagesTest, Traits) {
  const ModePage& caching = *FindModePage(0x08, 0);
  EXPECT_TRUE(caching.Savable({}));
  EXPECT_FALSE(caching.Savable({.wce_changeable = false}));
  EXPECT_EQ(caching.Changeable({.wce_changeable = false})[2], 0);
  EXPECT_FALSE(caching.Savable({.savable = false}));
  EXPECT_FALSE(FindModePage(0x1c, 0)->Savable({}));
  const ModePage& extension = *FindModePage(0x0a, 1);
  EXPECT_EQ(extension.With({}, {.implicit_alua = true})[4], 0x05);
}

TEST(ModePagesTest, Thresholds) {
  const ModePage& page = *FindModePage(0x1c, 2);
  EXPECT_FALSE(page.Present({}));
  EXPECT_TRUE(FindModePage(0x1c, 0)->Present({}));
  const ModeTraits armed{.thresholds = true, .threshold_sets = 0x12345678};
  EXPECT_TRUE(page.Present(armed));
  Bytes expected = Provisioning(1);
  expected[16] = 0x80;
  for (int i = 0; i < 4; ++i) expected[20 + i] = static_cast<uint8_t>(0x12345678 >> (24 - 8 * i));
  EXPECT_EQ(Cut(page, page.With({}, armed)), expected);
  EXPECT_EQ(Cut(page, page.Changeable(armed)), Provisioning(0));
  EXPECT_EQ(FindModePage(0x01, 0)->With({}, armed)[7], 0x80);
}

TEST(ModePagesTest, FieldsAreReadBack) {
  for (const ModeParameters& parameters : {kAllOn, kAllOff}) {
    ModeParameters found = parameters == kAllOn ? kAllOff : kAllOn;
    for (const ModePage& page : ModePages()) {
      page.Read(page.With(parameters, {}), found);
    }
    EXPECT_EQ(found, parameters);
  }
}

}  // namespace
}  // namespace quire
