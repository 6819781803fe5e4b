// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a snapshot is the file at one moment, whatever writes meanwhile; where there can be none,
// the refusal says what to do, and nothing is left behind.
// Method: file systems on loop devices; a writer that changes two far places in turn, by stores and
// by writes; each thing that can be wrong, one at a time.

#include "pagecache/file_snapshot.h"

#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "pagecache/kernel_backing.h"
#include "tests/support/faulty_backing.h"
#include "tests/support/loop.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint64_t kFileBytes = 8 * kMiB;

absl::Status Snapshot(File& file, const std::string& path) {
  auto snapshot = FileSnapshot::Begin(file, path);
  if (!snapshot.ok()) return snapshot.status();
  if (absl::Status taken = (*snapshot)->Take(); !taken.ok()) return taken;
  return (*snapshot)->Publish();
}

std::vector<std::byte> Contents(const std::string& path) {
  std::vector<std::byte> bytes(std::filesystem::file_size(path));
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(pread(fd, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  close(fd);
  return bytes;
}

std::vector<std::byte> Repeated(uint64_t number, uint64_t length) {
  std::vector<std::byte> bytes(length);
  for (uint64_t at = 0; at < length; at += sizeof(number)) {
    std::memcpy(bytes.data() + at, &number, sizeof(number));
  }
  return bytes;
}

size_t CountFiles(const std::string& folder) {
  const auto all = std::filesystem::directory_iterator(folder);
  return static_cast<size_t>(std::count_if(
      begin(all), end(all), [](const auto& entry) { return entry.is_regular_file(); }));
}

std::string NameOf(const testing::TestParamInfo<const char*>& test) { return test.param; }

class FileSnapshotTest : public testing::TestWithParam<const char*> {
 protected:
  FileSnapshotTest() : mount_(GetParam(), 320 * kMiB) {}
  void SetUp() override {
    if (!mount_.mounted()) GTEST_SKIP() << mount_.why();
    target_ = mount_.folder() + "/copy";
  }

  const LoopFileSystem mount_;
  std::string target_;
  WorkerPool workers_;
};

TEST_P(FileSnapshotTest, HasWhatWasAcknowledgedAndNothingLater) {
  const ScratchFile scratch(kFileBytes, mount_.folder());
  ASSERT_EQ(fchmod(scratch.fd(), 0640), 0);
  for (const CacheMode cache :
       {CacheMode::kWriteback, CacheMode::kWritethrough, CacheMode::kNone}) {
    const auto file = *File::Open({.path = scratch.path(), .cache = cache});
    Client client(workers_, *file);
    ASSERT_TRUE(client.Write({0, kMiB}, Filled(kMiB, 'a')).ok());
    ASSERT_TRUE(client.Write({4 * kMiB, 4096}, Filled(4096, 'b')).ok());
    ASSERT_TRUE(client.Discard({0, 65536}).ok());
    const std::vector<std::byte> expected = Contents(scratch.path());
    const absl::Status taken = Snapshot(*file, target_);
    ASSERT_TRUE(taken.ok()) << taken;
    ASSERT_TRUE(client.Write({0, kMiB}, Filled(kMiB, 'c')).ok());
    ASSERT_TRUE(client.Sync().ok());
    EXPECT_EQ(Contents(target_), expected);
    EXPECT_EQ(scratch.Contents(0, kMiB), Filled(kMiB, 'c')) << "the source goes on";
    struct stat copy;
    ASSERT_EQ(stat(target_.c_str(), &copy), 0);
    EXPECT_EQ(copy.st_mode & 07777, 0640u);
    unlink(target_.c_str());
  }
}

// A number is all over the range of one write.
TEST_P(FileSnapshotTest, IsOneMomentUnderWrites) {
  constexpr ByteRange kWritten{kMiB - 512, 2 * kMiB};
  const ScratchFile scratch(kFileBytes, mount_.folder());
  const auto file = *File::Open({.path = scratch.path()});
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> acknowledged{0};
  std::thread writer([&] {
    Client client(workers_, *file);
    for (uint64_t generation = 1; !stop; ++generation) {
      client.stores_only = generation % 2 == 0;
      ASSERT_TRUE(client.Write(kWritten, Repeated(generation, kWritten.length)).ok());
      acknowledged = generation;
    }
  });
  int count_moved = 0;
  uint64_t last = 0;
  for (int i = 0; i < 20; ++i) {
    const uint64_t before = acknowledged;
    const absl::Status taken = Snapshot(*file, target_);
    EXPECT_TRUE(taken.ok()) << taken;
    if (!taken.ok()) break;
    const std::vector<std::byte> all = Contents(target_);
    const std::vector<std::byte> bytes(all.begin() + kWritten.offset, all.begin() + kWritten.end());
    uint64_t found = 0;
    std::memcpy(&found, bytes.data(), sizeof(found));
    EXPECT_EQ(bytes, Repeated(found, kWritten.length)) << "one write, whole";
    EXPECT_GE(found, before) << "what was acknowledged before is in it";
    EXPECT_LE(found, acknowledged + 1);
    count_moved += found != last ? 1 : 0;
    last = found;
    unlink(target_.c_str());
  }
  stop = true;
  writer.join();
  EXPECT_GT(count_moved, 5) << "the writer went on";
}

TEST_P(FileSnapshotTest, OfAReadOnlyFile) {
  const ScratchFile scratch(kFileBytes, mount_.folder());
  scratch.Fill(kMiB, Filled(4096, 'r'));
  const auto file = *File::Open({.path = scratch.path(), .read_only = true});
  const absl::Status taken = Snapshot(*file, target_);
  ASSERT_TRUE(taken.ok()) << taken;
  EXPECT_EQ(Contents(target_), Contents(scratch.path()));
}

TEST_P(FileSnapshotTest, WhatIsThereIsLeftAlone) {
  const ScratchFile scratch(kFileBytes, mount_.folder());
  const ScratchFile other(4096, mount_.folder());
  other.Fill(0, Filled(4096, 'o'));
  const auto file = *File::Open({.path = scratch.path()});
  EXPECT_EQ(Snapshot(*file, other.path()).code(), absl::StatusCode::kAlreadyExists);
  // Also when it comes at the last moment.
  auto snapshot = *FileSnapshot::Begin(*file, target_);
  ASSERT_TRUE(snapshot->Take().ok());
  EXPECT_FALSE(std::filesystem::exists(target_)) << "not before it is published";
  std::filesystem::copy_file(other.path(), target_);
  EXPECT_EQ(snapshot->Publish().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Contents(target_), Filled(4096, 'o'));
}

TEST_P(FileSnapshotTest, OnAnotherFileSystemIsRefused) {
  const LoopFileSystem other(GetParam(), 320 * kMiB);
  ASSERT_TRUE(other.mounted()) << other.why();
  const ScratchFile scratch(kFileBytes, mount_.folder());
  const auto file = *File::Open({.path = scratch.path()});
  const absl::Status refused = Snapshot(*file, other.folder() + "/copy");
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.message().find("another file system"), std::string::npos) << refused;
  EXPECT_EQ(CountFiles(other.folder()), 0u);
  EXPECT_FALSE(Snapshot(*file, mount_.folder() + "/none/copy").ok());
  Client client(workers_, *file);
  EXPECT_TRUE(client.Write({0, 4096}, Filled(4096, 'x')).ok()) << "it is not frozen any more";
}

TEST_P(FileSnapshotTest, AFailedFlushIsNoSnapshot) {
  const ScratchFile scratch(kFileBytes, mount_.folder());
  auto faulty = std::make_unique<FaultyBacking>(*KernelBacking::Open({.path = scratch.path()}));
  faulty->Set({.kind = IoOp::Kind::kFlush, .error = EIO, .count = 1});
  const auto file = *File::Open(std::move(faulty), {.path = scratch.path()});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Snapshot(*file, target_).code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(file->latched_error(), EIO);
    EXPECT_EQ(CountFiles(mount_.folder()), 1u);
  }
  file->ClearLatchedError();
  EXPECT_TRUE(Snapshot(*file, target_).ok());
}

TEST_P(FileSnapshotTest, WaitsForAWriteOnlySoLong) {
  const ScratchFile scratch(kFileBytes, mount_.folder());
  auto backing = std::make_unique<FaultyBacking>(*KernelBacking::Open({.path = scratch.path()}));
  FaultyBacking& faulty = *backing;
  const auto file = *File::Open(std::move(backing), {.path = scratch.path()});
  Client client(workers_, *file);
  faulty.Set({.kind = IoOp::Kind::kFallocate, .error = EIO, .count = 1, .hold = true});
  DiscardOp discard;
  discard.range = {0, 4096};
  client.channel().Discard(discard, [](Completion&) {});
  auto snapshot = *FileSnapshot::Begin(*file, target_);
  EXPECT_EQ(snapshot->Take(20 * kNsPerMs).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(client.Write({kMiB, 4096}, Filled(4096, 'x')).ok()) << "it is not frozen any more";
  faulty.LetGo(client.reactor());
  EXPECT_EQ(client.Await(discard), IoResult::Error(EIO));
}

INSTANTIATE_TEST_SUITE_P(On, FileSnapshotTest, testing::Values("xfs", "btrfs"), NameOf);

class NoReflinkTest : public testing::TestWithParam<const char*> {};

TEST_P(NoReflinkTest, IsRefused) {
  const LoopFileSystem mount(GetParam(), 32 * kMiB);
  if (!mount.mounted()) GTEST_SKIP() << mount.why();
  const ScratchFile scratch(kMiB, mount.folder());
  for (const bool read_only : {false, true}) {
    const auto file = *File::Open({.path = scratch.path(), .read_only = read_only});
    const absl::Status refused = Snapshot(*file, mount.folder() + "/copy");
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(refused.message().find(std::string("lies on ") + GetParam()), std::string::npos)
        << refused;
    EXPECT_EQ(CountFiles(mount.folder()), 1u);
  }
}

INSTANTIATE_TEST_SUITE_P(On, NoReflinkTest, testing::Values("ext4", "tmpfs"), NameOf);

TEST(NoFileTest, IsRefused) {
  const auto nothing = *File::Open({.path = "null"});
  EXPECT_EQ(Snapshot(*nothing, "/var/tmp/copy").code(), absl::StatusCode::kFailedPrecondition);
  const LoopDevice device(kMiB);
  if (device.path().empty()) GTEST_SKIP() << device.why();
  const auto block = *File::Open({.path = device.path()});
  const absl::Status refused = Snapshot(*block, "/var/tmp/copy");
  EXPECT_NE(refused.message().find("block device"), std::string::npos) << refused;
}

TEST(NocowTest, TheCopyIsNocowAsItsSource) {
  const LoopFileSystem mount("btrfs", 320 * kMiB);
  if (!mount.mounted()) GTEST_SKIP() << mount.why();
  const ScratchFile scratch(0, mount.folder());
  int flags = FS_NOCOW_FL;
  ASSERT_EQ(ioctl(scratch.fd(), FS_IOC_SETFLAGS, &flags), 0);
  ASSERT_EQ(ftruncate(scratch.fd(), kMiB), 0);
  scratch.Fill(0, Filled(kMiB, 'n'));
  const auto file = *File::Open({.path = scratch.path()});
  const absl::Status taken = Snapshot(*file, mount.folder() + "/copy");
  ASSERT_TRUE(taken.ok()) << taken;
  EXPECT_EQ(Contents(mount.folder() + "/copy"), Filled(kMiB, 'n'));
}

}  // namespace
}  // namespace quire
