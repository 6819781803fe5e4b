// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a failed flush is heard of and stops writes until somebody has looked.
// Method: flushes that fail by a faulty backing, for FLUSH and for FUA.

#include "pagecache/sync.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/log.h"
#include "tests/support/faulty_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;

TEST(SyncTest, AFailureIsLatchedUntilItIsCleared) {
  FaultyFile served(kMiB);
  SetLogSink([](LogLevel, std::string_view) {});
  served.faulty().Set({.kind = IoOp::Kind::kFlush, .error = EIO, .count = 1});
  EXPECT_EQ(served.client().Sync(), IoResult::Error(EIO));
  EXPECT_EQ(served.file().latched_error(), EIO);
  EXPECT_EQ(served.client().Sync(), IoResult::Error(EIO)) << "though the next one would succeed";
  EXPECT_EQ(served.client().Write({0, 4096}, Filled(4096, 'b')), IoResult::Error(EIO));
  EXPECT_EQ(served.client().Discard({0, 4096}), IoResult::Error(EIO));
  ReadOp op;
  EXPECT_TRUE(served.client().Read(op, {0, 4096}).ok()) << "reads go on";
  op.data.Reset();
  served.file().ClearLatchedError();
  EXPECT_TRUE(served.client().Write({0, 4096}, Filled(4096, 'b')).ok());
  EXPECT_TRUE(served.client().Sync({0, 4096}).ok());
  SetLogSink(nullptr);
}

TEST(SyncTest, AWriteThatMustBeStableFailsWithItsFlush) {
  FaultyFile served(kMiB);
  SetLogSink([](LogLevel, std::string_view) {});
  served.faulty().Set({.kind = IoOp::Kind::kFlush, .error = ENOSPC, .count = 1});
  EXPECT_EQ(served.client().Write({0, 4096}, Filled(4096, 'b'), true), IoResult::Error(ENOSPC));
  EXPECT_EQ(served.file().latched_error(), ENOSPC);
  SetLogSink(nullptr);
}

// The kernel tells a failed writeback to one flush of an open file, not to the one beside it.
TEST(SyncTest, ASuccessBesideAFailureIsNone) {
  FaultyFile served(kMiB);
  SetLogSink([](LogLevel, std::string_view) {});
  served.faulty().Set({.kind = IoOp::Kind::kFlush, .error = EIO, .count = 1, .hold = true});
  SyncOp failing, succeeding;
  served.client().channel().Sync(failing, Client::Mark);
  served.client().channel().Sync(succeeding, Client::Mark);
  WriteOp stable;
  const std::vector<std::byte> bytes = Filled(4096, 'b');
  const Segment piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  stable.range = {0, 4096};
  stable.source = SgView({&piece, 1});
  stable.fua = true;
  served.client().channel().Write(stable, Client::Mark);
  for (int i = 0; i < 20; ++i) served.client().reactor().Wait(5 * kNsPerMs);
  EXPECT_NE(succeeding.state(), Completion::State::kIdle);
  EXPECT_NE(stable.state(), Completion::State::kIdle);
  served.faulty().LetGo(served.client().reactor());
  EXPECT_EQ(served.client().Await(failing), IoResult::Error(EIO));
  EXPECT_EQ(served.client().Await(succeeding), IoResult::Error(EIO));
  EXPECT_EQ(served.client().Await(stable), IoResult::Error(EIO));
  SetLogSink(nullptr);
}

TEST(SyncTest, AFileThatWasCutOffCannotBeFlushed) {
  FaultyFile served(kMiB);
  SetLogSink([](LogLevel, std::string_view) {});
  // Within a page that is in memory: the store succeeds, its bytes have no place in the file.
  ReadOp op;
  ASSERT_TRUE(served.client().Read(op, {kMiB - 4096, 4096}).ok());
  Collect(op.data.view());
  op.data.Reset();
  ASSERT_EQ(ftruncate(served.scratch().fd(), static_cast<off_t>(kMiB - 2048)), 0);
  const IoResult written = served.client().Write({kMiB - 2048, 2048}, Filled(2048, 'b'));
  const IoResult stable = served.client().Write({kMiB - 2048, 2048}, Filled(2048, 'b'), true);
  EXPECT_FALSE(stable.ok());
  if (written.ok()) {
    EXPECT_EQ(served.client().Sync(), IoResult::Error(EIO));
    EXPECT_EQ(served.file().latched_error(), EIO);
  }
  SetLogSink(nullptr);
}

TEST(SyncTest, AnInterruptedFlushLosesNothing) {
  FaultyFile served(kMiB);
  served.faulty().Set({.kind = IoOp::Kind::kFlush, .error = EINTR, .count = 1});
  EXPECT_FALSE(served.client().Sync().ok());
  EXPECT_EQ(served.file().latched_error(), 0);
  EXPECT_TRUE(served.client().Sync().ok());
}

TEST(SyncTest, RangesOutsideAreRefused) {
  FaultyFile served(kMiB);
  EXPECT_EQ(served.client().Sync({kMiB, 1}), IoResult::Error(EINVAL));
  EXPECT_TRUE(served.client().Sync({kMiB - 1, 1}).ok());
}

}  // namespace
}  // namespace quire
