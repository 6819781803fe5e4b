// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a file is opened with one clear error or works, grows online and never shrinks.
// Method: options that cannot be, growth by us and by others, what it says about itself.

#include "pagecache/file.h"

#include <gtest/gtest.h>

#include "tests/support/served_file.h"

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

TEST(FileTest, GrowsOnlineAndNeverShrinks) {
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
}

}  // namespace
}  // namespace quire
