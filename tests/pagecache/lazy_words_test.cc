// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: all words are zero at first and keep what is put there, however many there are.
// Method: a terabyte of them, of which two are touched.

#include "pagecache/lazy_words.h"

#include <gtest/gtest.h>

namespace quire {
namespace {

TEST(LazyWordsTest, ZeroAndCheap) {
  constexpr uint64_t kCount = uint64_t{1} << 37;
  const LazyWords words(kCount);
  EXPECT_EQ(words[0].load(), 0u);
  words[kCount - 1].store(7);
  EXPECT_EQ(words[kCount - 1].load(), 7u);
  EXPECT_EQ(words[kCount - 2].load(), 0u);
  EXPECT_EQ(words.count(), kCount);
}

}  // namespace
}  // namespace quire
