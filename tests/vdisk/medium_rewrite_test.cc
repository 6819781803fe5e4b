// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the rewriting of a medium survives who asked for it, comes after what was under way, and
// never ends as if it were whole when it is not.
// Method: SANITIZE and FORMAT UNIT of which a step is held, while a nexus is lost, the command is
// aborted, the server is destroyed, or the state of the disk is looked at after a crash.
#include "vdisk/medium_rewrite.h"

#include <utility>

#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

class MediumRewriteTest : public ScsiFixture {
 protected:
  ~MediumRewriteTest() override {
    unlink(mark_.c_str());
    unlink((mark_ + ".1").c_str());
  }

  const Bytes kBlockErase = {0x48, 0x02, 0, 0, 0, 0, 0, 0, 0, 0};
  const Bytes kBlockEraseImmed = {0x48, 0x82, 0, 0, 0, 0, 0, 0, 0, 0};

  void HoldErasing() {
    backing_->Set({.kind = IoOp::Kind::kFallocate, .error = EINTR, .count = 1, .hold = true});
  }
  void Turn(int count = 50) {
    for (int i = 0; i < count; ++i) reactor_->Wait(kNsPerMs);
  }
  // TEST UNIT READY until it is another answer.
  Outcome Await(ScsiNexus& nexus) {
    Outcome answer = kLogicalUnitNotReadySanitize;
    for (int i = 0; i < 20000 && answer.key == SenseKey::kNotReady; ++i) {
      reactor_->Wait(kNsPerMs);
      answer = Run(nexus, {0, 0, 0, 0, 0, 0});
    }
    return answer;
  }
  // Another server of the same disk, instead of the first.
  void Restart(DeviceServer::Options options) {
    a_.reset();
    b_.reset();
    server_.reset();
    server_ = *DeviceServer::Create(*device_, options);
    a_ = Connect("iqn.2026-01.a", 1);
    b_ = Connect("iqn.2026-01.b", 2);
  }

  const std::string mark_ = testing::TempDir() + "quire-rewrite-" + std::to_string(getpid());
};

TEST_F(MediumRewriteTest, ItComesAfterWhatWasUnderWay) {
  backing_->Set({.kind = IoOp::Kind::kFlush, .error = EINTR, .count = 1, .hold = true});
  TestCommand write(Write16(0, 1, 0x08), Filled(1, 7));
  TestCommand erase(kBlockErase, {});
  server_->Execute(*a_, write);
  Turn();
  server_->Execute(*b_, erase);
  Turn();
  EXPECT_EQ(write.count_done + erase.count_done, 0);
  EXPECT_EQ(FileBytes(0, 1), Filled(1, 7)) << "not yet";
  EXPECT_TRUE(Run(*b_, Read16(0, 1)).Is(kLogicalUnitNotReadySanitize));
  backing_->LetGo(*reactor_);
  WaitFor(write);
  WaitFor(erase);
  EXPECT_EQ(erase.outcome(), kGood);
  EXPECT_EQ(FileBytes(0, 1), Filled(1, 0));
}

TEST_F(MediumRewriteTest, ItGoesOnWithoutTheNexusThatAsked) {
  ASSERT_EQ(Run(*a_, Write16(0, 1), Filled(1, 7)), kGood);
  HoldErasing();
  ASSERT_EQ(Run(*a_, kBlockEraseImmed), kGood);
  a_.reset();
  EXPECT_TRUE(Run(*b_, Read16(0, 1)).Is(kLogicalUnitNotReadySanitize));
  backing_->LetGo(*reactor_);
  EXPECT_EQ(Await(*b_), kGood);
  EXPECT_EQ(FileBytes(0, 1), Filled(1, 0));
}

TEST_F(MediumRewriteTest, AnAbortTakesTheCommandAwayAndNotTheWork) {
  ASSERT_EQ(Run(*a_, Write16(0, 1), Filled(1, 7)), kGood);
  Bytes overwrite = {0x48, 0x01, 0, 0, 0, 0, 0, 0, 5, 0};
  TestCommand command(overwrite, {0x05, 0, 0, 1, 0x55});
  server_->Execute(*a_, command);
  for (int i = 0; i < 5; ++i) reactor_->Poll();
  TaskAbort abort;
  server_->task_set().AbortTaskSet(a_->tasks(), abort, [](TaskAbort&) {});
  WaitFor(command);
  EXPECT_FALSE(command.answered());
  EXPECT_TRUE(Run(*a_, {0, 0, 0, 0, 0, 0}).Is(kLogicalUnitNotReadySanitize));
  EXPECT_EQ(Await(*a_), kGood);
  EXPECT_EQ(FileBytes(kDiskBytes / kBlockBytes - 1, 1), Filled(1, 0x55));
}

TEST_F(MediumRewriteTest, WithoutAHomeTheCommandWaitsForIt) {
  Restart({});
  ASSERT_EQ(Run(*a_, Write16(0, 1), Filled(1, 7)), kGood);
  EXPECT_EQ(Run(*a_, kBlockEraseImmed), kGood);
  EXPECT_EQ(FileBytes(0, 1), Filled(1, 0));
  EXPECT_EQ(Run(*b_, {0, 0, 0, 0, 0, 0}), kGood);
}

TEST_F(MediumRewriteTest, WithoutAHomeAnAbortEndsItAsAFailure) {
  Restart({});
  TestCommand command({0x48, 0x01, 0, 0, 0, 0, 0, 0, 5, 0}, {0x1f, 0, 0, 1, 0x55});
  server_->Execute(*a_, command);
  for (int i = 0; i < 5; ++i) reactor_->Poll();
  TaskAbort abort;
  server_->task_set().AbortTaskSet(a_->tasks(), abort, [](TaskAbort&) {});
  WaitFor(command);
  EXPECT_FALSE(command.answered());
  EXPECT_EQ(Run(*a_, {0, 0, 0, 0, 0, 0}), kSanitizeCommandFailed);
  EXPECT_EQ(Run(*a_, kBlockErase), kGood);
}

TEST_F(MediumRewriteTest, AServerThatGoesStopsItAndTheNextOneKnows) {
  Restart({.medium_file = mark_, .home = reactor_.get()});
  ASSERT_EQ(Run(*a_, {0x48, 0x81, 0, 0, 0, 0, 0, 0, 5, 0}, {0x1f, 0, 0, 1, 0x55}), kGood);
  Restart({.medium_file = mark_, .home = reactor_.get()});
  EXPECT_EQ(Run(*a_, Read16(0, 1)), kSanitizeCommandFailed);
  EXPECT_EQ(Run(*a_, kBlockErase), kGood);
  Restart({.medium_file = mark_, .home = reactor_.get()});
  EXPECT_EQ(Run(*a_, Read16(0, 1)), kGood);
}

TEST_F(MediumRewriteTest, AFailureThatWasLeftDoesNotComeBack) {
  Restart({.medium_file = mark_, .home = reactor_.get()});
  const Bytes overwrite_ause_immed = {0x48, 0xa1, 0, 0, 0, 0, 0, 0, 5, 0};
  ASSERT_EQ(Run(*a_, overwrite_ause_immed, {0x1f, 0, 0, 1, 0x55}), kGood);
  Restart({.medium_file = mark_, .home = reactor_.get()});
  EXPECT_EQ(Run(*a_, Read16(0, 1)), kSanitizeCommandFailed);
  EXPECT_EQ(Run(*a_, {0x48, 0x1f, 0, 0, 0, 0, 0, 0, 0, 0}), kGood) << "EXIT FAILURE MODE";
  Restart({.medium_file = mark_, .home = reactor_.get()});
  EXPECT_EQ(Run(*a_, Read16(0, 1)), kGood);
}

TEST_F(MediumRewriteTest, WhatCannotBeMarkedIsNotBegun) {
  ASSERT_EQ(Run(*a_, Write16(0, 1), Filled(1, 7)), kGood);
  Restart({.medium_file = "/proc/none/mark", .home = reactor_.get()});
  EXPECT_EQ(Run(*a_, kBlockErase), kSanitizeCommandFailed);
  EXPECT_EQ(FileBytes(0, 1), Filled(1, 7));
}

TEST_F(MediumRewriteTest, EveryStepMayFail) {
  for (const auto kind : {IoOp::Kind::kFallocate, IoOp::Kind::kFlush}) {
    backing_->Set({.kind = kind, .error = EIO, .count = 1});
    EXPECT_EQ(Run(*a_, kBlockErase), kSanitizeCommandFailed);
    device_->file().ClearLatchedError();
    EXPECT_EQ(Run(*a_, kBlockErase), kGood);
  }
}

}  // namespace
}  // namespace quire
