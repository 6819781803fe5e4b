// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: an owning vector carries segments, file range and hold through moves, and leaves nothing.
// Method: moves of a filled vector, with a release function that counts.
#include "sg/sg_vector.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "sg/sg_builder.h"

namespace quire {
namespace {

class SgVectorTest : public testing::Test {
 protected:
  SgVector Make(size_t size_bytes) {
    SgVector vector;
    SgBuilder builder(vector);
    builder.Append({memory_.data(), size_bytes});
    builder.SetFileRange({5, {0, size_bytes}});
    builder.Finish(Hold([](void* count, uint64_t) noexcept { ++*static_cast<int*>(count); },
                        &count_released_, 0));
    return vector;
  }
  std::array<std::byte, 64> memory_{};
  int count_released_ = 0;
};

TEST_F(SgVectorTest, MovesWhole) {
  SgVector first = Make(20);
  SgVector second = std::move(first);
  EXPECT_EQ(second.length_bytes(), 20u);
  ASSERT_EQ(second.view().segments().size(), 1u);
  EXPECT_EQ(second.view().segments()[0].data, memory_.data());
  EXPECT_TRUE(second.file_range().known());
  EXPECT_EQ(first.length_bytes(), 0u);  // NOLINT(bugprone-use-after-move): that is the point
  EXPECT_FALSE(first.held());
  EXPECT_FALSE(first.file_range().known());
  EXPECT_EQ(count_released_, 0);
}

TEST_F(SgVectorTest, AssignmentReturnsWhatWasThere) {
  SgVector first = Make(20);
  first = Make(30);
  EXPECT_EQ(count_released_, 1);
  EXPECT_EQ(first.length_bytes(), 30u);
}

TEST_F(SgVectorTest, TheEndReturnsTheMemoryOnce) {
  {
    SgVector first = Make(20);
    const SgVector second = std::move(first);
  }
  EXPECT_EQ(count_released_, 1);
}

}  // namespace
}  // namespace quire
