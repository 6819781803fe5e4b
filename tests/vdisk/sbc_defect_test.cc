// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: READ DEFECT DATA tells that a disk has no defects, and what it has is not changed by it.
// Method: CDBs of both forms, with every list and format; allocation lengths.
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

class SbcDefectTest : public ScsiFixture {};

TEST_F(SbcDefectTest, ThereAreNoDefects) {
  for (uint8_t request = 0; request < 0x20; ++request) {
    EXPECT_EQ(Run(*a_, {0x37, 0, request, 0, 0, 0, 0, 0, 64, 0}), kGood);
    EXPECT_EQ(found_, (Bytes{0, request, 0, 0}));
    EXPECT_EQ(Run(*a_, {0xb7, request, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0}), kGood);
    EXPECT_EQ(found_, (Bytes{0, request, 0, 0, 0, 0, 0, 0}));
  }
}

TEST_F(SbcDefectTest, AllocationLengths) {
  for (uint8_t length = 0; length < 6; ++length) {
    EXPECT_EQ(Run(*a_, {0x37, 0, 0x18, 0, 0, 0, 0, 0, length, 0}), kGood);
    EXPECT_EQ(found_.size(), std::min<size_t>(length, 4));
  }
}

TEST_F(SbcDefectTest, AReservedBitIsRefused) {
  EXPECT_EQ(Run(*a_, {0x37, 0, 0x38, 0, 0, 0, 0, 0, 64, 0}), kInvalidFieldInCdb.AtCdbField(2, 5));
}

}  // namespace
}  // namespace quire
