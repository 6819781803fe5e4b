// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a disk stops and starts, and a removable one is ejected and loaded, as initiators expect;
// what is in the cache goes to the medium first.
// Method: CDBs of two hosts; the operations that reach the file are counted.
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

class StartStopTest : public ScsiFixture {
 protected:
  explicit StartStopTest(bool removable = false)
      : ScsiFixture(DeviceServer::Options{.removable = removable}) {}

  static constexpr uint8_t kStart = 0x01, kLoej = 0x02, kNoFlush = 0x04;
  Outcome StartStop(ScsiNexus& nexus, uint8_t bits, bool immed = false) {
    return Run(nexus, {0x1b, static_cast<uint8_t>(immed ? 1 : 0), 0, 0, bits, 0});
  }
  Outcome Prevent(ScsiNexus& nexus, bool prevent) {
    return Run(nexus, {0x1e, 0, 0, 0, static_cast<uint8_t>(prevent ? 1 : 0), 0});
  }
  Outcome TestUnitReady(ScsiNexus& nexus) { return Run(nexus, {0, 0, 0, 0, 0, 0}); }
  size_t CountFlushes() {
    const std::string log = backing_->Log();
    return static_cast<size_t>(std::count(log.begin(), log.end(), 'f'));
  }
};

class RemovableTest : public StartStopTest {
 protected:
  RemovableTest() : StartStopTest(true) {}
};

TEST_F(StartStopTest, WhatNeedsTheMediumIsRefusedWhileItIsStopped) {
  ASSERT_EQ(Run(*a_, Write16(0, 1), Filled(1, 5)), kGood);
  EXPECT_EQ(StartStop(*a_, 0), kGood);
  EXPECT_EQ(CountFlushes(), 1u);
  EXPECT_EQ(TestUnitReady(*b_), kInitializingCommandRequired);
  EXPECT_EQ(Run(*b_, Read16(0, 1)), kInitializingCommandRequired);
  EXPECT_EQ(Run(*a_, Write16(0, 1), Filled(1, 6)), kInitializingCommandRequired);
  EXPECT_EQ(Run(*a_, {0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0}), kInitializingCommandRequired);
  EXPECT_EQ(Run(*a_, {0x12, 0, 0, 0, 96, 0}), kGood) << "INQUIRY";
  EXPECT_EQ(Run(*a_, {0x1a, 0, 0x3f, 0, 96, 0}), kGood) << "MODE SENSE";
  EXPECT_EQ(Run(*a_, {0x03, 0, 0, 0, 252, 0}), kGood) << "REQUEST SENSE";
  EXPECT_EQ(found_[2], 0x02);
  EXPECT_EQ(found_[12] << 8 | found_[13], 0x0402);
  EXPECT_EQ(StartStop(*b_, kStart), kGood);
  EXPECT_EQ(Run(*a_, Read16(0, 1)), kGood);
  EXPECT_EQ(found_, Filled(1, 5));
}

TEST_F(StartStopTest, WithoutAFlushOnlyWhereThatIsAskedFor) {
  EXPECT_EQ(StartStop(*a_, kNoFlush), kGood);
  EXPECT_EQ(StartStop(*a_, kNoFlush, true), kGood);
  EXPECT_EQ(CountFlushes(), 0u);
  EXPECT_EQ(StartStop(*a_, kStart), kGood);
  EXPECT_EQ(StartStop(*a_, 0, true), kGood);
  EXPECT_EQ(TestUnitReady(*a_), kInitializingCommandRequired);
  for (int i = 0; i < 1000 && CountFlushes() == 0; ++i) reactor_->Wait(kNsPerMs);
  EXPECT_EQ(CountFlushes(), 1u);
}

TEST_F(StartStopTest, ADiskThatCannotFlushDoesNotStop) {
  backing_->Set({.kind = IoOp::Kind::kFlush, .error = EIO, .count = 1});
  EXPECT_EQ(StartStop(*a_, 0), kWriteError);
  EXPECT_EQ(TestUnitReady(*a_), kGood);
}

TEST_F(StartStopTest, PowerConditions) {
  for (const uint8_t condition : {1, 2, 3}) {
    EXPECT_EQ(StartStop(*a_, static_cast<uint8_t>(condition << 4 | kLoej)), kGood)
        << "LOEJ does not count";
    EXPECT_EQ(TestUnitReady(*a_), kGood);
  }
  EXPECT_EQ(CountFlushes(), 1u) << "of STANDBY";
  for (const uint8_t condition : {4, 7, 10, 11, 15}) {
    EXPECT_TRUE(StartStop(*a_, static_cast<uint8_t>(condition << 4)).Is(kInvalidFieldInCdb));
  }
  EXPECT_TRUE(Run(*a_, {0x1b, 0, 0, 1, 0x20, 0}).Is(kInvalidFieldInCdb));
}

TEST_F(StartStopTest, AFixedDiskIsNotEjected) {
  EXPECT_TRUE(StartStop(*a_, kLoej).Is(kInvalidFieldInCdb));
  EXPECT_TRUE(StartStop(*a_, kLoej | kStart).Is(kInvalidFieldInCdb));
  EXPECT_EQ(Prevent(*a_, true), kGood);
  EXPECT_EQ(StartStop(*a_, 0), kGood);
  EXPECT_EQ(StartStop(*a_, kStart), kGood);
  EXPECT_EQ(TestUnitReady(*b_), kGood);
}

TEST_F(StartStopTest, TheCommandsUnderWayFinishFirst) {
  backing_->Set({.kind = IoOp::Kind::kFlush, .error = EINTR, .count = 1, .hold = true});
  TestCommand write(Write16(0, 1, 0x08), Filled(1, 7));
  TestCommand stop({0x1b, 0, 0, 0, kNoFlush, 0}, {});
  TestCommand after(Write16(0, 1), Filled(1, 8));
  for (TestCommand* const one : {&write, &stop, &after}) server_->Execute(*a_, *one);
  for (int i = 0; i < 50; ++i) reactor_->Wait(kNsPerMs);
  EXPECT_EQ(stop.count_done, 0);
  backing_->LetGo(*reactor_);
  for (TestCommand* const one : {&write, &stop, &after}) WaitFor(*one);
  EXPECT_EQ(stop.outcome(), kGood);
  EXPECT_EQ(after.outcome(), kInitializingCommandRequired) << "it waited, and the medium went";
  EXPECT_EQ(FileBytes(0, 1), Filled(1, 7));
}

TEST_F(RemovableTest, EjectAndLoad) {
  EXPECT_EQ(Run(*a_, {0x12, 0, 0, 0, 96, 0}), kGood);
  EXPECT_EQ(found_[1], 0x80) << "RMB";
  ASSERT_EQ(Run(*a_, Write16(0, 1), Filled(1, 5)), kGood);
  EXPECT_EQ(StartStop(*a_, kLoej), kGood);
  EXPECT_EQ(CountFlushes(), 1u);
  for (ScsiNexus* const nexus : {a_.get(), b_.get()}) {
    EXPECT_EQ(TestUnitReady(*nexus), kMediumNotPresent);
    EXPECT_EQ(Run(*nexus, {0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0}), kMediumNotPresent);
    EXPECT_EQ(Run(*nexus, Read16(0, 1)), kMediumNotPresent);
    EXPECT_EQ(Run(*nexus, Cdb16(0x91, 0, 0, 0x02)), kMediumNotPresent);
    EXPECT_EQ(StartStop(*nexus, kStart), kMediumNotPresent);
    EXPECT_EQ(Run(*nexus, {0x04, 0, 0, 0, 0, 0}), kMediumNotPresent);
    EXPECT_EQ(Run(*nexus, {0x12, 0, 0, 0, 96, 0}), kGood);
  }
  EXPECT_EQ(StartStop(*a_, kLoej | kStart), kGood);
  EXPECT_EQ(TestUnitReady(*a_), kGood);
  EXPECT_EQ(TestUnitReady(*b_), kMediumMayHaveChanged);
  EXPECT_EQ(Run(*b_, Read16(0, 1)), kGood);
  EXPECT_EQ(found_, Filled(1, 5));
  EXPECT_EQ(StartStop(*a_, kLoej | kStart), kGood) << "it is there";
  EXPECT_EQ(TestUnitReady(*b_), kGood);
}

TEST_F(RemovableTest, WhoPreventsRemovalKeepsItThere) {
  EXPECT_EQ(Prevent(*a_, true), kGood);
  EXPECT_EQ(Prevent(*b_, true), kGood);
  EXPECT_EQ(StartStop(*a_, kLoej), kMediumRemovalPrevented);
  EXPECT_EQ(StartStop(*a_, kLoej, true), kMediumRemovalPrevented);
  EXPECT_EQ(TestUnitReady(*a_), kGood);
  EXPECT_EQ(Prevent(*a_, false), kGood);
  EXPECT_EQ(StartStop(*a_, kLoej), kMediumRemovalPrevented);
  b_.reset();
  EXPECT_EQ(StartStop(*a_, kLoej), kGood) << "a nexus that is lost prevents nothing";
}

TEST_F(RemovableTest, WhoIsPreemptedAndAbortedPreventsNothing) {
  const auto reserve_out = [this](ScsiNexus& nexus, uint8_t action, uint8_t key, uint8_t new_key) {
    Bytes list(24, 0);
    list[7] = key;
    list[15] = new_key;
    return Run(nexus, {0x5f, action, 0x01, 0, 0, 0, 0, 0, 24, 0}, list);
  };
  ASSERT_EQ(reserve_out(*a_, 0, 0, 1), kGood);
  ASSERT_EQ(reserve_out(*b_, 0, 0, 2), kGood);
  EXPECT_EQ(Prevent(*b_, true), kGood);
  EXPECT_EQ(StartStop(*a_, kLoej), kMediumRemovalPrevented);
  EXPECT_EQ(reserve_out(*a_, 5, 1, 2), kGood);
  EXPECT_EQ(StartStop(*a_, kLoej), kGood);
}

TEST_F(RemovableTest, ResetsEndPrevention) {
  for (const TaskFunction kind : {TaskFunction::kLogicalUnitReset, TaskFunction::kNexusReset}) {
    EXPECT_EQ(Prevent(*a_, true), kGood);
    EXPECT_EQ(StartStop(*b_, kLoej), kMediumRemovalPrevented);
    struct Function : TaskManagement {
      bool answered = false;
    } reset;
    reset.kind = kind;
    reset.done = [](TaskManagement& done) { static_cast<Function&>(done).answered = true; };
    server_->Manage(*a_, reset);
    for (int i = 0; i < 1000 && !reset.answered; ++i) reactor_->Wait(kNsPerMs);
    while (TestUnitReady(*a_).key == SenseKey::kUnitAttention) continue;
    while (TestUnitReady(*b_).key == SenseKey::kUnitAttention) continue;
    EXPECT_EQ(StartStop(*b_, kLoej), kGood);
    EXPECT_EQ(StartStop(*b_, kLoej | kStart), kGood);
    EXPECT_EQ(TestUnitReady(*a_), kMediumMayHaveChanged);
  }
}

}  // namespace
}  // namespace quire
