// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever length and offset, what was written is read back; requests that overlap come one
// after the other.
// Method: lengths on both sides of every boundary at odd offsets, cached and dropped; writes
// started at once over the same bytes.

#include "pagecache/file_channel.h"

#include <gtest/gtest.h>

#include "tests/support/faulty_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;

class LengthTest : public testing::TestWithParam<uint64_t> {};

TEST_P(LengthTest, ComesBackAsWritten) {
  const uint64_t length = GetParam();
  FaultyFile served(9 * kMiB);
  int value = 'b';
  for (const uint64_t offset :
       {uint64_t{0}, uint64_t{511}, uint64_t{4096}, kMiB - 1, 4 * kMiB - 4096, 9 * kMiB - length}) {
    for (const bool dropped : {false, true}) {
      if (dropped) served.Drop();
      ASSERT_EQ(served.client().Write({offset, length}, Filled(length, ++value)),
                IoResult::Bytes(length));
      ReadOp op;
      ASSERT_EQ(served.client().Read(op, {offset, length}), IoResult::Bytes(length));
      ASSERT_EQ(Collect(op.data.view()), Filled(length, value)) << offset;
      op.data.Reset();
      ASSERT_EQ(served.scratch().Contents(offset, length), Filled(length, value)) << offset;
    }
  }
  EXPECT_EQ(served.file().stats().lent, 0u);
}

INSTANTIATE_TEST_SUITE_P(Boundaries, LengthTest,
                         testing::Values(1, 511, 512, 513, 4095, 4096, 4097, kMiB - 1, kMiB,
                                         kMiB + 1, 4 * kMiB - 1, 4 * kMiB),
                         testing::PrintToStringParamName());

TEST(FileChannelTest, OverlappingWritesComeInOrder) {
  FaultyFile served(kMiB);
  served.Drop();
  // Ragged, so that they go by workers and would overtake each other.
  std::vector<WriteOp> ops(8);
  std::vector<std::vector<std::byte>> bytes;
  bytes.reserve(8);
  for (int i = 0; i < 8; ++i) bytes.push_back(Filled(10000, 'b' + i));
  std::vector<Segment> pieces(8);
  for (size_t i = 0; i < ops.size(); ++i) {
    pieces[i] = {bytes[i].data(), bytes[i].size()};
    ops[i].range = {1000, 10000};
    ops[i].source = SgView({&pieces[i], 1});
    served.client().channel().Write(ops[i], Client::Mark);
  }
  for (WriteOp& op : ops) EXPECT_EQ(served.client().Await(op), IoResult::Bytes(10000));
  EXPECT_EQ(served.scratch().Contents(1000, 10000), bytes.back());
  EXPECT_EQ(served.file().stats().waits, 7u);
}

TEST(FileChannelTest, TooLongIsRefused) {
  FaultyFile served(9 * kMiB);
  ReadOp op;
  EXPECT_FALSE(served.client().Read(op, {0, kMaxTransferBytes + 1}).ok());
  EXPECT_FALSE(
      served.client().Write({0, kMaxTransferBytes + 1}, Filled(kMaxTransferBytes + 1, 0)).ok());
}

}  // namespace
}  // namespace quire
