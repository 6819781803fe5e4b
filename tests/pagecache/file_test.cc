// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a file is opened with one clear error or works, grows online, and shrinks only when asked
// to, without an error or a fault for anybody who was there before. Method: options that cannot be,
// growth by us and by others, shrinking below references, waiting writes and flushes, what it says
// about itself.

#include "pagecache/file.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

#include "pagecache/kernel_backing.h"
#include "tests/support/faulty_file.h"
#include "tests/support/loop.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;

TEST(FileTest, DescribesItself) {
  const ScratchFile scratch(kMiB);
  const auto file = *File::Open({.path = scratch.path()});
  EXPECT_NE(file->Describe().find("cache=writeback, mapped"), std::string::npos)
      << file->Describe();
  EXPECT_EQ(file->size_bytes(), kMiB);
}

TEST(FileTest, GrowsOnlineAndGrowingNeverShrinks) {
  const ScratchFile scratch(kMiB);
  WorkerPool workers;
  const auto file = *File::Open({.path = scratch.path()});
  Client client(workers, *file);
  ReadOp held;
  held.references_only = true;
  ASSERT_TRUE(client.Read(held, {0, 4096}).ok());
  ASSERT_TRUE(file->Grow(3 * kMiB).ok());
  EXPECT_EQ(file->size_bytes(), 3 * kMiB);
  EXPECT_TRUE(client.Write({3 * kMiB - 4096, 4096}, Filled(4096, 'x')).ok());
  EXPECT_EQ(scratch.Contents(3 * kMiB - 4096, 4096), Filled(4096, 'x'));
  EXPECT_EQ(Collect(held.data.view()), Filled(4096, 0)) << "what was lent stays";
  held.data.Reset();
  EXPECT_FALSE(file->Grow(kMiB).ok());
  // Somebody else made it larger: the size is taken over.
  ASSERT_EQ(ftruncate(scratch.fd(), 4 * kMiB), 0);
  ASSERT_TRUE(file->Grow(4 * kMiB).ok());
  ReadOp op;
  EXPECT_TRUE(client.Read(op, {4 * kMiB - 512, 512}).ok());
  op.data.Reset();
}

TEST(FileTest, GrowsBeyondItsMapping) {
  const ScratchFile scratch(kMiB);
  WorkerPool workers;
  const auto file = *File::Open({.path = scratch.path()});
  Client client(workers, *file);
  constexpr uint64_t kLarge = uint64_t{100} << 30;
  if (absl::Status grown = file->Grow(kLarge); !grown.ok()) {
    GTEST_SKIP() << "no file of 100 GiB here: " << grown.message();
  }
  EXPECT_TRUE(client.Write({kLarge - 4096, 4096}, Filled(4096, 'x')).ok());
  ReadOp op;
  op.references_only = true;
  ASSERT_TRUE(client.Read(op, {kLarge - 4096, 4096}).ok());
  EXPECT_EQ(Collect(op.data.view()), Filled(4096, 'x'));
  op.data.Reset();
}

TEST(FileTest, Shrinks) {
  const ScratchFile scratch(4 * kMiB);
  scratch.Fill(0, Filled(4 * kMiB, 'a'));
  WorkerPool workers;
  const auto file = *File::Open({.path = scratch.path()});
  Client client(workers, *file);
  ReadOp held;
  held.references_only = true;
  ASSERT_TRUE(client.Read(held, {kMiB - 4096, 4096}).ok());
  EXPECT_FALSE(file->Shrink(5 * kMiB).ok());
  ASSERT_TRUE(file->Shrink(kMiB + 512).ok());
  EXPECT_EQ(file->size_bytes(), kMiB + 512);
  EXPECT_EQ(lseek(scratch.fd(), 0, SEEK_END), static_cast<off_t>(kMiB + 512));
  ReadOp op;
  EXPECT_EQ(client.Read(op, {kMiB + 512, 512}), IoResult::Error(EINVAL));
  EXPECT_EQ(client.Write({kMiB, 1024}, Filled(1024, 'b')), IoResult::Error(EINVAL));
  EXPECT_TRUE(client.Write({kMiB, 512}, Filled(512, 'b')).ok());
  EXPECT_TRUE(client.Sync().ok());
  EXPECT_EQ(Collect(held.data.view()), Filled(4096, 'a'));
  held.data.Reset();
  EXPECT_FALSE(held.revoked);
  // What is behind the end is gone for good.
  ASSERT_TRUE(file->Grow(4 * kMiB).ok());
  ASSERT_TRUE(client.Read(op, {kMiB, 8192}).ok());
  std::vector<std::byte> expected = Filled(8192, 0);
  std::fill_n(expected.begin(), 512, std::byte{'b'});
  EXPECT_EQ(Collect(op.data.view()), expected);
  op.data.Reset();
  EXPECT_EQ(file->stats().revoked, 0u);
}

TEST(FileTest, ShrinkingWaitsForReferences) {
  const ScratchFile scratch(4 * kMiB);
  scratch.Fill(0, Filled(4 * kMiB, 'a'));
  WorkerPool workers;
  const auto file = *File::Open({.path = scratch.path()});
  Client client(workers, *file);
  ReadOp held;
  held.references_only = true;
  ASSERT_TRUE(client.Read(held, {2 * kMiB, 4096}).ok());
  const absl::Status busy = file->Shrink(kMiB, 20 * kNsPerMs);
  EXPECT_EQ(busy.code(), absl::StatusCode::kDeadlineExceeded) << busy;
  EXPECT_EQ(file->size_bytes(), 4 * kMiB) << "as it was";
  EXPECT_TRUE(client.Write({3 * kMiB, 4096}, Filled(4096, 'b')).ok());
  absl::Status shrunk;
  std::thread operator_thread([&] { shrunk = file->Shrink(kMiB); });
  // Whoever comes from now on is refused, and what was lent stays what it is.
  while (file->size_bytes() != kMiB) std::this_thread::yield();
  ReadOp op;
  EXPECT_EQ(client.Read(op, {2 * kMiB, 4096}), IoResult::Error(EINVAL));
  EXPECT_EQ(Collect(held.data.view()), Filled(4096, 'a'));
  held.data.Reset();
  operator_thread.join();
  EXPECT_TRUE(shrunk.ok()) << shrunk;
  EXPECT_FALSE(held.revoked);
  EXPECT_EQ(lseek(scratch.fd(), 0, SEEK_END), static_cast<off_t>(kMiB));
}

// Requests that were checked before the cut, and get their turn after it.
TEST(FileTest, WhoWaitedForItsTurnIsRefusedAfterTheCut) {
  FaultyFile served(4 * kMiB);
  served.Drop();
  served.faulty().Set({.kind = IoOp::Kind::kRead, .error = EIO, .count = 2, .hold = true});
  FileChannel& channel = served.client().channel();
  const auto mark = [](Completion&) {};
  // Holds the range up: a read that the storage does not answer.
  ReadOp first;
  first.range = {2 * kMiB, 65536};
  first.copies_only = true;
  channel.Read(first, mark);
  ASSERT_EQ(served.faulty().Log(), "rr") << "one that may not wait, then one that is held";
  ReadOp fill;
  fill.range = first.range;
  fill.copies_only = true;
  channel.Read(fill, mark);
  const std::vector<std::byte> bytes = Filled(65536, 'x');
  const Segment piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  WriteOp write;
  write.range = first.range;
  write.source = SgView({&piece, 1});
  channel.Write(write, mark);
  served.scratch().Contents(2 * kMiB, 4096);  // it is in memory now
  ReadOp lent;                                // behind the write
  lent.range = {2 * kMiB, 4096};
  channel.Read(lent, mark);
  DiscardOp discard;
  discard.range = first.range;
  channel.Discard(discard, mark);
  absl::Status shrunk;
  std::thread operator_thread([&] { shrunk = served.file().Shrink(kMiB); });
  while (served.file().size_bytes() != kMiB) std::this_thread::yield();
  served.faulty().LetGo(served.client().reactor());
  for (FileOp* op : std::initializer_list<FileOp*>{&first, &fill, &write, &lent, &discard}) {
    const IoResult result = served.client().Await(*op);
    EXPECT_EQ(result, IoResult::Error(op == &first ? EIO : ERANGE));
  }
  operator_thread.join();
  EXPECT_TRUE(shrunk.ok()) << shrunk;
  EXPECT_EQ(served.file().stats().lent, 0u);
  EXPECT_EQ(lseek(served.scratch().fd(), 0, SEEK_END), static_cast<off_t>(kMiB));
}

// A flush that is on its way while the file is cut has lost nothing.
TEST(FileTest, ShrinkingIsNotTakenForATruncation) {
  FaultyFile served(4 * kMiB);
  ASSERT_TRUE(served.client().Write({3 * kMiB, 4096}, Filled(4096, 'x')).ok());
  served.faulty().Set({.kind = IoOp::Kind::kFlush, .error = EINTR, .count = 1, .hold = true});
  for (const ByteRange range : {ByteRange{3 * kMiB, 4096}, ByteRange{}}) {
    SyncOp sync;
    sync.range = range;
    served.client().channel().Sync(sync, [](Completion&) {});
    ASSERT_TRUE(served.file().Shrink(range.empty() ? kMiB : 2 * kMiB).ok());
    if (!range.empty()) served.faulty().LetGo(served.client().reactor());
    const IoResult result = served.client().Await(sync);
    EXPECT_TRUE(result.ok() || result == IoResult::Error(EINTR)) << result.error();
    EXPECT_EQ(served.file().latched_error(), 0);
  }
}

TEST(FileTest, WhoseSizeIsNotOursSaysSo) {
  const ScratchFile scratch(4 * kMiB);
  const auto file = *File::Open({.path = scratch.path(), .read_only = true});
  for (const absl::Status& refused : {file->Grow(8 * kMiB), file->Shrink(kMiB)}) {
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(refused.message().find("read-only"), std::string::npos) << refused;
  }
  EXPECT_EQ(file->size_bytes(), 4 * kMiB);
  ASSERT_EQ(ftruncate(scratch.fd(), 8 * kMiB), 0);
  EXPECT_TRUE(file->Grow(8 * kMiB).ok()) << "taken over";
  const LoopDevice device(4 * kMiB);
  if (device.path().empty()) GTEST_SKIP() << device.why();
  const auto block = *File::Open({.path = device.path()});
  for (const absl::Status& refused : {block->Grow(8 * kMiB), block->Shrink(kMiB)}) {
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(refused.message().find("block device"), std::string::npos) << refused;
  }
  EXPECT_EQ(block->size_bytes(), 4 * kMiB);
  const auto nothing = *File::Open({.path = "null", .null_size_bytes = kMiB});
  EXPECT_TRUE(nothing->Grow(2 * kMiB).ok());
  EXPECT_TRUE(nothing->Shrink(kMiB / 2).ok());
  EXPECT_EQ(nothing->size_bytes(), kMiB / 2);
}

TEST(FileTest, DirectNeedsWholeBlocks) {
  const ScratchFile scratch(kMiB + 100);
  const auto refused = File::Open({.path = scratch.path(), .cache = CacheMode::kNone});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("multiple of"), std::string::npos);
  ASSERT_EQ(ftruncate(scratch.fd(), kMiB), 0);
  const auto file = File::Open({.path = scratch.path(), .cache = CacheMode::kNone});
  ASSERT_TRUE(file.ok());
  EXPECT_NE((*file)->Grow(kMiB + 100).message().find("multiple of"), std::string::npos);
  EXPECT_TRUE((*file)->Grow(2 * kMiB).ok());
  EXPECT_NE((*file)->Shrink(kMiB + 100).message().find("multiple of"), std::string::npos);
  EXPECT_TRUE((*file)->Shrink(kMiB / 2).ok());
}

}  // namespace
}  // namespace quire
