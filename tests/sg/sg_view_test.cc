// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a cursor walks a view by any steps, over empty segments too.
// Method: one text cut in pieces, read back by steps of every size.
#include "sg/sg_view.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace quire {
namespace {

class SgViewTest : public testing::Test {
 protected:
  Segment Piece(size_t from, size_t size_bytes) {
    return {reinterpret_cast<std::byte*>(text_.data() + from), size_bytes};
  }
  std::string text_ = "abcdefghij";
  std::array<Segment, 4> segments_{Piece(0, 3), Piece(3, 0), Piece(3, 6), Piece(9, 1)};
  SgView view_{segments_};
};

TEST_F(SgViewTest, SumsItsLength) {
  EXPECT_EQ(view_.length_bytes(), 10u);
  EXPECT_FALSE(view_.empty());
  EXPECT_TRUE(SgView().empty());
}

TEST_F(SgViewTest, CursorTakesInSteps) {
  for (uint64_t step = 1; step <= 11; ++step) {
    SgCursor cursor(view_);
    std::string read;
    for (Segment piece = cursor.Take(step); piece.size_bytes > 0; piece = cursor.Take(step)) {
      ASSERT_LE(piece.size_bytes, step);
      read.append(reinterpret_cast<const char*>(piece.data), piece.size_bytes);
    }
    EXPECT_EQ(read, text_);
  }
}

TEST_F(SgViewTest, CursorSkips) {
  SgCursor cursor(view_);
  cursor.Skip(4);
  const Segment piece = cursor.Take(100);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(piece.data), piece.size_bytes), "efghi");
  cursor.Skip(1);
  EXPECT_EQ(cursor.Take(1).size_bytes, 0u);
}

TEST_F(SgViewTest, SegmentsAreTheKernelsIovec) {
  const iovec* pieces = AsIovec(segments_.data());
  EXPECT_EQ(pieces[2].iov_base, text_.data() + 3);
  EXPECT_EQ(pieces[2].iov_len, 6u);
}

}  // namespace
}  // namespace quire
