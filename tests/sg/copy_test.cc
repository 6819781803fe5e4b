// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: payload is copied right between any cuts, and every byte is counted, once.
// Method: all ways to cut two short buffers in three, and the counters before and after.
#include "sg/copy.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace quire {
namespace {

Segment Piece(std::string& text, size_t from, size_t to) {
  return {reinterpret_cast<std::byte*>(text.data() + from), to - from};
}

std::array<Segment, 3> Cut(std::string& text, size_t first, size_t second) {
  return {Piece(text, 0, first), Piece(text, first, second), Piece(text, second, text.size())};
}

TEST(Copy, EveryCutOfBothSides) {
  std::string source = "abcdef";
  for (size_t i = 0; i <= 6; ++i) {
    for (size_t j = i; j <= 6; ++j) {
      for (size_t k = 0; k <= 6; ++k) {
        for (size_t l = k; l <= 6; ++l) {
          std::string target = "......";
          const auto from = Cut(source, i, j);
          const auto to = Cut(target, k, l);
          ASSERT_EQ(CopySg(SgView(to), SgView(from)), 6u);
          ASSERT_EQ(target, source) << i << j << k << l;
        }
      }
    }
  }
}

TEST(Copy, TheShorterSideDecides) {
  std::string source = "abcdef";
  std::string target = "........";
  const auto from = Cut(source, 2, 4);
  const auto to = Cut(target, 3, 5);
  EXPECT_EQ(CopySg(SgView(to), SgView(from)), 6u);
  EXPECT_EQ(target, "abcdef..");
  target = "...";
  const Segment all = Piece(target, 0, 3);
  EXPECT_EQ(CopySg(SgView({&all, 1}), SgView(from)), 3u);
  EXPECT_EQ(target, "abc");
  EXPECT_EQ(CopySg(SgView(), SgView(from)), 0u);
}

TEST(Copy, CountsEveryByteOnce) {
  std::string source = "abcdef";
  std::string target = "......";
  const CopyCounts before = ReadCopyCounts();
  const auto from = Cut(source, 1, 5);
  const auto to = Cut(target, 3, 3);
  CopySg(SgView(to), SgView(from));
  CountKernelCopy(4096);
  const CopyCounts after = ReadCopyCounts();
  EXPECT_EQ(after.user_bytes - before.user_bytes, 6u);
  EXPECT_EQ(after.kernel_bytes - before.kernel_bytes, 4096u);
}

}  // namespace
}  // namespace quire
