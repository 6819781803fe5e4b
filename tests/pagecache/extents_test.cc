// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: what has room of its own is told on every file system, in bounded steps; a hole never is.
// Method: files with runs, holes and fallocated pieces on loop devices, a block device, and a
// question about part of a file; what is still dirty in the page cache is told, too.

#include "pagecache/extents.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>

#include "tests/support/loop.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint64_t kFileBytes = 8 * kMiB;

// Touching ones joined, `at_once` found by each question.
std::vector<ByteRange> Ask(int fd, ByteRange range, size_t at_once = 64) {
  std::vector<ByteRange> runs;
  std::vector<ByteRange> found(at_once);
  for (;;) {
    const int64_t count = FindMapped(fd, range, found);
    EXPECT_GE(count, 0);
    if (count < 0) return runs;
    for (const ByteRange& one : std::span(found).first(static_cast<size_t>(count))) {
      EXPECT_FALSE(one.empty());
      EXPECT_TRUE(range.Contains(one));
      range = {one.end(), range.end() - one.end()};
      if (!runs.empty() && runs.back().end() == one.offset) {
        runs.back().length += one.length;
      } else {
        runs.push_back(one);
      }
    }
    if (static_cast<size_t>(count) < at_once) return runs;
  }
}

class ExtentsTest : public testing::TestWithParam<const char*> {};

TEST_P(ExtentsTest, TellsRunsAndHoles) {
  const LoopFileSystem mount(GetParam(), 320 * kMiB);
  if (!mount.mounted()) GTEST_SKIP() << mount.why();
  const ScratchFile scratch(kFileBytes, mount.folder());
  const ByteRange all{0, kFileBytes};
  EXPECT_EQ(Ask(scratch.fd(), all), std::vector<ByteRange>{});
  const std::vector<ByteRange> runs = {
      {64 * 1024, 64 * 1024}, {kMiB, 256 * 1024}, {kFileBytes - 65536, 65536}};
  for (const ByteRange& run : runs) scratch.Fill(run.offset, Filled(run.length, 'x'));
  EXPECT_EQ(Ask(scratch.fd(), all), runs) << "dirty in the page cache";
  ASSERT_EQ(fsync(scratch.fd()), 0);
  EXPECT_EQ(Ask(scratch.fd(), all), runs);
  EXPECT_EQ(Ask(scratch.fd(), all, 1), runs) << "one by one";
  EXPECT_EQ(Ask(scratch.fd(), {kMiB + 4096, 8192}), (std::vector<ByteRange>{{kMiB + 4096, 8192}}));
  EXPECT_EQ(Ask(scratch.fd(), {kMiB + 128 * 1024, kMiB}),
            (std::vector<ByteRange>{{kMiB + 128 * 1024, 128 * 1024}}));
  EXPECT_EQ(Ask(scratch.fd(), {2 * kMiB, kMiB}), std::vector<ByteRange>{});
  EXPECT_EQ(Ask(scratch.fd(), {kFileBytes, kMiB}), std::vector<ByteRange>{}) << "behind the end";
}

TEST_P(ExtentsTest, APunchedRangeIsAHole) {
  const LoopFileSystem mount(GetParam(), 320 * kMiB);
  if (!mount.mounted()) GTEST_SKIP() << mount.why();
  const ScratchFile scratch(kFileBytes, mount.folder());
  scratch.Fill(0, Filled(kMiB, 'x'));
  ASSERT_EQ(fallocate(scratch.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 65536, 65536), 0);
  EXPECT_EQ(Ask(scratch.fd(), {0, kFileBytes}),
            (std::vector<ByteRange>{{0, 65536}, {131072, kMiB - 131072}}));
}

// On tmpfs nothing tells it from a hole.
TEST_P(ExtentsTest, WhatIsOnlySetAsideHasRoom) {
  const LoopFileSystem mount(GetParam(), 320 * kMiB);
  if (!mount.mounted()) GTEST_SKIP() << mount.why();
  const ScratchFile scratch(kFileBytes, mount.folder());
  ASSERT_EQ(fallocate(scratch.fd(), FALLOC_FL_KEEP_SIZE, kMiB, kMiB), 0);
  const bool told = std::string(GetParam()) != "tmpfs";
  EXPECT_EQ(Ask(scratch.fd(), {0, kFileBytes}),
            told ? (std::vector<ByteRange>{{kMiB, kMiB}}) : std::vector<ByteRange>{});
}

TEST_P(ExtentsTest, ManyExtentsComeInSteps) {
  const LoopFileSystem mount(GetParam(), 320 * kMiB);
  if (!mount.mounted()) GTEST_SKIP() << mount.why();
  constexpr uint64_t kStride = 128 * 1024;  // larger than a block of any of them
  constexpr uint64_t kCount = 500;
  const ScratchFile scratch(kCount * kStride, mount.folder());
  for (uint64_t i = 0; i < kCount; ++i) scratch.Fill(i * kStride, Filled(65536, 'x'));
  const std::vector<ByteRange> runs = Ask(scratch.fd(), {0, kCount * kStride}, 200);
  ASSERT_EQ(runs.size(), kCount);
  for (uint64_t i = 0; i < kCount; ++i) EXPECT_EQ(runs[i], (ByteRange{i * kStride, 65536}));
}

INSTANTIATE_TEST_SUITE_P(On, ExtentsTest, testing::Values("ext4", "xfs", "btrfs", "tmpfs"),
                         [](const auto& test) { return std::string(test.param); });

TEST(ExtentsOfTest, ABlockDeviceHasRoomForEverything) {
  const LoopDevice device(kFileBytes);
  if (device.path().empty()) GTEST_SKIP() << device.why();
  const int fd = open(device.path().c_str(), O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(Ask(fd, {4096, kMiB}), (std::vector<ByteRange>{{4096, kMiB}}));
  close(fd);
}

TEST(ExtentsOfTest, FailuresAreErrno) {
  std::array<ByteRange, 1> found;
  EXPECT_EQ(FindMapped(-1, {0, 1}, found), -EBADF);
  EXPECT_EQ(FindMapped(-1, {0, 0}, found), 0);
}

}  // namespace
}  // namespace quire
