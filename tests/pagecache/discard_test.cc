// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: discarded and zeroed ranges read as zeros, whatever their edges and length, and their
// neighbours keep their bytes.
// Method: ranges on both sides of a page, a block and the longest piece; a file system that
// refuses.

#include "pagecache/discard.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/log.h"
#include "tests/support/faulty_file.h"
#include "tests/support/loop.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;

class DiscardTest : public testing::TestWithParam<bool> {};

TEST_P(DiscardTest, ReadsAsZerosAndKeepsNeighbours) {
  const bool zero = GetParam();
  for (const ByteRange range : {ByteRange{4096, 4096}, ByteRange{1, 1}, ByteRange{4095, 4098},
                                ByteRange{512, kMiB}, ByteRange{kMiB - 512, 5 * kMiB + 1024}}) {
    FaultyFile served(8 * kMiB);
    ReadOp held;
    ASSERT_TRUE(served.client().Read(held, {0, 4096}).ok());
    ASSERT_EQ(served.client().Discard(range, zero), IoResult::Bytes(0)) << range.offset;
    held.data.Reset();
    std::vector<std::byte> model = Filled(8 * kMiB, 'a');
    std::fill_n(model.begin() + static_cast<ptrdiff_t>(range.offset), range.length, std::byte{0});
    EXPECT_EQ(served.scratch().Contents(0, 8 * kMiB), model);
    ReadOp op;
    ASSERT_TRUE(served.client().Read(op, {0, 4 * kMiB}).ok());
    EXPECT_EQ(Collect(op.data.view()),
              std::vector<std::byte>(model.begin(), model.begin() + 4 * kMiB));
    op.data.Reset();
  }
}

INSTANTIATE_TEST_SUITE_P(Both, DiscardTest, testing::Bool(), [](const auto& zero) {
  return std::string(zero.param ? "Zero" : "Discard");
});

TEST(DiscardSpaceTest, SpaceIsGivenBack) {
  FaultyFile served(8 * kMiB);
  ASSERT_TRUE(served.client().Sync().ok());
  ASSERT_TRUE(served.client().Discard({0, 8 * kMiB}).ok());
  struct stat file;
  ASSERT_EQ(fstat(served.scratch().fd(), &file), 0);
  EXPECT_LT(file.st_blocks * 512, static_cast<blkcnt_t>(kMiB));
  EXPECT_EQ(file.st_size, static_cast<off_t>(8 * kMiB));
}

TEST(DiscardErrorTest, ARefusedZeroIsWritten) {
  FaultyFile served(kMiB);
  served.faulty().Set({.kind = IoOp::Kind::kFallocate, .error = EOPNOTSUPP, .count = 100});
  ASSERT_TRUE(served.client().Discard({100, 200000}, /*zero=*/true).ok());
  EXPECT_EQ(served.scratch().Contents(100, 200000), Filled(200000, 0));
  EXPECT_EQ(served.scratch().Contents(0, 100), Filled(100, 'a'));
  EXPECT_EQ(served.client().Discard({0, 4096}), IoResult::Error(EOPNOTSUPP));
}

TEST(DiscardStableTest, WritethroughFlushesInTheEnd) {
  for (const bool zero : {false, true}) {
    FaultyFile served(16 * kMiB, {.path = "", .cache = CacheMode::kWritethrough});
    ASSERT_TRUE(served.client().Discard({0, 8 * kMiB}, zero).ok());
    EXPECT_EQ(served.faulty().Log(), "aaf");
    SetLogSink([](LogLevel, std::string_view) {});
    served.faulty().Set({.kind = IoOp::Kind::kFlush, .error = EIO, .count = 1});
    EXPECT_EQ(served.client().Discard({0, 4096}, zero), IoResult::Error(EIO));
    SetLogSink(nullptr);
  }
}

TEST(DiscardErrorTest, ErrorsEndItAndNothingStaysBehind) {
  FaultyFile served(16 * kMiB);
  served.faulty().Set({.kind = IoOp::Kind::kFallocate, .error = EIO, .first = 1, .count = 1});
  EXPECT_EQ(served.client().Discard({0, 16 * kMiB}), IoResult::Error(EIO));
  EXPECT_EQ(served.file().stats().lent, 0u);
  EXPECT_EQ(served.client().Discard({16 * kMiB, 1}), IoResult::Error(EINVAL));
  EXPECT_TRUE(served.client().Discard({0, 0}).ok());
}

// Its sectors are of 4096 bytes, and it refuses holes that are not whole ones.
TEST(DiscardDeviceTest, PartsOfSectorsAreWritten) {
  const LoopDevice device(16 * kMiB, 4096);
  if (device.path().empty()) GTEST_SKIP() << device.why();
  WorkerPool workers;
  std::unique_ptr<File> file = *File::Open({.path = device.path()});
  {
    Client client(workers, *file);
    for (const bool zero : {false, true}) {
      for (uint64_t at = 0; at < 16 * kMiB; at += 4 * kMiB) {
        ASSERT_TRUE(client.Write({at, 4 * kMiB}, Filled(4 * kMiB, 'a')).ok());
      }
      constexpr ByteRange kGone{512, 9 * kMiB};
      ASSERT_EQ(client.Discard(kGone, zero), IoResult::Bytes(0));
      for (uint64_t at = 0; at < 16 * kMiB; at += 4 * kMiB) {
        std::vector<std::byte> expected = Filled(4 * kMiB, 'a');
        const ByteRange gone = kGone.Intersect({at, 4 * kMiB});
        std::fill_n(expected.begin() + static_cast<ptrdiff_t>(gone.offset - at), gone.length,
                    std::byte{0});
        ReadOp op;
        ASSERT_TRUE(client.Read(op, {at, 4 * kMiB}).ok());
        EXPECT_TRUE(Collect(op.data.view()) == expected) << at << (zero ? " zeroed" : " discarded");
        op.data.Reset();
      }
    }
  }
}

}  // namespace
}  // namespace quire
