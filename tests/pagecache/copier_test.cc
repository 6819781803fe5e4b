// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a copy has the bytes that the source had, dirty ones as well, whatever the ranges and
// whoever copies; file systems that can share the blocks do; nobody sees half of it.
// Method: ranges on both sides of pages and pieces against a model; a kernel that refuses; extents
// of files on XFS and btrfs; references that are held meanwhile.
#include "pagecache/copier.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "base/prng.h"
#include "tests/support/faulty_file.h"
#include "tests/support/loop.h"
#include "tests/support/shared_extents.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint64_t kDiskBytes = 12 * kMiB;

std::vector<std::byte> Random(uint64_t length) {
  Prng random(length);
  std::vector<std::byte> bytes(length);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.Next());
  return bytes;
}

// What a copy of `range` to `offset` leaves of `target`.
std::vector<std::byte> Copied(const std::vector<std::byte>& source, ByteRange range,
                              std::vector<std::byte> target, uint64_t offset) {
  std::copy_n(source.begin() + static_cast<ptrdiff_t>(range.offset), range.length,
              target.begin() + static_cast<ptrdiff_t>(offset));
  return target;
}

struct Ranges {
  ByteRange source;
  uint64_t target_offset;
};

constexpr Ranges kRanges[] = {
    {{0, 4096}, 8192},
    {{1, 1}, 4095},
    {{512, 513}, 3 * kMiB + 1},
    {{0, 5 * kMiB}, 6 * kMiB},
    {{4096, 5 * kMiB + 512}, 6 * kMiB},
    {{kMiB + 512, 4 * kMiB}, 6 * kMiB + 1024},
    {{6 * kMiB, 6 * kMiB}, 0},
};

TEST(CopierTest, BetweenFilesAndWithinOne) {
  for (const int error : {0, EXDEV}) {
    for (const Ranges& ranges : kRanges) {
      FaultyFile source(kDiskBytes);
      FaultyFile target(kDiskBytes);
      const std::vector<std::byte> bytes = Random(kDiskBytes);
      source.scratch().Fill(0, bytes);
      for (FaultyFile* file : {&source, &target})
        file->faulty().SetCopies(error, ~uint64_t{0}, kMiB);
      ASSERT_EQ(
          source.client().Copy(source.file(), ranges.source, target.file(), ranges.target_offset),
          IoResult::Bytes(0));
      EXPECT_EQ(target.scratch().Contents(0, kDiskBytes),
                Copied(bytes, ranges.source, Filled(kDiskBytes, 'a'), ranges.target_offset));
      ASSERT_TRUE(source.client()
                      .Copy(source.file(), ranges.source, source.file(), ranges.target_offset)
                      .ok());
      EXPECT_EQ(source.scratch().Contents(0, kDiskBytes),
                Copied(bytes, ranges.source, bytes, ranges.target_offset))
          << ranges.source.offset;
      EXPECT_EQ(source.file().stats().lent, 0u);
      EXPECT_EQ(target.file().stats().lent, 0u);
      EXPECT_EQ(source.file().stats().copies, 2u);
    }
  }
}

// As memmove does it.
TEST(CopierTest, RangesThatOverlap) {
  constexpr uint64_t kBase = 5 * kMiB;
  for (const uint64_t distance : {uint64_t{1}, uint64_t{512}, 64 * 1024 + uint64_t{1},
                                  128 * uint64_t{1024}, 200 * uint64_t{1024}, 3 * kMiB}) {
    for (const bool up : {false, true}) {
      FaultyFile served(kDiskBytes);
      const std::vector<std::byte> bytes = Random(kDiskBytes);
      served.scratch().Fill(0, bytes);
      const uint64_t to = up ? kBase + distance : kBase - distance;
      const ByteRange range{kBase, 3 * kMiB + 512};
      ASSERT_TRUE(served.client().Copy(served.file(), range, served.file(), to).ok());
      EXPECT_EQ(served.scratch().Contents(0, kDiskBytes), Copied(bytes, range, bytes, to))
          << distance << (up ? " up" : " down");
    }
  }
}

TEST(CopierTest, InterruptedAndShortCopiesGoOn) {
  FaultyFile source(kMiB);
  FaultyFile target(kMiB);
  const std::vector<std::byte> bytes = Random(kMiB);
  source.scratch().Fill(0, bytes);
  target.faulty().SetCopies(EINTR, 2);
  ASSERT_TRUE(source.client().Copy(source.file(), {0, kMiB}, target.file(), 0).ok());
  EXPECT_EQ(target.faulty().Log(), "ccc");
  target.faulty().SetCopies(0, 3, 1000);
  ASSERT_TRUE(source.client().Copy(source.file(), {0, kMiB}, target.file(), 0).ok());
  EXPECT_EQ(target.scratch().Contents(0, kMiB), bytes);
}

TEST(CopierTest, ErrorsEndItAndNothingStaysBehind) {
  FaultyFile source(kDiskBytes);
  FaultyFile target(kDiskBytes);
  const auto copy = [&] {
    return source.client().Copy(source.file(), {0, kDiskBytes}, target.file(), 0);
  };
  target.faulty().SetCopies(EIO, 1);
  EXPECT_EQ(copy(), IoResult::Error(EIO));
  target.faulty().SetCopies(EXDEV, ~uint64_t{0});
  source.faulty().Set({.kind = IoOp::Kind::kRead, .error = EIO, .first = 3, .count = 1});
  EXPECT_EQ(copy(), IoResult::Error(EIO));
  target.faulty().Set({.kind = IoOp::Kind::kWrite, .error = ENOSPC, .first = 3, .count = 1});
  EXPECT_EQ(copy(), IoResult::Error(ENOSPC));
  EXPECT_EQ(source.client().Copy(source.file(), {1, kDiskBytes}, target.file(), 0),
            IoResult::Error(EINVAL));
  EXPECT_EQ(source.client().Copy(source.file(), {0, 2}, target.file(), kDiskBytes - 1),
            IoResult::Error(EINVAL));
  EXPECT_EQ(source.client().Copy(source.file(), {0, 2}, target.file(), ~uint64_t{0}),
            IoResult::Error(EINVAL));
  EXPECT_TRUE(source.client().Copy(source.file(), {0, 0}, target.file(), kDiskBytes).ok());
  EXPECT_EQ(source.file().stats().lent, 0u);
  EXPECT_EQ(target.file().stats().lent, 0u);
}

TEST(CopierTest, AFileThatSomebodyCutOffIsAnError) {
  FaultyFile source(kMiB);
  FaultyFile target(kMiB);
  ASSERT_EQ(ftruncate(source.scratch().fd(), 4096), 0);
  EXPECT_EQ(source.client().Copy(source.file(), {0, kMiB}, target.file(), 0), IoResult::Error(EIO));
  EXPECT_EQ(target.client().Copy(target.file(), {0, kMiB}, source.file(), 0), IoResult::Error(EIO));
  struct stat file;
  ASSERT_EQ(fstat(source.scratch().fd(), &file), 0);
  EXPECT_EQ(file.st_size, 4096) << "it must not look whole again";
}

TEST(CopierTest, AReadOnlyTargetIsRefusedAndAReadOnlySourceIsNot) {
  FaultyFile whole(kMiB);
  FaultyFile read_only(kMiB, {.path = "", .read_only = true});
  EXPECT_EQ(whole.client().Copy(whole.file(), {0, 4096}, read_only.file(), 0),
            IoResult::Error(EROFS));
  EXPECT_TRUE(whole.client().Copy(read_only.file(), {0, 4096}, whole.file(), 0).ok());
}

TEST(CopierTest, WritethroughFlushesTheTargetInTheEnd) {
  FaultyFile source(kDiskBytes);
  FaultyFile target(kDiskBytes, {.path = "", .cache = CacheMode::kWritethrough});
  ASSERT_TRUE(source.client().Copy(source.file(), {0, 8 * kMiB}, target.file(), 0).ok());
  EXPECT_EQ(target.faulty().Log(), "ccf");
  EXPECT_EQ(target.client().Copy(target.file(), {0, 4096}, source.file(), 8192),
            IoResult::Bytes(0));
  EXPECT_EQ(source.faulty().Log(), "c") << "the source's mode says nothing";
  CopyOp op;
  op.source = &target.file();
  op.target = &source.file();
  op.range = {0, 4096};
  op.fua = true;
  target.client().channel().Copy(op, Client::Mark);
  EXPECT_EQ(target.client().Await(op), IoResult::Bytes(0));
  EXPECT_EQ(source.faulty().Log(), "ccf");
  SetLogSink([](LogLevel, std::string_view) {});
  target.faulty().Set({.kind = IoOp::Kind::kFlush, .error = EIO, .count = 1});
  EXPECT_EQ(source.client().Copy(source.file(), {0, 4096}, target.file(), 0), IoResult::Error(EIO));
  SetLogSink(nullptr);
  EXPECT_EQ(target.file().latched_error(), EIO);
  EXPECT_EQ(source.file().latched_error(), 0);
  EXPECT_EQ(source.client().Copy(source.file(), {0, 4096}, target.file(), 0), IoResult::Error(EIO))
      << "latched";
}

// Copies back and forth, and writes over both ranges: in whatever order they came, all of them end,
// and each copy is of whole versions.
TEST(CopierTest, CirclesOfCopiesDoNotWaitForEachOther) {
  FaultyFile one(kMiB);
  FaultyFile two(kMiB);
  std::vector<std::unique_ptr<CopyOp>> copies;
  std::vector<std::unique_ptr<WriteOp>> writes;
  const std::vector<std::byte> bytes = Filled(64 * 1024, 'b');
  const Segment piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  FileChannel& channel = one.client().channel();
  for (int i = 0; i < 100; ++i) {
    CopyOp& op = *copies.emplace_back(std::make_unique<CopyOp>());
    const bool there = i % 2 == 0;
    op.source = there ? &one.file() : &two.file();
    op.target = i % 5 == 0 ? op.source : there ? &two.file() : &one.file();
    op.range = {there ? 0u : 32 * 1024u, 128 * 1024};
    op.target_offset = there ? 256 * 1024 : 0;
    channel.Copy(op, Client::Mark);
    WriteOp& write = *writes.emplace_back(std::make_unique<WriteOp>());
    write.range = {static_cast<uint64_t>(i % 8) * 32 * 1024, bytes.size()};
    write.source = SgView({&piece, 1});
    channel.Write(write, Client::Mark);
  }
  for (const auto& op : copies) EXPECT_TRUE(one.client().Await(*op).ok());
  for (const auto& op : writes) EXPECT_TRUE(one.client().Await(*op).ok());
  EXPECT_EQ(one.file().stats().lent, 0u);
  EXPECT_EQ(two.file().stats().lent, 0u);
}

// ---- File systems ----

class CopierFileSystemTest : public testing::TestWithParam<std::tuple<const char*, CacheMode>> {};

TEST_P(CopierFileSystemTest, BlocksAreSharedAndDirtyBytesAreThere) {
  const auto [type, cache] = GetParam();
  const LoopFileSystem mount(type, 320 * kMiB);
  if (!mount.mounted()) GTEST_SKIP() << mount.why();
  const bool shares = std::strcmp(type, "ext4") != 0;
  const ScratchFile one(2 * kDiskBytes, mount.folder());
  const ScratchFile two(2 * kDiskBytes, mount.folder());
  const std::vector<std::byte> bytes = Random(kDiskBytes);
  for (const ScratchFile* file : {&one, &two}) file->Fill(kDiskBytes, Filled(kDiskBytes, 'a'));
  WorkerPool workers;
  const auto source = *File::Open({.path = one.path(), .cache = cache});
  const auto target = *File::Open({.path = two.path(), .cache = cache});
  Client client(workers, *source);
  Client target_client(workers, *target);
  for (uint64_t at = 0; at < kDiskBytes; at += kMiB) {  // stores, which nobody flushes
    const auto first = bytes.begin() + static_cast<ptrdiff_t>(at);
    ASSERT_TRUE(client.Write({at, kMiB}, {first, first + kMiB}).ok());
  }
  // Whoever holds the target's bytes, or has just read them, sees the new ones.
  ReadOp held;
  ASSERT_TRUE(target_client.Read(held, {kDiskBytes, kMiB}).ok());
  ASSERT_TRUE(client.Copy(*source, {0, kDiskBytes}, *target, kDiskBytes).ok());
  ASSERT_TRUE(client.Copy(*source, {0, kDiskBytes}, *source, kDiskBytes).ok());
  if (held.referenced_bytes == kMiB) {
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.begin() + kMiB, Collect(held.data.view()).begin()));
  }
  held.data.Reset();
  EXPECT_FALSE(held.revoked);
  EXPECT_EQ(one.Contents(0, kDiskBytes), bytes);
  EXPECT_EQ(one.Contents(kDiskBytes, kDiskBytes), bytes);
  EXPECT_EQ(two.Contents(kDiskBytes, kDiskBytes), bytes);
  EXPECT_EQ(SharedBytes(two.fd()), shares ? kDiskBytes : 0);
  EXPECT_EQ(SharedBytes(one.fd()), shares ? 2 * kDiskBytes : 0);
  // They part again.
  ASSERT_TRUE(client.Write({0, kMiB}, Filled(kMiB, 'c')).ok());
  ReadOp read;
  ASSERT_TRUE(target_client.Read(read, {kDiskBytes, kMiB}).ok());
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.begin() + kMiB, Collect(read.data.view()).begin()));
  read.data.Reset();
}

TEST_P(CopierFileSystemTest, AnEdgeInTheMiddleOfABlockCostsNoMoreThanItsEdges) {
  const auto [type, cache] = GetParam();
  const LoopFileSystem mount(type, 320 * kMiB);
  if (!mount.mounted()) GTEST_SKIP() << mount.why();
  const bool shares = std::strcmp(type, "ext4") != 0;
  const ScratchFile one(kDiskBytes, mount.folder());
  const ScratchFile two(kDiskBytes, mount.folder());
  const std::vector<std::byte> bytes = Random(kDiskBytes);
  one.Fill(0, bytes);
  WorkerPool workers;
  const auto source = *File::Open({.path = one.path(), .cache = cache});
  const auto target = *File::Open({.path = two.path(), .cache = cache});
  Client client(workers, *source);
  const ByteRange range{512, 8 * kMiB};
  ASSERT_TRUE(client.Copy(*source, range, *target, 2 * kMiB + 512).ok());
  EXPECT_EQ(two.Contents(0, kDiskBytes),
            Copied(bytes, range, Filled(kDiskBytes, 0), 2 * kMiB + 512));
  EXPECT_GE(SharedBytes(two.fd()), shares ? 8 * kMiB - 2 * 64 * 1024 : 0);
}

std::string NameOf(const testing::TestParamInfo<CopierFileSystemTest::ParamType>& test) {
  constexpr std::array<const char*, 3> kModes = {"Writeback", "Writethrough", "None"};
  return std::string(std::get<0>(test.param)) +
         kModes[static_cast<size_t>(std::get<1>(test.param))];
}

INSTANTIATE_TEST_SUITE_P(All, CopierFileSystemTest,
                         testing::Combine(testing::Values("ext4", "xfs", "btrfs"),
                                          testing::Values(CacheMode::kWriteback,
                                                          CacheMode::kWritethrough,
                                                          CacheMode::kNone)),
                         NameOf);

TEST(CopierBlockDeviceTest, IsReadAndWritten) {
  const LoopDevice device(kDiskBytes);
  if (device.path().empty()) GTEST_SKIP() << device.why();
  const ScratchFile scratch(kDiskBytes);
  const std::vector<std::byte> bytes = Random(kDiskBytes);
  scratch.Fill(0, bytes);
  WorkerPool workers;
  const auto disk = *File::Open({.path = device.path()});
  const auto file = *File::Open({.path = scratch.path()});
  Client client(workers, *disk);
  ASSERT_TRUE(client.Copy(*file, {0, kDiskBytes}, *disk, 0).ok());
  ASSERT_TRUE(client.Copy(*disk, {0, 4 * kMiB}, *disk, 8 * kMiB).ok());
  ASSERT_TRUE(client.Copy(*disk, {8 * kMiB, 4 * kMiB}, *file, 0).ok());
  EXPECT_EQ(scratch.Contents(0, kDiskBytes), bytes);
}

}  // namespace
}  // namespace quire
