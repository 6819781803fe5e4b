// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: what is found out at open is true, and the file is not touched for it.
// Method: every claim compared with really trying it, on a file of this machine's disk and on
// tmpfs.

#include "pagecache/backing_probe.h"

#include <gtest/gtest.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "tests/support/loop.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

constexpr uint64_t kBytes = 64 * 1024;

class ProbeTest : public testing::TestWithParam<const char*> {};

TEST_P(ProbeTest, SaysTheTruth) {
  const ScratchFile scratch(kBytes, GetParam());
  scratch.Fill(0, Filled(kBytes, 'a'));
  const BackingTraits traits = ProbeBacking(scratch.fd(), true);
  EXPECT_EQ(scratch.Contents(0, kBytes), Filled(kBytes, 'a'));
  EXPECT_FALSE(traits.file_system.empty());
  EXPECT_TRUE(traits.residency_known);

  std::byte byte{'b'};
  const iovec piece{&byte, 1};
  const bool nowait = pwritev2(scratch.fd(), &piece, 1, 0, RWF_NOWAIT) == 1 || errno == EAGAIN;
  EXPECT_EQ(traits.nowait_write, nowait);
  const auto allocates = [&scratch](int mode) {
    return fallocate(scratch.fd(), mode | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0;
  };
  EXPECT_EQ(traits.zero_range, allocates(FALLOC_FL_ZERO_RANGE));
  EXPECT_EQ(traits.punch_hole, allocates(FALLOC_FL_PUNCH_HOLE));
  if (traits.direct_offset_align_bytes != 0) {
    const int direct = open(scratch.path().c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC);
    EXPECT_GE(direct, 0);
    alignas(4096) static std::byte block[4096];
    EXPECT_GT(
        pread(direct, block, traits.direct_offset_align_bytes, traits.direct_offset_align_bytes),
        0);
    close(direct);
  }
}

TEST(AtomicProbeTest, SaysTheTruth) {
  const LoopFileSystem mount("xfs", 320 * 1024 * 1024);
  if (!mount.mounted()) GTEST_SKIP() << mount.why();
  const ScratchFile scratch(kBytes, mount.folder());
  const BackingTraits traits = ProbeBacking(scratch.fd(), true);
  constexpr uint32_t kSmallest = 4096;  // of any file system that has them
  constexpr int kRwfAtomic = 0x40;
  const int direct = open(scratch.path().c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC);
  alignas(4096) static std::array<std::byte, kSmallest> block;
  const iovec piece{block.data(), block.size()};
  const bool can = pwritev2(direct, &piece, 1, 0, kRwfAtomic) == kSmallest;
  close(direct);
  EXPECT_EQ(traits.atomic_write_max_bytes > 0, can);
  EXPECT_EQ(traits.TakesAtomic({kSmallest, kSmallest}), can);
  EXPECT_FALSE(traits.TakesAtomic({kSmallest, 2 * kSmallest}));
  EXPECT_FALSE(traits.TakesAtomic({0, 3 * kSmallest}));
  EXPECT_FALSE(traits.TakesAtomic({0, 0}));
}

TEST_P(ProbeTest, AHoleOfTheGranularityGivesSpaceBack) {
  const ScratchFile scratch(kBytes, GetParam());
  scratch.Fill(0, Filled(kBytes, 'a'));
  ASSERT_EQ(fsync(scratch.fd()), 0);
  const BackingTraits traits = ProbeBacking(scratch.fd(), true);
  if (!traits.punch_hole) GTEST_SKIP() << "no holes on " << traits.file_system;
  const uint32_t least = traits.punch_granularity_bytes;
  ASSERT_GT(least, 1u);
  ASSERT_LE(least, kBytes);
  const auto blocks_after = [&](off_t length) {
    EXPECT_EQ(fallocate(scratch.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, length), 0);
    struct stat file = {};
    EXPECT_EQ(fstat(scratch.fd(), &file), 0);
    return file.st_blocks;
  };
  const blkcnt_t whole = blocks_after(least - 1);
  EXPECT_LT(blocks_after(least), whole);
}

TEST(ProbeDeviceTest, ABlockDeviceSaysItselfWhetherItHasHoles) {
  const LoopDevice device(kBytes);
  if (device.path().empty()) GTEST_SKIP() << device.why();
  const int fd = open(device.path().c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  const BackingTraits traits = ProbeBacking(fd, true);
  const auto allocates = [fd](int mode) {
    return fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0;
  };
  EXPECT_EQ(traits.file_system, "block device");
  EXPECT_EQ(traits.punch_hole, allocates(FALLOC_FL_PUNCH_HOLE));
  EXPECT_EQ(traits.zero_range, allocates(FALLOC_FL_ZERO_RANGE));
  if (traits.punch_hole) {
    EXPECT_GE(traits.punch_granularity_bytes, 512u);
  }
  close(fd);
}

INSTANTIATE_TEST_SUITE_P(Folders, ProbeTest, testing::Values("/var/tmp", "/dev/shm"),
                         [](const auto& folder) {
                           return std::filesystem::path(folder.param).filename().string();
                         });

}  // namespace
}  // namespace quire
