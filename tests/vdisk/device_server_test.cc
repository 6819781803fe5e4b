// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a command goes its way in the order that the standard asks for: parsed, in its turn, after
// unit attentions and reservations, alone at its blocks where it must be, answered once.
// Method: CDBs of two hosts; what each of them is told, and what the file has.
#include "vdisk/device_server.h"

#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

class DeviceServerTest : public ScsiFixture {};

TEST_F(DeviceServerTest, WritesAndReads) {
  EXPECT_EQ(Run(*a_, Write16(8, 4), Filled(4, 0x5a)), kGood);
  EXPECT_EQ(Run(*b_, Read16(7, 6)), kGood);
  Bytes expected = Filled(1, 0);
  const Bytes middle = Filled(4, 0x5a);
  expected.insert(expected.end(), middle.begin(), middle.end());
  expected.resize(6 * kBlockBytes);
  EXPECT_EQ(found_, expected);
  EXPECT_EQ(FileBytes(8, 4), middle);
}

TEST_F(DeviceServerTest, UnknownCommandsAreRefused) {
  EXPECT_TRUE(Run(*a_, {0xff, 0, 0, 0, 0, 0}).Is(kInvalidOpcode));
  EXPECT_EQ(Run(*a_, {0, 0, 0, 0, 0, 0}), kGood);
}

TEST_F(DeviceServerTest, BlocksBehindTheEndAreRefused) {
  const uint64_t count = kDiskBytes / kBlockBytes;
  EXPECT_TRUE(Run(*a_, Read16(count, 1)).Is(kLbaOutOfRange));
  EXPECT_TRUE(Run(*a_, Read16(count - 1, 2)).Is(kLbaOutOfRange));
  EXPECT_TRUE(Run(*a_, Read16(~uint64_t{0}, ~uint32_t{0})).Is(kLbaOutOfRange));
  EXPECT_EQ(Run(*a_, Read16(count, 0)), kGood);
}

TEST_F(DeviceServerTest, AUnitAttentionComesBeforeEverythingElse) {
  server_->PostAttention(UnitAttention::kCapacityChanged);
  EXPECT_EQ(Run(*a_, {0x12, 0, 0, 0, 96, 0}), kGood) << "INQUIRY";
  EXPECT_EQ(Run(*a_, {0xff, 0, 0, 0, 0, 0}), kCapacityDataChanged);
  EXPECT_TRUE(Run(*a_, {0xff, 0, 0, 0, 0, 0}).Is(kInvalidOpcode));
  EXPECT_EQ(Run(*b_, Read16(0, 1)), kCapacityDataChanged);
  EXPECT_EQ(Run(*b_, Read16(0, 1)), kGood);
}

TEST_F(DeviceServerTest, WhoIsAwayIsToldWhenItIsBack) {
  b_.reset();
  server_->PostAttention(UnitAttention::kCapacityChanged);
  b_ = server_->Connect(*reactor_, {*TransportId::IscsiPort("iqn.2026-01.b", 2), 1},
                        {.relative_port = 1});
  EXPECT_EQ(Run(*b_, {0, 0, 0, 0, 0, 0}), kNexusLossOccurred);
  EXPECT_EQ(Run(*b_, {0, 0, 0, 0, 0, 0}), kCapacityDataChanged);
  EXPECT_EQ(Run(*b_, {0, 0, 0, 0, 0, 0}), kGood);
}

TEST_F(DeviceServerTest, AnOrderedCommandWaitsForThoseBefore) {
  TestCommand first(Write16(0, 8), Filled(8, 1));
  TestCommand ordered(Write16(0, 8), Filled(8, 2));
  TestCommand last(Read16(0, 8), {});
  ordered.attribute = TaskAttribute::kOrdered;
  for (TestCommand* const one : {&first, &ordered, &last}) server_->Execute(*a_, *one);
  for (TestCommand* const one : {&first, &ordered, &last}) WaitFor(*one);
  EXPECT_EQ(last.found, Filled(8, 2));
}

TEST_F(DeviceServerTest, ManyAtOnceAreAnsweredOnceEach) {
  std::vector<std::unique_ptr<TestCommand>> commands;
  for (uint32_t i = 0; i < 200; ++i) {
    ScsiNexus& nexus = i % 2 == 0 ? *a_ : *b_;
    const uint64_t lba = i % 16;
    commands.push_back(i % 5 == 0 ? std::make_unique<TestCommand>(Cdb16(0x8b, lba, 4), Filled(4, 1))
                                  : std::make_unique<TestCommand>(Write16(lba, 4), Filled(4, 3)));
    server_->Execute(nexus, *commands.back());
  }
  for (const auto& command : commands) {
    WaitFor(*command);
    EXPECT_EQ(command->outcome(), kGood);
  }
}

TEST_F(DeviceServerTest, AReadKeepsItsReferencesUntilTheLastOwnerLetsGo) {
  ASSERT_EQ(Run(*a_, Write16(0, 8), Filled(8, 7)), kGood);
  TestCommand read(Read16(0, 8), {});
  read.keep = true;
  server_->Execute(*a_, read);
  WaitFor(read);
  read.Keep();
  read.Drop();
  EXPECT_EQ(read.count_freed, 0);
  EXPECT_EQ(read.data_in().length_bytes(), 8u * kBlockBytes);
  read.Drop();
  EXPECT_EQ(read.count_freed, 1);
}

TEST_F(DeviceServerTest, SenseDataIsInTheFormatThatWasAskedFor) {
  TestCommand fixed({0xff, 0, 0, 0, 0, 0}, {});
  server_->Execute(*a_, fixed);
  WaitFor(fixed);
  EXPECT_EQ(fixed.sense().bytes()[0], 0x70);
  ModeParameters parameters = server_->mode_state().current;
  parameters.d_sense = 1;
  server_->ChangeMode(parameters, *a_);
  TestCommand descriptor({0xff, 0, 0, 0, 0, 0}, {});
  server_->Execute(*a_, descriptor);
  WaitFor(descriptor);
  EXPECT_EQ(descriptor.sense().bytes()[0], 0x72);
  EXPECT_EQ(Run(*b_, {0, 0, 0, 0, 0, 0}), kModeParametersChanged);
}

}  // namespace
}  // namespace quire
