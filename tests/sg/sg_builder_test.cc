// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: neighbours in memory become one segment, others do not, and a full vector says so.
// Method: pieces of one array.
#include "sg/sg_builder.h"

#include <gtest/gtest.h>

#include <array>

namespace quire {
namespace {

class SgBuilderTest : public testing::Test {
 protected:
  Segment Piece(size_t from, size_t size_bytes) { return {memory_.data() + from, size_bytes}; }
  std::array<std::byte, 4096> memory_{};
  SgVector vector_;
  SgBuilder builder_{vector_};
};

TEST_F(SgBuilderTest, MergesNeighbours) {
  EXPECT_TRUE(builder_.Append(Piece(0, 10)));
  EXPECT_TRUE(builder_.Append(Piece(10, 5)));
  EXPECT_TRUE(builder_.Append(Piece(16, 4)));
  EXPECT_TRUE(builder_.Append(Piece(15, 1)));
  ASSERT_EQ(vector_.view().segments().size(), 3u);
  EXPECT_EQ(vector_.view().segments()[0].size_bytes, 15u);
  EXPECT_EQ(vector_.length_bytes(), 20u);
}

TEST_F(SgBuilderTest, SkipsEmptyPieces) {
  EXPECT_TRUE(builder_.Append(Piece(0, 0)));
  EXPECT_TRUE(vector_.view().segments().empty());
}

TEST_F(SgBuilderTest, AFullVectorRefusesStrangersButTakesNeighbours) {
  for (size_t i = 0; i < SgVector::kMaxSegments; ++i) ASSERT_TRUE(builder_.Append(Piece(i * 8, 4)));
  const uint64_t length_bytes = vector_.length_bytes();
  EXPECT_FALSE(builder_.Append(Piece(1000, 4)));
  EXPECT_EQ(vector_.length_bytes(), length_bytes);
  EXPECT_TRUE(builder_.Append(Piece((SgVector::kMaxSegments - 1) * 8 + 4, 4)));
  EXPECT_EQ(vector_.length_bytes(), length_bytes + 4);
}

TEST_F(SgBuilderTest, FinishHandsTheHoldOver) {
  int count_released = 0;
  const auto release = [](void* count, uint64_t) noexcept { ++*static_cast<int*>(count); };
  builder_.Append(Piece(0, 10));
  builder_.SetFileRange({3, {100, 10}});
  builder_.Finish(Hold(release, &count_released, 0));
  EXPECT_TRUE(vector_.held());
  EXPECT_EQ(vector_.file_range().fd, 3);
  EXPECT_EQ(count_released, 0);
  vector_.Reset();
  EXPECT_EQ(count_released, 1);
}

}  // namespace
}  // namespace quire
