// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: bytes are compared, merged and cut right however they lie in segments.
// Method: every way to cut short strings in two, against the same on whole strings.

#include "vdisk/compare.h"

#include <gtest/gtest.h>

#include <string>

namespace quire {
namespace {

// A string in segments that end at `cuts`.
class Cut {
 public:
  Cut(std::string text, const std::vector<size_t>& cuts) : text_(std::move(text)) {
    size_t from = 0;
    for (size_t to : cuts) {
      segments_.push_back({reinterpret_cast<std::byte*>(text_.data()) + from, to - from});
      from = to;
    }
    segments_.push_back({reinterpret_cast<std::byte*>(text_.data()) + from, text_.size() - from});
  }
  SgView view() const { return SgView(segments_); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::vector<Segment> segments_;
};

std::string Text(SgView view) {
  std::string text;
  for (const Segment& piece : view.segments()) {
    text.append(reinterpret_cast<const char*>(piece.data), piece.size_bytes);
  }
  return text;
}

TEST(CompareTest, FirstDifference) {
  const std::string one = "abcdef";
  for (size_t cut = 0; cut <= one.size(); ++cut) {
    for (size_t other_cut = 0; other_cut <= one.size(); ++other_cut) {
      const Cut left(one, {cut});
      EXPECT_EQ(FirstDifference(left.view(), Cut(one, {other_cut}).view()), std::nullopt);
      for (size_t at = 0; at < one.size(); ++at) {
        std::string wrong = one;
        wrong[at] = 'x';
        wrong.back() = 'y';
        EXPECT_EQ(FirstDifference(left.view(), Cut(wrong, {other_cut}).view()), at);
      }
    }
  }
}

TEST(CompareTest, AsFarAsBothGo) {
  EXPECT_EQ(FirstDifference(Cut("abc", {}).view(), Cut("abcdef", {}).view()), std::nullopt);
  EXPECT_EQ(FirstDifference(Cut("abcdef", {}).view(), Cut("ab", {}).view()), std::nullopt);
  EXPECT_EQ(FirstDifference(SgView(), Cut("ab", {}).view()), std::nullopt);
}

TEST(CompareTest, FirstDifferenceFromBlock) {
  const std::string blocks = "abcabcabc";
  for (size_t cut = 0; cut <= blocks.size(); ++cut) {
    for (size_t in_block = 0; in_block <= 3; ++in_block) {
      const Cut block("abc", {in_block});
      EXPECT_EQ(FirstDifferenceFromBlock(Cut(blocks, {cut}).view(), block.view()), std::nullopt);
      for (size_t at = 0; at < blocks.size(); ++at) {
        std::string wrong = blocks;
        wrong[at] = 'x';
        EXPECT_EQ(FirstDifferenceFromBlock(Cut(wrong, {cut}).view(), block.view()), at);
      }
    }
  }
  EXPECT_EQ(FirstDifferenceFromBlock(SgView(), Cut("a", {}).view()), std::nullopt);
}

TEST(CompareTest, AllZero) {
  EXPECT_TRUE(AllZero(SgView()));
  for (size_t cut = 0; cut <= 4; ++cut) {
    EXPECT_TRUE(AllZero(Cut(std::string(4, '\0'), {cut}).view()));
    for (size_t at = 0; at < 4; ++at) {
      std::string wrong(4, '\0');
      wrong[at] = 1;
      EXPECT_FALSE(AllZero(Cut(wrong, {cut}).view()));
    }
  }
}

TEST(CompareTest, OrInto) {
  for (size_t cut = 0; cut <= 4; ++cut) {
    for (size_t other_cut = 0; other_cut <= 3; ++other_cut) {
      Cut target(std::string("\x01\x02\x80\x10", 4), {cut});
      OrInto(target.view(), Cut(std::string("\x10\x03\x00", 3), {other_cut}).view());
      EXPECT_EQ(target.text(), std::string("\x11\x03\x80\x10", 4));
    }
  }
}

TEST(CompareTest, PartOf) {
  const Cut whole("abcdef", {2, 2, 5});
  for (size_t offset = 0; offset <= 6; ++offset) {
    for (size_t length = 0; offset + length <= 6; ++length) {
      std::vector<Segment> pieces(1);  // of somebody else
      const SgView part = PartOf(whole.view(), offset, length, pieces);
      EXPECT_EQ(part.length_bytes(), length);
      EXPECT_EQ(Text(part), whole.text().substr(offset, length));
    }
  }
}

}  // namespace
}  // namespace quire
