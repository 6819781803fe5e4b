// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the same bytes come back on every file system, in every cache mode, and on a block device;
// a full file system is an error of the request.
// Method: random reads, writes, discards, zeroing and flushes against a model in memory, then the
// backing file compared with the model by plain reads. File systems on loop devices.

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <tuple>

#include "base/prng.h"
#include "tests/support/loop.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint64_t kDiskBytes = 8 * kMiB;

// The disk as it should be.
class Model {
 public:
  explicit Model(uint64_t seed) : random_(seed), bytes_(kDiskBytes, std::byte{0}) {}

  ByteRange RandomRange() {
    constexpr uint64_t kSector = 512;
    const uint64_t most = random_.Chance(1, 8) ? 2 * kMiB : 64 * 1024;
    const uint64_t offset = random_.Below(kDiskBytes / kSector) * kSector;
    const uint64_t length = (1 + random_.Below(most / kSector)) * kSector;
    return ByteRange{offset, length}.Intersect({0, kDiskBytes});
  }
  std::vector<std::byte> RandomBytes(uint64_t length) {
    std::vector<std::byte> bytes(length);
    for (uint64_t at = 0; at < length; at += sizeof(uint64_t)) {
      const uint64_t value = random_.Next();
      std::memcpy(bytes.data() + at, &value, sizeof(value));
    }
    return bytes;
  }
  void Put(ByteRange range, const std::vector<std::byte>& bytes) {
    std::memcpy(bytes_.data() + range.offset, bytes.data(), range.length);
  }
  void Zero(ByteRange range) { std::memset(bytes_.data() + range.offset, 0, range.length); }
  bool Holds(ByteRange range, const std::vector<std::byte>& found) const {
    return std::memcmp(bytes_.data() + range.offset, found.data(), range.length) == 0;
  }
  Prng& random() { return random_; }

 private:
  Prng random_;
  std::vector<std::byte> bytes_;
};

void Exercise(const std::string& path, CacheMode cache, int count_steps) {
  const auto seed = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(testing::Message() << "--gtest_random_seed=" << seed);
  Model model(seed);
  WorkerPool workers;
  auto opened = File::Open({.path = path, .cache = cache});
  ASSERT_TRUE(opened.ok()) << opened.status();
  const std::unique_ptr<File> file = *std::move(opened);
  Client client(workers, *file);
  for (int step = 0; step < count_steps; ++step) {
    const ByteRange range = model.RandomRange();
    switch (model.random().Below(8)) {
      case 0:
        ASSERT_TRUE(client.Sync(model.random().Chance(1, 2) ? range : ByteRange{}).ok());
        break;
      case 1: {
        const bool zero = model.random().Chance(1, 2);
        ASSERT_TRUE(client.Discard(range, zero).ok()) << "zero " << zero;
        model.Zero(range);
        break;
      }
      case 2:
      case 3:
      case 4: {
        const std::vector<std::byte> bytes = model.RandomBytes(range.length);
        ASSERT_EQ(client.Write(range, bytes, model.random().Chance(1, 8)),
                  IoResult::Bytes(range.length));
        model.Put(range, bytes);
        break;
      }
      default: {
        ReadOp op;
        op.references_only = model.random().Chance(1, 2);
        ASSERT_EQ(client.Read(op, range), IoResult::Bytes(range.length));
        ASSERT_TRUE(model.Holds(range, Collect(op.data.view()))) << "step " << step;
        op.data.Reset();
      }
    }
  }
  ASSERT_TRUE(client.Sync().ok());
  EXPECT_EQ(file->stats().lent, 0u);
  std::vector<std::byte> found(kDiskBytes);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(pread(fd, found.data(), found.size(), 0), static_cast<ssize_t>(found.size()));
  close(fd);
  EXPECT_TRUE(model.Holds({0, kDiskBytes}, found));
}

class FileSystemsTest : public testing::TestWithParam<std::tuple<const char*, CacheMode>> {};

TEST_P(FileSystemsTest, SameBytesComeBack) {
  const auto [type, cache] = GetParam();
  // The smallest that mkfs.xfs and mkfs.btrfs make.
  const LoopFileSystem mount(type, 320 * kMiB);
  if (!mount.mounted()) GTEST_SKIP() << mount.why();
  const ScratchFile scratch(kDiskBytes, mount.folder());
  Exercise(scratch.path(), cache, 400);
}

using Parameters = FileSystemsTest::ParamType;

std::string NameOf(const testing::TestParamInfo<Parameters>& test) {
  constexpr std::array<const char*, 3> kModes = {"Writeback", "Writethrough", "None"};
  return std::string(std::get<0>(test.param)) +
         kModes[static_cast<size_t>(std::get<1>(test.param))];
}

INSTANTIATE_TEST_SUITE_P(All, FileSystemsTest,
                         testing::Combine(testing::Values("ext4", "xfs", "btrfs", "tmpfs"),
                                          testing::Values(CacheMode::kWriteback,
                                                          CacheMode::kWritethrough,
                                                          CacheMode::kNone)),
                         NameOf);

TEST(BlockDeviceTest, SameBytesComeBack) {
  const LoopDevice device(kDiskBytes);
  if (device.path().empty()) GTEST_SKIP() << device.why();
  Exercise(device.path(), CacheMode::kWriteback, 300);
  // The model starts from zeros.
  ASSERT_EQ(std::system(("blkdiscard -z " + device.path()).c_str()), 0);
  Exercise(device.path(), CacheMode::kNone, 300);
}

TEST(FullFileSystemTest, IsAnErrorOfTheRequest) {
  const LoopFileSystem mount("ext4", 16 * kMiB);
  if (!mount.mounted()) GTEST_SKIP() << mount.why();
  const ScratchFile scratch(64 * kMiB, mount.folder());
  WorkerPool workers;
  auto file = *File::Open({.path = scratch.path()});
  Client client(workers, *file);
  const std::vector<std::byte> bytes = Filled(kMiB, 'x');
  uint64_t count_written = 0;
  IoResult result;
  for (uint64_t i = 0; i < 64; ++i) {
    result = client.Write({i * kMiB, kMiB}, bytes);
    if (!result.ok()) break;
    ++count_written;
  }
  EXPECT_EQ(result, IoResult::Error(ENOSPC));
  EXPECT_GT(count_written, 4u);
  // What was acknowledged is there, stable, and a page that is there can still be overwritten.
  EXPECT_TRUE(client.Sync().ok());
  EXPECT_EQ(scratch.Contents(0, count_written * kMiB), Filled(count_written * kMiB, 'x'));
  EXPECT_TRUE(client.Write({0, 4096}, Filled(4096, 'y')).ok());
  // A store into a hole that is in memory as zeros has no room either.
  ReadOp op;
  ASSERT_TRUE(client.Read(op, {63 * kMiB, 4096}).ok());
  op.data.Reset();
  EXPECT_EQ(client.Write({63 * kMiB, 4096}, Filled(4096, 'z')), IoResult::Error(ENOSPC));
  EXPECT_EQ(file->latched_error(), 0);
}

}  // namespace
}  // namespace quire
