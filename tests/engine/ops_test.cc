// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: every kind of operation does what its system call does, by the ring and by a worker alike.
// Method: one body per kind over all ring kinds; RunBlocking directly; results compared with errno.
#include "engine/ops.h"

#include <poll.h>

#include <array>

#include "tests/engine/reactor_fixture.h"

namespace quire {
namespace {

class OpsTest : public ReactorFixture {
 protected:
  IoResult Do(TestOp& op) {
    const int before = op.count_callbacks;
    Submit(op);
    EXPECT_EQ(op.count_callbacks, before);  // never inside the call
    WaitUntil([&] { return op.count_callbacks > before; });
    return op.last;
  }
  TestOp op_;
};

TEST_P(OpsTest, ReadOnePiece) {
  const TempFile file("hello world");
  std::string text(5, '.');
  const Segment piece = PieceOf(text);
  op_.PrepareRead(file.fd(), 6, {&piece, 1});
  EXPECT_EQ(op_.range, (ByteRange{6, 5}));
  EXPECT_EQ(Do(op_), IoResult::Bytes(5));
  EXPECT_EQ(text, "world");
}

TEST_P(OpsTest, AOnePieceListMayGoBeforeTheOperation) {
  const TempFile file("hello world");
  std::string text(5, '.');
  {
    std::vector<Segment> pieces{PieceOf(text)};
    op_.PrepareRead(file.fd(), 0, pieces);
    pieces[0] = {};
  }
  EXPECT_EQ(Do(op_), IoResult::Bytes(5));
  EXPECT_EQ(text, "hello");
}

TEST_P(OpsTest, ReadAndWriteManyPieces) {
  const TempFile file("................");
  std::string text = "abcdef";
  const std::array<Segment, 3> out{PieceOf(text, 4, 2), PieceOf(text, 0, 3), PieceOf(text, 3, 1)};
  op_.PrepareWrite(file.fd(), 2, out);
  EXPECT_EQ(op_.range, (ByteRange{2, 6}));
  EXPECT_EQ(Do(op_), IoResult::Bytes(6));
  EXPECT_EQ(file.Read(10), "..efabcd..");
  std::string read(6, ' ');
  const std::array<Segment, 2> in{PieceOf(read, 3, 3), PieceOf(read, 0, 3)};
  op_.PrepareRead(file.fd(), 2, in);
  EXPECT_EQ(Do(op_), IoResult::Bytes(6));
  EXPECT_EQ(read, "bcdefa");
}

TEST_P(OpsTest, ShortReadsStayShort) {
  const TempFile file("abc");
  std::string text(10, '.');
  const Segment piece = PieceOf(text);
  op_.PrepareRead(file.fd(), 1, {&piece, 1});
  EXPECT_EQ(Do(op_), IoResult::Bytes(2));
  op_.PrepareRead(file.fd(), 3, {&piece, 1});
  EXPECT_EQ(Do(op_), IoResult::Bytes(0));
}

TEST_P(OpsTest, AnEmptyListTransfersNothing) {
  const TempFile file("abc");
  op_.PrepareRead(file.fd(), 0, {});
  EXPECT_EQ(Do(op_), IoResult::Bytes(0));
}

TEST_P(OpsTest, ErrorsAreTheKernels) {
  const TempFile file("abc");
  std::string text(10, '.');
  const Segment piece = PieceOf(text);
  op_.PrepareRead(-1, 0, {&piece, 1});
  EXPECT_EQ(Do(op_).error(), EBADF);
  op_.PrepareFlush(-1, {});
  EXPECT_EQ(Do(op_).error(), EBADF);
  op_.PrepareFallocate(-1, {0, 10}, 0);
  EXPECT_EQ(Do(op_).error(), EBADF);
  const Segment nowhere{reinterpret_cast<std::byte*>(8), 3};
  op_.PrepareRead(file.fd(), 0, {&nowhere, 1});
  EXPECT_EQ(Do(op_).error(), EFAULT);
}

TEST_P(OpsTest, FlagsReachTheKernel) {
  const TempFile file("abc");
  std::string text = "xy";
  const Segment piece = PieceOf(text);
  op_.PrepareWrite(file.fd(), 0, {&piece, 1}, RWF_APPEND);
  EXPECT_EQ(Do(op_), IoResult::Bytes(2));
  EXPECT_EQ(file.Read(10), "abcxy");
  op_.PrepareWrite(file.fd(), 0, {&piece, 1}, 0x40000000);
  EXPECT_EQ(Do(op_).error(), EOPNOTSUPP);
}

TEST_P(OpsTest, FlushRangeAndWhole) {
  const TempFile file(std::string(10'000, 'x'));
  for (const ByteRange range :
       {ByteRange{}, ByteRange{4096, 100}, ByteRange{0, uint64_t{8} << 30}, ByteRange{5000, 0}}) {
    op_.PrepareFlush(file.fd(), range);
    EXPECT_EQ(Do(op_), IoResult::Bytes(0)) << range.offset << "+" << range.length;
  }
}

TEST_P(OpsTest, Fallocate) {
  const TempFile file(std::string(8192, 'x'));
  op_.PrepareFallocate(file.fd(), {4096, 4096}, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
  const IoResult result = Do(op_);
  if (result.error() == EOPNOTSUPP) GTEST_SKIP() << "no holes on this file system";
  EXPECT_EQ(result, IoResult::Bytes(0));
  EXPECT_EQ(file.Read(8192), std::string(4096, 'x') + std::string(4096, '\0'));
}

TEST_P(OpsTest, PrepareForgetsRegistrations) {
  op_.fixed_file = 3;
  op_.fixed_buffer = 4;
  op_.PrepareFlush(5, {1, 2});
  EXPECT_EQ(op_.fixed_file, -1);
  EXPECT_EQ(op_.fixed_buffer, -1);
  EXPECT_EQ(op_.fd, 5);
}

TEST(RunBlocking, DoesTheSame) {
  const TempFile file("abcdef");
  std::string text = "xy";
  const Segment piece = PieceOf(text);
  TestOp op;
  op.PrepareWrite(file.fd(), 1, {&piece, 1});
  EXPECT_EQ(op.RunBlocking(), IoResult::Bytes(2));
  op.PrepareRead(file.fd(), 4, {&piece, 1});
  EXPECT_EQ(op.RunBlocking(), IoResult::Bytes(2));
  EXPECT_EQ(text, "ef");
  EXPECT_EQ(file.Read(10), "axydef");
}

INSTANTIATE_TEST_SUITE_P(All, OpsTest, AllRingKinds(), NameOf);

}  // namespace
}  // namespace quire
