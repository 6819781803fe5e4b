// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: what goes on after the answer is really done, and its failure is heard of, once, by those
// who asked.
// Method: SYNCHRONIZE CACHE with IMMED, of which the flush is held or fails; operations counted.
#include "vdisk/background.h"

#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

class BackgroundTest : public ScsiFixture {
 protected:
  const Bytes kFlushImmed = Cdb16(0x91, 0, 0, 0x02);
  const Bytes kTestUnitReady = {0, 0, 0, 0, 0, 0};

  size_t CountFlushes() {
    const std::string log = backing_->Log();
    return static_cast<size_t>(std::count(log.begin(), log.end(), 'f'));
  }
  void AwaitFlushes(size_t count) {
    for (int i = 0; i < 5000 && CountFlushes() < count; ++i) reactor_->Wait(kNsPerMs);
    EXPECT_EQ(CountFlushes(), count);
    for (int i = 0; i < 20; ++i) reactor_->Wait(kNsPerMs);
  }
};

TEST_F(BackgroundTest, TheAnswerDoesNotWaitForTheFlush) {
  ASSERT_EQ(Run(*a_, Write16(0, 1), Filled(1, 7)), kGood);
  backing_->Set({.kind = IoOp::Kind::kFlush, .error = EIO, .count = 1, .hold = true});
  EXPECT_EQ(Run(*a_, kFlushImmed), kGood);
  AwaitFlushes(1);
  EXPECT_EQ(Run(*a_, kTestUnitReady), kGood) << "it has not failed yet";
  backing_->LetGo(*reactor_);
  for (int i = 0; i < 20; ++i) reactor_->Wait(kNsPerMs);
  EXPECT_EQ(Run(*a_, {0x12, 0, 0, 0, 96, 0}), kGood) << "INQUIRY does not report it";
  TestCommand next(kTestUnitReady, {});
  server_->Execute(*a_, next);
  WaitFor(next);
  EXPECT_EQ(next.outcome(), kWriteError.Deferred());
  EXPECT_EQ(next.sense().bytes()[0], 0x71);
  EXPECT_EQ(Run(*a_, kTestUnitReady), kGood) << "once";
  EXPECT_EQ(Run(*b_, kTestUnitReady), kGood) << "it did not ask";
  EXPECT_EQ(Run(*b_, Write16(0, 1), Filled(1, 1)), kWriteError) << "but all see what is latched";
}

TEST_F(BackgroundTest, RequestSenseTellsItAsData) {
  backing_->Set({.kind = IoOp::Kind::kFlush, .error = EIO, .count = 1});
  EXPECT_EQ(Run(*a_, kFlushImmed), kGood);
  AwaitFlushes(1);
  EXPECT_EQ(Run(*a_, {0x03, 1, 0, 0, 252, 0}), kGood);
  EXPECT_EQ((Bytes{found_[0], found_[1], found_[2]}), (Bytes{0x73, 0x03, 0x0c}));
  EXPECT_EQ(Run(*a_, {0x03, 0, 0, 0, 252, 0}), kGood);
  EXPECT_EQ((Bytes{found_[0], found_[2]}), (Bytes{0x70, 0}));
}

TEST_F(BackgroundTest, ThoseThatComeMeanwhileShareOneFlush) {
  backing_->Set({.kind = IoOp::Kind::kFlush, .error = EINTR, .count = 2, .hold = true});
  EXPECT_EQ(Run(*a_, kFlushImmed), kGood);
  AwaitFlushes(1);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Run(*a_, kFlushImmed), kGood);
    EXPECT_EQ(Run(*b_, Cdb16(0x91, 8, 8, 0x02)), kGood);
  }
  AwaitFlushes(1);
  backing_->LetGo(*reactor_);
  AwaitFlushes(2);
  EXPECT_TRUE(Run(*a_, kTestUnitReady).deferred);
  EXPECT_FALSE(Run(*b_, kTestUnitReady).deferred) << "the first was not its flush";
  backing_->LetGo(*reactor_);
  AwaitFlushes(2);
  EXPECT_TRUE(Run(*a_, kTestUnitReady).deferred);
  EXPECT_TRUE(Run(*b_, kTestUnitReady).deferred);
  EXPECT_EQ(Run(*b_, kTestUnitReady), kGood);
}

TEST_F(BackgroundTest, WhatCannotBeFlushedAnyMoreIsRefusedAtOnce) {
  backing_->Set({.kind = IoOp::Kind::kFlush, .error = EIO, .count = 1});
  EXPECT_EQ(Run(*a_, Cdb16(0x91, 0, 0)), kWriteError);
  EXPECT_EQ(Run(*b_, kFlushImmed), kWriteError) << "an error is latched";
}

TEST_F(BackgroundTest, BadOnesAreRefusedAtOnce) {
  EXPECT_TRUE(Run(*a_, Cdb16(0x91, kDiskBytes / kBlockBytes, 1, 0x02)).Is(kLbaOutOfRange));
  EXPECT_EQ(CountFlushes(), 0u);
}

TEST_F(BackgroundTest, AServerThatGoesWaitsForTheFlush) {
  ASSERT_EQ(Run(*a_, Write16(0, 1), Filled(1, 7)), kGood);
  EXPECT_EQ(Run(*a_, kFlushImmed), kGood);
  a_.reset();
  b_.reset();
  server_.reset();
  EXPECT_EQ(CountFlushes(), 1u);
  EXPECT_EQ(device_->counts().executed, device_->counts().freed);
}

TEST_F(BackgroundTest, OneReadAheadAtATime) {
  Background& background = *server_->background();
  EXPECT_TRUE(background.Prefetch({{0}, {64}}));
  EXPECT_FALSE(background.Prefetch({{0}, {64}}));
  for (int i = 0; i < 20; ++i) reactor_->Wait(kNsPerMs);
  EXPECT_TRUE(background.Prefetch({{0}, {64}}));
}

}  // namespace
}  // namespace quire
