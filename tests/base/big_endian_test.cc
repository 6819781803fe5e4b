// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: numbers are written the most significant byte first, and nothing beside them is touched.
// Method: known bytes in both directions, at an odd address.
#include "base/big_endian.h"

#include <gmock/gmock.h>

#include <array>

namespace quire {
namespace {

using testing::ElementsAre;

TEST(BigEndianTest, Loads) {
  constexpr std::array<uint8_t, 9> kBytes = {0x00, 0x01, 0x02, 0x03, 0x04, 0x85, 0x86, 0x87, 0xff};
  EXPECT_EQ(LoadBig<1>(&kBytes[8]), 0xffu);
  EXPECT_EQ(LoadBig<2>(&kBytes[1]), 0x0102u);
  EXPECT_EQ(LoadBig<3>(&kBytes[1]), 0x010203u);
  EXPECT_EQ(LoadBig<4>(&kBytes[5]), 0x858687ffu);
  EXPECT_EQ(LoadBig<8>(&kBytes[1]), 0x01020304858687ffu);
}

TEST(BigEndianTest, StoresTheLowBytes) {
  std::array<uint8_t, 5> bytes{};
  StoreBig<3>(&bytes[1], 0xaabbccddee);
  EXPECT_THAT(bytes, ElementsAre(0, 0xcc, 0xdd, 0xee, 0));
}

TEST(BigEndianTest, ThereAndBack) {
  std::array<uint8_t, 8> bytes{};
  StoreBig<8>(bytes.data(), 0x8000000000000001);
  EXPECT_EQ(LoadBig<8>(bytes.data()), 0x8000000000000001u);
}

}  // namespace
}  // namespace quire
