// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a command gives its initiator what it is to have and no more, keeps it for as long as
// somebody owns it, and can then be used again or be gone.
// Method: commands that end in every way; owners that let go in every order.
#include <memory>
#include <utility>

#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

class ScsiCommandTest : public ScsiFixture {
 protected:
  void Await(TestCommand& command) {
    server_->Execute(*a_, command);
    WaitFor(command);
  }
};

TEST_F(ScsiCommandTest, DataGoesWithGoodStatusOnly) {
  TestCommand read(Read16(0, 2), {});
  Await(read);
  EXPECT_EQ(read.found.size(), 2u * kBlockBytes);
  TestCommand beyond(Read16(kDiskBytes / kBlockBytes, 2), {});
  Await(beyond);
  EXPECT_TRUE(beyond.found.empty());
  EXPECT_FALSE(beyond.outcome().good());
}

TEST_F(ScsiCommandTest, WhatACommandReadsForItselfIsNotForTheInitiator) {
  TestCommand compare(Cdb16(0x89, 0, 1), Filled(2, 0));
  TestCommand verify(Cdb16(0x8f, 0, 1), {});
  for (TestCommand* const one : {&compare, &verify}) {
    Await(*one);
    EXPECT_EQ(one->outcome(), kGood);
    EXPECT_TRUE(one->found.empty());
  }
}

TEST_F(ScsiCommandTest, ParameterDataIsCutAtTheAllocationLength) {
  TestCommand inquiry({0x12, 0, 0, 0, 5, 0}, {});
  Await(inquiry);
  EXPECT_EQ(inquiry.found.size(), 5u);
  TestCommand nothing({0x12, 0, 0, 0, 0, 0}, {});
  Await(nothing);
  EXPECT_EQ(nothing.outcome(), kGood);
  EXPECT_TRUE(nothing.found.empty());
}

TEST_F(ScsiCommandTest, MayBeUsedAgainFromFreedOn) {
  struct Again : TestCommand {
    using TestCommand::TestCommand;
    DeviceServer* server = nullptr;
    ScsiNexus* nexus = nullptr;
    Bytes second;
  } command(Read16(0, 1), {});
  command.server = server_.get();
  command.nexus = a_.get();
  command.second = {0x12, 0, 0, 0, 7, 0};
  command.freed = [](ScsiCommand& freed) {
    Again& again = static_cast<Again&>(freed);
    if (++again.count_freed > 1) return;
    again.cdb = again.second;
    again.server->Execute(*again.nexus, again);
  };
  server_->Execute(*a_, command);
  for (int i = 0; i < 1000 && command.count_freed < 2; ++i) reactor_->Wait(kNsPerMs);
  EXPECT_EQ(command.count_done, 2);
  EXPECT_EQ(command.count_freed, 2);
  EXPECT_EQ(command.found.size(), kBlockBytes + 7u) << "nothing of the READ comes with the INQUIRY";
}

TEST_F(ScsiCommandTest, MayBeDestroyedByFreed) {
  struct Own : TestCommand {
    Own(Bytes with_cdb, bool& is_gone) : TestCommand(std::move(with_cdb), {}), gone(is_gone) {
      freed = [](ScsiCommand& command) { delete &static_cast<Own&>(command); };
    }
    ~Own() { gone = true; }
    bool& gone;
  };
  for (const Bytes& cdb : {Read16(0, 8), Bytes{0xff, 0, 0, 0, 0, 0}}) {
    bool gone = false;
    server_->Execute(*a_, *std::make_unique<Own>(cdb, gone).release());
    for (int i = 0; i < 1000 && !gone; ++i) reactor_->Wait(kNsPerMs);
    EXPECT_TRUE(gone);
  }
}

TEST_F(ScsiCommandTest, EachOwnerKeepsTheBytes) {
  ASSERT_EQ(Run(*a_, Write16(0, 1), Filled(1, 0x42)), kGood);
  TestCommand read(Read16(0, 1), {});
  read.keep = true;
  Await(read);
  read.Keep();
  read.Keep();
  for (int owners = 3; owners > 0; --owners) {
    EXPECT_EQ(read.count_freed, 0);
    ASSERT_EQ(read.data_in().length_bytes(), kBlockBytes);
    EXPECT_EQ(static_cast<uint8_t>(*read.data_in().segments()[0].data), 0x42);
    read.Drop();
  }
  EXPECT_EQ(read.count_freed, 1);
  EXPECT_EQ(device_->file().stats().lent, 0u);
}

TEST_F(ScsiCommandTest, StableBytesDoNotChangeUnderTheirReader) {
  ASSERT_EQ(Run(*a_, Write16(0, 1), Filled(1, 1)), kGood);
  TestCommand read(Read16(0, 1), {});
  read.keep = true;
  read.stable = true;
  Await(read);
  ASSERT_EQ(Run(*b_, Write16(0, 1), Filled(1, 2)), kGood) << "a reader holds up no writer";
  {
    const StableLook look(read.stable_bytes());
    EXPECT_EQ(static_cast<uint8_t>(*look.left().segments()[0].data), 1);
  }
  read.Drop();
}

TEST_F(ScsiCommandTest, SenseSaysWhatTheOutcomeSays) {
  TestCommand beyond(Read16(kDiskBytes / kBlockBytes, 2), {});
  Await(beyond);
  const SenseData sense = beyond.sense();
  ASSERT_GE(sense.bytes().size(), 14u);
  EXPECT_EQ(sense.bytes()[2] & 0x0f, 0x05) << "ILLEGAL REQUEST";
  EXPECT_EQ(sense.bytes()[12], 0x21) << "LOGICAL BLOCK ADDRESS OUT OF RANGE";
}

}  // namespace
}  // namespace quire
