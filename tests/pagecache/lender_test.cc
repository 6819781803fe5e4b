// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a cached read is a reference, not a copy; references come back; nothing is left behind.
// Method: read resident ranges, look at the copy counters and at the addresses, let another process
// write to the file under the reference, release, retire, and ask the kernel what is still cached.

#include "pagecache/lender.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sg/copy.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint64_t kFileBytes = 8 * kMiB;

class LenderTest : public testing::TestWithParam<uint64_t> {
 protected:
  LenderTest() : scratch_(kFileBytes) {
    scratch_.Fill(0, Filled(kFileBytes, 'a'));
    file_ = *File::Open({.path = scratch_.path()});
    client_ = std::make_unique<Client>(workers_, *file_);
  }
  ~LenderTest() override { client_.reset(); }

  WorkerPool workers_;
  ScratchFile scratch_;
  std::unique_ptr<File> file_;
  std::unique_ptr<Client> client_;
};

TEST_P(LenderTest, NoByteIsCopiedAndLaterWritesOfOthersShow) {
  const uint64_t length = GetParam();
  const ByteRange range{kMiB - 512, length};
  ReadOp op;
  op.references_only = true;
  const CopyCounts before = ReadCopyCounts();
  ASSERT_EQ(client_->Read(op, range), IoResult::Bytes(length));
  const CopyCounts after = ReadCopyCounts();
  EXPECT_EQ(after.user_bytes, before.user_bytes);
  EXPECT_EQ(after.kernel_bytes, before.kernel_bytes);
  EXPECT_EQ(op.referenced_bytes, length);
  EXPECT_EQ(op.data.file_range().range, range);
  EXPECT_EQ(Collect(op.data.view()), Filled(length, 'a'));

  const pid_t child = fork();
  if (child == 0) {
    const char byte = 'z';
    const auto last = static_cast<off_t>(range.end() - 1);
    _exit(pwrite(scratch_.fd(), &byte, 1, last) == 1 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(Collect(op.data.view()).back(), std::byte{'z'});

  EXPECT_EQ(file_->stats().lent, 1u);
  op.data.Reset();
  EXPECT_EQ(file_->stats().lent, 0u);
  EXPECT_FALSE(op.revoked);
}

INSTANTIATE_TEST_SUITE_P(Sizes, LenderTest,
                         testing::Values(1, 511, 512, 513, 4095, 4096, 4097, 16 * 1024, 128 * 1024,
                                         kMiB - 1, kMiB, kMiB + 1, 4 * kMiB),
                         testing::PrintToStringParamName());

TEST_F(LenderTest, NothingIsLeftMapped) {
  ReadOp op;
  for (uint64_t offset = 0; offset < kFileBytes; offset += kMiB) {
    ASSERT_EQ(client_->Read(op, {offset, kMiB}), IoResult::Bytes(kMiB));
    Collect(op.data.view());
    op.data.Reset();
  }
  EXPECT_GT(file_->stats().page_table_bytes, 0u);
  // Warming by workers may still be under way; it ends with the channel.
  client_.reset();
  file_->RetireAll();
  EXPECT_EQ(file_->stats().page_table_bytes, 0u);
  scratch_.Drop();
  struct {
    uint64_t offset = 0, length = 0;
  } all;
  struct {
    uint64_t cached = 0, rest[4] = {};
  } found;
  if (syscall(451, scratch_.fd(), &all, &found, 0) != 0) {
    GTEST_SKIP() << "this kernel has no cachestat";
  }
  EXPECT_EQ(found.cached, 0u);
}

TEST_F(LenderTest, AHotRegionNeedsNoSystemCall) {
  ReadOp op;
  const auto hits = [this] { return file_->stats().hint_hits; };
  // Asked for often enough, the region is verified and warmed in the background.
  for (int i = 0; i < 10000 && hits() == 0; ++i) {
    ASSERT_TRUE(client_->Read(op, {4096, 4096}).ok());
    op.data.Reset();
  }
  const uint64_t before = hits();
  ASSERT_GT(before, 0u);
  ASSERT_TRUE(client_->Read(op, {0, kMiB}).ok());
  EXPECT_EQ(hits(), before + 1);
  EXPECT_EQ(op.referenced_bytes, kMiB);
  op.data.Reset();
}

TEST_F(LenderTest, AMissIsReadOnceAndCounted) {
  client_.reset();
  file_->RetireAll();
  scratch_.Drop();
  client_ = std::make_unique<Client>(workers_, *file_);
  const CopyCounts before = ReadCopyCounts();
  ReadOp first;
  ReadOp second;
  first.range = second.range = {2 * kMiB, 64 * 1024};
  client_->channel().Read(first, Client::Mark);
  client_->channel().Read(second, Client::Mark);
  ASSERT_EQ(client_->Await(first), IoResult::Bytes(64 * 1024));
  ASSERT_EQ(client_->Await(second), IoResult::Bytes(64 * 1024));
  EXPECT_EQ(first.referenced_bytes, 0u);
  EXPECT_EQ(second.referenced_bytes, 64u * 1024) << "the second waits and then finds the pages";
  EXPECT_EQ(ReadCopyCounts().kernel_bytes - before.kernel_bytes, 64u * 1024);
  EXPECT_EQ(Collect(first.data.view()), Collect(second.data.view()));
  first.data.Reset();
  second.data.Reset();
}

TEST_F(LenderTest, AMixedRangeIsSplit) {
  client_.reset();
  file_->RetireAll();
  scratch_.Drop();
  scratch_.Fill(256 * 1024, Filled(64 * 1024, 'b'));
  client_ = std::make_unique<Client>(workers_, *file_);
  ReadOp op;
  ASSERT_EQ(client_->Read(op, {128 * 1024, 320 * 1024}), IoResult::Bytes(320 * 1024));
  EXPECT_GE(op.referenced_bytes, 64u * 1024);
  EXPECT_LT(op.referenced_bytes, 320u * 1024);
  EXPECT_EQ(Collect(op.data.view()), scratch_.Contents(128 * 1024, 320 * 1024));
  op.data.Reset();
}

}  // namespace
}  // namespace quire
