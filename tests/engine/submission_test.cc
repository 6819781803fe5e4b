// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: every kind of operation becomes the submission entry that io_uring wants, and what an entry
// has no room for is known before.
// Method: entries read field by field; nothing is submitted (ring_test.cc does that).

#include "engine/submission.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace quire {
namespace {

class SubmissionTest : public ::testing::Test {
 protected:
  const io_uring_sqe& Fill() {
    FillSubmission(*entry_, op_);
    return *entry_;
  }

  std::array<std::byte, 64> memory_{};
  std::array<Segment, 2> pieces_{Segment{memory_.data(), 32}, Segment{memory_.data() + 32, 32}};
  IoOp op_;
  const std::unique_ptr<io_uring_sqe> entry_ = std::make_unique<io_uring_sqe>();
};

TEST_F(SubmissionTest, OnePieceNeedsNoVector) {
  op_.PrepareRead(7, 4096, std::span(pieces_).first(1));
  EXPECT_EQ(Fill().opcode, IORING_OP_READ);
  EXPECT_EQ(entry_->fd, 7);
  EXPECT_EQ(entry_->off, 4096u);
  EXPECT_EQ(entry_->addr, reinterpret_cast<uintptr_t>(memory_.data()));
  EXPECT_EQ(entry_->len, 32u);
  op_.PrepareWrite(7, 4096, pieces_);
  EXPECT_EQ(Fill().opcode, IORING_OP_WRITEV);
  EXPECT_EQ(entry_->addr, reinterpret_cast<uintptr_t>(pieces_.data()));
  EXPECT_EQ(entry_->len, 2u);
}

TEST_F(SubmissionTest, FixedSlotsAreUsed) {
  op_.PrepareWrite(7, 0, std::span(pieces_).first(1));
  op_.fixed_file = 3;
  op_.fixed_buffer = 5;
  EXPECT_EQ(Fill().opcode, IORING_OP_WRITE_FIXED);
  EXPECT_EQ(entry_->fd, 3);
  EXPECT_EQ(entry_->flags & IOSQE_FIXED_FILE, IOSQE_FIXED_FILE);
  EXPECT_EQ(entry_->buf_index, 5);
}

TEST_F(SubmissionTest, AFlushOfMoreThanFitsIsOneOfEverything) {
  op_.PrepareFlush(7, {4096, 8192});
  EXPECT_EQ(Fill().opcode, IORING_OP_FSYNC);
  EXPECT_EQ(entry_->off, 4096u);
  EXPECT_EQ(entry_->len, 8192u);
  op_.PrepareFlush(7, {4096, uint64_t{1} << 40});
  EXPECT_EQ(Fill().off, 0u);
  EXPECT_EQ(entry_->len, 0u);
}

TEST_F(SubmissionTest, AHoleOfAnyLength) {
  op_.PrepareFallocate(7, {4096, uint64_t{1} << 40}, FALLOC_FL_PUNCH_HOLE);
  EXPECT_EQ(Fill().opcode, IORING_OP_FALLOCATE);
  EXPECT_EQ(entry_->addr, uint64_t{1} << 40);
  EXPECT_EQ(entry_->len, static_cast<uint32_t>(FALLOC_FL_PUNCH_HOLE));
}

TEST_F(SubmissionTest, KnowsWhatFits) {
  for (const uint64_t length : {uint64_t{UINT32_MAX}, uint64_t{1} << 32}) {
    const Segment piece{nullptr, length};
    op_.PrepareRead(0, 0, {&piece, 1});
    EXPECT_EQ(FitsSubmission(op_), length <= UINT32_MAX);
  }
  op_.PrepareFallocate(0, {0, uint64_t{1} << 40}, 0);
  EXPECT_TRUE(FitsSubmission(op_));
  op_.PrepareFlush(0, {0, uint64_t{1} << 40});
  EXPECT_TRUE(FitsSubmission(op_));
}

}  // namespace
}  // namespace quire
