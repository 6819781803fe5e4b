// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the null disk reads zeros, forgets writes, and has any size.
// Method: operations on the backing itself.

#include "pagecache/null_backing.h"

#include <gtest/gtest.h>

#include "tests/support/served_file.h"

namespace quire {
namespace {

TEST(NullBackingTest, ReadsZerosAndTakesWrites) {
  NullBacking backing(1 << 20);
  std::vector<std::byte> bytes = Filled(4096, 'x');
  const Segment piece{bytes.data(), bytes.size()};
  IoOp op;
  op.PrepareWrite(-1, 0, {&piece, 1});
  EXPECT_EQ(backing.RunNow(op), IoResult::Bytes(4096));
  EXPECT_EQ(bytes, Filled(4096, 'x'));
  op.PrepareRead(-1, 0, {&piece, 1});
  EXPECT_EQ(backing.RunNow(op), IoResult::Bytes(4096));
  EXPECT_EQ(bytes, Filled(4096, 0));
}

TEST(NullBackingTest, IsAlwaysInMemoryAndGrows) {
  NullBacking backing(uint64_t{1} << 42);
  const auto mapping = *backing.Map(uint64_t{1} << 42);
  EXPECT_EQ(*mapping->At((uint64_t{1} << 42) - 1), std::byte{0});
  uint8_t page = 0;
  EXPECT_TRUE(backing.AskPages(*mapping, {0, 4096}, {&page, 1}));
  EXPECT_EQ(page, 1);
  EXPECT_EQ(backing.CountCached({0, 8192}), 8192);
  EXPECT_EQ(backing.Grow(uint64_t{1} << 43), 0);
  EXPECT_EQ(backing.CurrentSize(), int64_t{1} << 43);
  EXPECT_EQ(backing.Grow(1), 0);
  EXPECT_EQ(backing.CurrentSize(), int64_t{1} << 43) << "growing never shrinks";
  EXPECT_EQ(backing.Shrink(uint64_t{1} << 44), 0);
  EXPECT_EQ(backing.CurrentSize(), int64_t{1} << 43) << "nor does shrinking enlarge";
  EXPECT_EQ(backing.Shrink(4096), 0);
  EXPECT_EQ(backing.CurrentSize(), 4096);
}

TEST(NullBackingTest, HasNoRoomAndNoCopies) {
  NullBacking backing(1 << 20);
  ByteRange found;
  EXPECT_EQ(backing.FindMapped({0, 1 << 20}, {&found, 1}), 0);
  EXPECT_NE(backing.CloneTo(-1), 0);
}

}  // namespace
}  // namespace quire
