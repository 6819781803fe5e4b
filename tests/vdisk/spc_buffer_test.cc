// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: an initiator gets the echo of what it wrote itself, whatever another one writes.
// Method: READ BUFFER and WRITE BUFFER of two hosts, at every limit.
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

class SpcBufferTest : public ScsiFixture {
 protected:
  static Bytes Cdb(uint8_t opcode, uint8_t mode, uint32_t length) {
    Bytes cdb(10, 0);
    cdb[0] = opcode;
    cdb[1] = mode;
    StoreBig<3>(&cdb[6], length);
    return cdb;
  }
  static Bytes ReadEcho(uint32_t length) { return Cdb(0x3c, 0x0a, length); }
  Outcome WriteEcho(ScsiNexus& nexus, const Bytes& data) {
    return Run(nexus, Cdb(0x3b, 0x0a, static_cast<uint32_t>(data.size())), data);
  }
};

TEST_F(SpcBufferTest, EachNexusHasItsOwnEcho) {
  const Bytes mine{1, 2, 3, 4, 5};
  const Bytes others(4096, 0x77);
  EXPECT_EQ(WriteEcho(*a_, mine), kGood);
  EXPECT_EQ(WriteEcho(*b_, others), kGood);
  EXPECT_EQ(Run(*a_, ReadEcho(0xffffff)), kGood);
  EXPECT_EQ(found_, mine);
  EXPECT_EQ(Run(*b_, ReadEcho(4096)), kGood);
  EXPECT_EQ(found_, others);
  EXPECT_EQ(Run(*a_, ReadEcho(2)), kGood);
  EXPECT_EQ(found_, (Bytes{1, 2}));
  EXPECT_EQ(WriteEcho(*a_, {9}), kGood);
  EXPECT_EQ(Run(*a_, ReadEcho(64)), kGood);
  EXPECT_EQ(found_, (Bytes{9})) << "as long as what was written last";
}

TEST_F(SpcBufferTest, BeforeTheFirstWriteThereIsNoEcho) {
  EXPECT_EQ(Run(*a_, ReadEcho(16)), kCommandSequenceError);
  EXPECT_EQ(WriteEcho(*a_, {}), kGood);
  EXPECT_EQ(Run(*a_, ReadEcho(16)), kCommandSequenceError);
}

TEST_F(SpcBufferTest, MoreThanTheBufferHoldsIsRefused) {
  EXPECT_EQ(WriteEcho(*a_, Bytes(4097)), kInvalidFieldInCdb.AtCdbField(6));
  EXPECT_EQ(Run(*a_, Cdb(0x3b, 0x0a, 0xffffff), Bytes(16)), kInvalidFieldInCdb.AtCdbField(6));
  EXPECT_EQ(Run(*a_, Cdb(0x3b, 0x0a, 16), Bytes(15)), kDataPhaseError);
  EXPECT_EQ(Run(*a_, ReadEcho(16)), kCommandSequenceError);
}

TEST_F(SpcBufferTest, Descriptors) {
  EXPECT_EQ(Run(*a_, Cdb(0x3c, 0x0b, 255)), kGood);
  EXPECT_EQ(found_, (Bytes{1, 0, 0x10, 0})) << "EBOS, 4096 bytes";
  EXPECT_EQ(Run(*a_, Cdb(0x3c, 0x03, 255)), kGood);
  EXPECT_EQ(found_, Bytes(4)) << "there is no data buffer";
}

TEST_F(SpcBufferTest, OtherModesAreRefused) {
  for (uint8_t mode = 0; mode < 0x20; ++mode) {
    const Outcome refusal = kInvalidFieldInCdb.AtCdbField(1, 4);
    if (mode != 0x03 && mode != 0x0a && mode != 0x0b) {
      EXPECT_EQ(Run(*a_, Cdb(0x3c, mode, 4)), refusal) << int{mode};
    }
    if (mode != 0x0a) {
      EXPECT_EQ(Run(*a_, Cdb(0x3b, mode, 4), Bytes(4)), refusal) << int{mode};
    }
  }
}

}  // namespace
}  // namespace quire
