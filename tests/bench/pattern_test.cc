// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the pattern tells every place and version apart, and a sum looks at every byte.
// Method: fill, change one byte, look.
#include "bench/support/pattern.h"

#include <gtest/gtest.h>

#include <vector>

namespace quire::bench {
namespace {

constexpr uint64_t kOffset = 40960;

class Pattern : public testing::Test {
 protected:
  Pattern() : bytes_(4096 + 8) { FillPattern(bytes_, kOffset, 3); }
  bool Has(uint64_t offset, uint64_t version) const {
    const Segment pieces[] = {{Data(), 8}, {Data() + 8, bytes_.size() - 8}};
    return HasPattern(SgView(pieces), offset, version);
  }
  std::byte* Data() const { return const_cast<std::byte*>(bytes_.data()); }

  std::vector<std::byte> bytes_;
};

TEST_F(Pattern, IsFoundAcrossSegments) { EXPECT_TRUE(Has(kOffset, 3)); }

TEST_F(Pattern, IsAnotherElsewhereAndLater) {
  EXPECT_FALSE(Has(kOffset + 8, 3));
  EXPECT_FALSE(Has(kOffset, 4));
}

TEST_F(Pattern, ShowsEveryChangedByte) {
  const uint64_t sum = SumWords(bytes_);
  for (std::byte& byte : bytes_) {
    byte ^= std::byte{1};
    EXPECT_FALSE(Has(kOffset, 3));
    EXPECT_NE(SumWords(bytes_), sum);
    byte ^= std::byte{1};
  }
  EXPECT_TRUE(Has(kOffset, 3));
}

TEST_F(Pattern, SumsPiecesAsTheWhole) {
  const Segment pieces[] = {{Data(), 1024}, {Data() + 1024, bytes_.size() - 1024}};
  EXPECT_EQ(SumWords(SgView(pieces)), SumWords(bytes_));
}

}  // namespace
}  // namespace quire::bench
