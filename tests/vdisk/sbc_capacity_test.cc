// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: READ CAPACITY tells the disk that is there, whole and cut at the allocation length.
// Method: disks of both block sizes, thin and thick, and one that 32 bits cannot tell.

#include <gtest/gtest.h>

#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

const Bytes kTen{0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0};

Bytes Sixteen(uint8_t allocation_length) {
  return {0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, allocation_length, 0, 0};
}

class SbcCapacityTest : public ScsiFixture, public testing::WithParamInterface<uint32_t> {
 protected:
  SbcCapacityTest() : ScsiFixture(TestDisk{.block_bytes = GetParam()}) {}
};

INSTANTIATE_TEST_SUITE_P(Blocks, SbcCapacityTest, testing::Values(512, 4096));

TEST_P(SbcCapacityTest, LastBlockAndBlockSize) {
  Bytes expected(8);
  StoreBig<4>(&expected[0], kDiskBytes / block_bytes_ - 1);
  StoreBig<4>(&expected[4], block_bytes_);
  EXPECT_EQ(Run(*a_, kTen), kGood);
  EXPECT_EQ(found_, expected);
  expected.assign(32, 0);
  StoreBig<8>(&expected[0], kDiskBytes / block_bytes_ - 1);
  StoreBig<4>(&expected[8], block_bytes_);
  expected[14] = 0xc0;  // LBPME, LBPRZ
  EXPECT_EQ(Run(*a_, Sixteen(255)), kGood);
  EXPECT_EQ(found_, expected);
  for (const uint8_t length : {0, 1, 12, 31, 32}) {
    EXPECT_EQ(Run(*a_, Sixteen(length)), kGood);
    EXPECT_EQ(found_, Bytes(expected.begin(), expected.begin() + length));
  }
}

class SbcThickCapacityTest : public ScsiFixture {
 protected:
  SbcThickCapacityTest()
      : ScsiFixture(TestDisk{.size_bytes = (uint64_t{1} << 41) + 512,
                             .server = {.physical_exponent = 3, .thin = false}}) {}
};

TEST_F(SbcThickCapacityTest, AThickDiskIsNotManagedAndALargeOneHasToBeAskedAgain) {
  EXPECT_EQ(Run(*a_, kTen), kGood);
  EXPECT_EQ(found_, (Bytes{0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0}));
  EXPECT_EQ(Run(*a_, Sixteen(16)), kGood);
  EXPECT_EQ(found_, (Bytes{0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 3, 0, 0}));
}

}  // namespace
}  // namespace quire
