// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: initiators learn the size, the alignment and the provisioning of a disk.
// Method: sizes on both sides of what 32 bits can tell, against bytes written by hand.

#include "vdisk/capacity.h"

#include <gtest/gtest.h>

#include <vector>

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Capacity10(uint64_t count, uint32_t block_bytes) {
  Bytes data(8);
  Response response(data);
  WriteReadCapacity10({block_bytes, {count}}, response);
  EXPECT_EQ(response.full_bytes(), 8u);
  return data;
}

TEST(CapacityTest, Ten) {
  EXPECT_EQ(Capacity10(1, 512), (Bytes{0, 0, 0, 0, 0, 0, 2, 0}));
  EXPECT_EQ(Capacity10(0xffffffff, 4096), (Bytes{0xff, 0xff, 0xff, 0xfe, 0, 0, 0x10, 0}));
  EXPECT_EQ(Capacity10(0x100000000, 512), (Bytes{0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0}));
  EXPECT_EQ(Capacity10(0x100000001, 512), (Bytes{0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0}));
}

Bytes Capacity16(const PhysicalBlocks& physical, const Provisioning& provisioning) {
  Bytes data(40, 0xee);
  Response response(data);
  WriteReadCapacity16({512, {0x0102030405060708}}, physical, provisioning, response);
  data.resize(response.full_bytes());
  return data;
}

TEST(CapacityTest, Sixteen) {
  Bytes expected(32);
  const Bytes head{1, 2, 3, 4, 5, 6, 7, 7, 0, 0, 2, 0};
  std::copy(head.begin(), head.end(), expected.begin());
  EXPECT_EQ(Capacity16({}, {}), expected);
  expected[13] = 3;
  expected[14] = 0xc0 | 0x12;
  expected[15] = 0x34;
  EXPECT_EQ(Capacity16({.exponent = 3, .lowest_aligned = 0x1234},
                       {.type = ProvisioningType::kThin, .reads_zeroes = true}),
            expected);
  expected[14] = 0x80 | 0x12;
  EXPECT_EQ(
      Capacity16({.exponent = 3, .lowest_aligned = 0x1234}, {.type = ProvisioningType::kResource}),
      expected);
}

}  // namespace
}  // namespace quire
