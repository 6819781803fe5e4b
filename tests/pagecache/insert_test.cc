// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a write goes where it should, lands whole, and its errors are its own.
// Method: resident and absent ranges, ragged edges, short and failing writes by a faulty backing,
// the order of data and flush, O_DIRECT with unaligned requests.

#include "pagecache/insert.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/faulty_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
using Kind = IoOp::Kind;

uint64_t CountOf(const File& file, WritePath path) {
  return file.stats().write_paths[static_cast<size_t>(path)];
}

TEST(InsertTest, ResidentPagesAreStoredAbsentOnesWritten) {
  FaultyFile served(4 * kMiB);
  EXPECT_TRUE(served.client().Write({4096, 4096}, Filled(4096, 'b')).ok());
  EXPECT_EQ(CountOf(served.file(), WritePath::kStore), 1u);
  EXPECT_EQ(served.faulty().Log(), "");
  served.Drop();
  EXPECT_TRUE(served.client().Write({kMiB, 4096}, Filled(4096, 'c')).ok());
  EXPECT_EQ(CountOf(served.file(), WritePath::kWrite), 1u);
  EXPECT_EQ(served.faulty().Log(), "w") << "and nothing was read first";
  EXPECT_EQ(served.scratch().Contents(4096, 4096), Filled(4096, 'b'));
  EXPECT_EQ(served.scratch().Contents(kMiB, 4096), Filled(4096, 'c'));
}

TEST(InsertTest, StoresAreForWhatIsWrittenDensely) {
  FaultyFile served(4 * kMiB);
  served.client().stores_only = false;
  for (uint64_t page = 0; page < 64; ++page) {
    EXPECT_TRUE(served.client().Write({page * 4096, 4096}, Filled(4096, 'b')).ok());
  }
  EXPECT_EQ(CountOf(served.file(), WritePath::kStore), 0u);
  for (uint64_t page = 64; page < 320; ++page) {
    EXPECT_TRUE(served.client().Write({page * 4096, 4096}, Filled(4096, 'c')).ok());
  }
  const uint64_t stores = CountOf(served.file(), WritePath::kStore);
  EXPECT_GT(stores, 64u);
  EXPECT_TRUE(served.client().Write({2 * kMiB, 4096}, Filled(4096, 'd')).ok());
  EXPECT_EQ(CountOf(served.file(), WritePath::kStore), stores) << "another stretch";
  EXPECT_EQ(served.scratch().Contents(0, 64 * 4096), Filled(64 * 4096, 'b'));
  EXPECT_EQ(served.scratch().Contents(64 * 4096, 256 * 4096), Filled(256 * 4096, 'c'));
}

TEST(InsertTest, RaggedEdgesOverAbsentPagesAreLeftToAWorker) {
  FaultyFile served(4 * kMiB);
  served.Drop();
  EXPECT_TRUE(served.client().Write({kMiB + 512, 8192}, Filled(8192, 'b')).ok());
  EXPECT_EQ(CountOf(served.file(), WritePath::kWriteByWorker), 1u);
  EXPECT_EQ(served.scratch().Contents(kMiB, 512), Filled(512, 'a'));
  EXPECT_EQ(served.scratch().Contents(kMiB + 512, 8192), Filled(8192, 'b'));
  EXPECT_EQ(served.scratch().Contents(kMiB + 512 + 8192, 512), Filled(512, 'a'));
}

TEST(InsertTest, ShortWritesAreContinued) {
  FaultyFile served(4 * kMiB);
  served.Drop();
  served.faulty().Set({.kind = Kind::kWrite, .count = 3, .short_bytes = 1000});
  EXPECT_EQ(served.client().Write({kMiB, 65536}, Filled(65536, 'b')), IoResult::Bytes(65536));
  EXPECT_EQ(served.scratch().Contents(kMiB, 65536), Filled(65536, 'b'));
}

TEST(InsertTest, ErrorsAreAnsweredAndTheRestGoesOn) {
  FaultyFile served(4 * kMiB);
  served.Drop();
  for (const int error : {ENOSPC, EDQUOT, EIO}) {
    served.faulty().Set({.kind = Kind::kWrite, .error = error, .count = 1});
    EXPECT_EQ(served.client().Write({kMiB, 4096}, Filled(4096, 'b')), IoResult::Error(error));
    EXPECT_TRUE(served.client().Write({kMiB, 4096}, Filled(4096, 'b')).ok());
    served.Drop();
  }
  EXPECT_EQ(served.file().stats().lent, 0u);
  EXPECT_EQ(served.file().latched_error(), 0);
}

TEST(InsertTest, FuaAndWritethroughFlushAfterTheData) {
  FaultyFile served(4 * kMiB);
  served.Drop();
  EXPECT_TRUE(served.client().Write({0, 4096}, Filled(4096, 'b'), /*fua=*/true).ok());
  EXPECT_EQ(served.faulty().Log(), "wf");
  FaultyFile through(4 * kMiB, {.path = "", .cache = CacheMode::kWritethrough});
  through.Drop();
  EXPECT_TRUE(through.client().Write({0, 4096}, Filled(4096, 'b')).ok());
  EXPECT_EQ(through.faulty().Log(), "wf");
}

TEST(InsertTest, RefusesWhatCannotBe) {
  FaultyFile served(kMiB);
  EXPECT_EQ(served.client().Write({kMiB - 1, 2}, Filled(2, 'b')), IoResult::Error(EINVAL));
  EXPECT_EQ(served.client().Write({0, 2}, Filled(1, 'b')), IoResult::Error(EINVAL));
  EXPECT_EQ(served.client().Write({0, 0}, {}), IoResult::Bytes(0));
  FaultyFile read_only(kMiB, {.path = "", .read_only = true});
  EXPECT_EQ(read_only.client().Write({0, 1}, Filled(1, 'b')), IoResult::Error(EROFS));
}

}  // namespace
}  // namespace quire
