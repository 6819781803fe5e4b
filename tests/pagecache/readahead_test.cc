// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: streams are noticed, also several at once; random reads are not taken for one.
// Method: sequences of reads, and what is worth loading after each.

#include "pagecache/readahead.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace quire {
namespace {

constexpr uint64_t kSize = uint64_t{1} << 30;
constexpr uint64_t kRead = 64 * 1024;

TEST(ReadaheadTest, TheThirdReadInARowStartsAStream) {
  Readahead readahead;
  EXPECT_FALSE(readahead.Note({0, kRead}, kSize).has_value());
  EXPECT_FALSE(readahead.Note({kRead, kRead}, kSize).has_value());
  const auto ahead = readahead.Note({2 * kRead, kRead}, kSize);
  ASSERT_TRUE(ahead.has_value());
  EXPECT_EQ(*ahead, (ByteRange{3 * kRead, Readahead::kAheadBytes}));
}

TEST(ReadaheadTest, EveryByteIsLoadedOnceAndInTime) {
  Readahead readahead;
  uint64_t loaded_end = 0;
  for (uint64_t offset = 0; offset < 64 * 1024 * 1024; offset += kRead) {
    if (offset >= 3 * kRead) {
      EXPECT_GE(loaded_end, offset + kRead);
    }
    if (const auto ahead = readahead.Note({offset, kRead}, kSize)) {
      if (loaded_end != 0) {
        EXPECT_EQ(ahead->offset, loaded_end);
      }
      loaded_end = ahead->end();
    }
  }
}

TEST(ReadaheadTest, InterleavedStreamsAreToldApart) {
  Readahead readahead;
  int count_ahead = 0;
  for (uint64_t i = 0; i < 3; ++i) {
    for (uint64_t stream = 0; stream < 4; ++stream) {
      const uint64_t offset = stream * (kSize / 4) + i * kRead;
      if (readahead.Note({offset, kRead}, kSize).has_value()) ++count_ahead;
    }
  }
  EXPECT_EQ(count_ahead, 4);
}

TEST(ReadaheadTest, RandomReadsAreNoStream) {
  Readahead readahead;
  Prng random(1);
  for (int i = 0; i < 10000; ++i) {
    const uint64_t offset = random.Below(kSize / 4096 / 2) * 8192;
    EXPECT_FALSE(readahead.Note({offset, 4096}, kSize).has_value());
  }
}

TEST(ReadaheadTest, StopsAtTheEndOfTheFile) {
  Readahead readahead;
  const uint64_t size = 4 * kRead;
  readahead.Note({0, kRead}, size);
  readahead.Note({kRead, kRead}, size);
  const auto ahead = readahead.Note({2 * kRead, kRead}, size);
  ASSERT_TRUE(ahead.has_value());
  EXPECT_EQ(ahead->end(), size);
  EXPECT_FALSE(readahead.Note({3 * kRead, kRead}, size).has_value());
}

}  // namespace
}  // namespace quire
