// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: of several reasons not to carry out a command the one is told that SAM-5 5.3.3 puts first,
// and a command that asks for what cannot be refused is not refused.
// Method: the topology of two_host_fixture.h; host b, without a registration, under each of the
// reasons at once and then one by one.
#include "tests/vdisk/two_host_fixture.h"

namespace quire {
namespace {

class CommandPathTest : public TwoHosts {
 protected:
  // b_ may read only, and has to be told of a reset, of its registration and of the capacity.
  CommandPathTest() {
    RegisterAll(kWeRo);
    EXPECT_EQ(Pr(*a_, kPreempt, kA, kB, kWeRo), kGood);
    server_->PostAttention(UnitAttention::kCapacityChanged);
    b_->attentions().Post(UnitAttention::kUnitReset);
  }
  const Bytes write_ = Write16(0, 1);
  const Bytes beyond_ = Read16(~uint64_t{0}, 1);
};

TEST_F(CommandPathTest, AResetThenTheConflict) {
  EXPECT_EQ(Run(*b_, write_, Filled(1, 1)), kBusDeviceReset);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Run(*b_, write_, Filled(1, 1)), kReservationConflict);
  EXPECT_EQ(Told(*b_), (Codes{0x2a05, 0x2a09})) << "the conflict told none of them";
  EXPECT_EQ(FileBytes(0, 1), Filled(1, 0));
}

TEST_F(CommandPathTest, InOrderWhereThereIsNoConflict) {
  EXPECT_EQ(Run(*b_, beyond_), kRegistrationsPreempted);
  EXPECT_EQ(Run(*b_, beyond_), kCapacityDataChanged);
  EXPECT_EQ(Run(*b_, beyond_), kBusDeviceReset);
  EXPECT_TRUE(Run(*b_, beyond_).Is(kLbaOutOfRange));
}

TEST_F(CommandPathTest, AConflictBeforeWhatIsWrongWithTheBlocks) {
  while (b_->attentions().Take().has_value()) {
  }
  EXPECT_EQ(Run(*b_, Write16(~uint64_t{0}, 1), Filled(1, 1)), kReservationConflict);
  EXPECT_EQ(Run(*b_, Write16(0, 1), Bytes(100)), kReservationConflict);
}

TEST_F(CommandPathTest, AnUnknownCommandIsNotInConflict) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Run(*b_, {0xff, 0, 0, 0, 0, 0}).key, SenseKey::kUnitAttention);
  }
  EXPECT_TRUE(Run(*b_, {0xff, 0, 0, 0, 0, 0}).Is(kInvalidOpcode));
}

TEST_F(CommandPathTest, WhatIsNeverRefusedLeavesThemAsTheyAre) {
  EXPECT_EQ(Run(*b_, {0x12, 0, 0, 0, 96, 0}), kGood) << "INQUIRY";
  EXPECT_EQ(Run(*b_, {0x03, 0, 0, 0, 252, 0}), kGood) << "REQUEST SENSE";
  EXPECT_EQ(found_[12], 0x2a) << "tells the first";
  EXPECT_EQ(found_[13], 0x05);
  EXPECT_EQ(Told(*b_), (Codes{0x2a09, 0x2903}));
}

// A command waits in the task set while it becomes one that may not run.
TEST_F(CommandPathTest, TheReservationIsLookedAtWhenItIsTheCommandsTurn) {
  for (ScsiNexus* const nexus : {a_.get(), a2_.get(), b_.get()}) Told(*nexus);
  ASSERT_EQ(Pr(*b_, kRegister, 0, kB), kGood);
  HoldWrites();
  const auto before = StartHeldWrite(*a_, 1, 1);
  const auto waits = StartWrite(*b_, 2, 2, TaskAttribute::kOrdered);
  TestCommand preempt(PrOut(kPreempt, kWeRo), PrList(kA, kB));
  preempt.attribute = TaskAttribute::kHeadOfQueue;
  server_->Execute(*a_, preempt);
  WaitFor(preempt);
  ASSERT_EQ(preempt.outcome(), kGood);
  LetGo();
  WaitFor(*before);
  WaitFor(*waits);
  EXPECT_EQ(waits->outcome(), kReservationConflict);
  EXPECT_EQ(OnDisk(2), Filled(1, 0));
}

}  // namespace
}  // namespace quire
