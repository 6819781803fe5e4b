// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a file or device is opened or refused with a line that says what to do; what is asked about
// memory is answered truly.
// Method: paths that cannot be; pages loaded and dropped around the questions.

#include "pagecache/kernel_backing.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/loop.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

constexpr uint64_t kBytes = 1024 * 1024;

TEST(KernelBackingTest, SaysWhyNot) {
  const auto missing = KernelBacking::Open({.path = "/nowhere/at/all"});
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  const auto folder = KernelBacking::Open({.path = "/tmp", .read_only = true});
  EXPECT_NE(folder.status().message().find("neither a regular file"), std::string::npos);
  const std::string pipe = ScratchFile::Folder() + "/quire-test-pipe";
  unlink(pipe.c_str());
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(KernelBacking::Open({.path = pipe}).ok());
  unlink(pipe.c_str());
}

TEST(KernelBackingTest, KnowsWhatIsInMemory) {
  const ScratchFile scratch(kBytes);
  scratch.Fill(0, Filled(kBytes, 'a'));
  const auto backing = *KernelBacking::Open({.path = scratch.path()});
  const auto mapping = *backing->Map(kBytes);
  std::vector<uint8_t> pages(kBytes / 4096);
  ASSERT_TRUE(backing->AskPages(*mapping, {0, kBytes}, pages));
  EXPECT_EQ(std::count(pages.begin(), pages.end(), 1), static_cast<ptrdiff_t>(pages.size()));
  scratch.Drop();
  ASSERT_TRUE(backing->AskPages(*mapping, {0, kBytes}, pages));
  EXPECT_EQ(std::count(pages.begin(), pages.end(), 1), 0);
  if (KernelFeatures::Get().cachestat) {
    EXPECT_EQ(backing->CountCached({0, kBytes}), 0);
  }
  // One page, without its neighbours.
  posix_fadvise(scratch.fd(), 0, 0, POSIX_FADV_RANDOM);
  scratch.Contents(40960, 1);
  ASSERT_TRUE(backing->AskPages(*mapping, {36864, 12288}, pages));
  EXPECT_EQ(pages[0], 0);
  EXPECT_EQ(pages[1], 1);
  EXPECT_EQ(pages[2], 0);
}

TEST(KernelBackingTest, ShrinksAndNeverEnlarges) {
  const ScratchFile scratch(kBytes);
  const auto backing = *KernelBacking::Open({.path = scratch.path()});
  EXPECT_EQ(backing->Shrink(2 * kBytes), 0);
  EXPECT_EQ(backing->CurrentSize(), static_cast<int64_t>(kBytes));
  EXPECT_EQ(backing->Shrink(kBytes / 2), 0);
  EXPECT_EQ(backing->CurrentSize(), static_cast<int64_t>(kBytes / 2));
}

TEST(KernelBackingTest, GrowsAndTellsItsSize) {
  const ScratchFile scratch(kBytes);
  const auto backing = *KernelBacking::Open({.path = scratch.path()});
  EXPECT_EQ(backing->CurrentSize(), static_cast<int64_t>(kBytes));
  EXPECT_EQ(backing->Grow(2 * kBytes), 0);
  EXPECT_EQ(backing->Grow(kBytes), 0);
  EXPECT_EQ(backing->CurrentSize(), static_cast<int64_t>(2 * kBytes));
}

TEST(KernelBackingTest, TellsTheRoomThatItTakesAndThatIsLeft) {
  const ScratchFile scratch(kBytes);
  const auto backing = *KernelBacking::Open({.path = scratch.path()});
  const std::optional<Room> sparse = backing->CurrentRoom();
  ASSERT_TRUE(sparse.has_value());
  EXPECT_LT(sparse->used_bytes, kBytes / 2);
  EXPECT_GT(sparse->available_bytes, kBytes);
  scratch.Fill(0, Filled(kBytes, 'a'));
  EXPECT_EQ(fsync(scratch.fd()), 0);  // until then the file system may not have decided
  EXPECT_GE(backing->CurrentRoom()->used_bytes, kBytes);
  const LoopDevice device(kBytes);
  if (device.path().empty()) GTEST_SKIP() << device.why();
  EXPECT_FALSE((*KernelBacking::Open({.path = device.path()}))->CurrentRoom().has_value());
}

}  // namespace
}  // namespace quire
