// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: streams that miss are told from those that hit, also several at once; misses in a row are
// expected to go on, but not believed for ever.
// Method: sequences of reads and of what they found.

#include "pagecache/miss_history.h"

#include <gtest/gtest.h>

namespace quire {
namespace {

constexpr uint64_t kSize = uint64_t{1} << 30;
constexpr uint64_t kRead = 64 * 1024;

TEST(MissHistoryTest, AStreamThatMissedGoesOnMissing) {
  MissHistory history;
  const uint32_t stream = history.Note({0, kRead});
  EXPECT_FALSE(history.StreamMisses(stream));
  history.Missed(stream);
  EXPECT_EQ(history.Note({kRead, kRead}), stream);
  EXPECT_TRUE(history.StreamMisses(stream));
}

TEST(MissHistoryTest, AReadElsewhereStartsAfresh) {
  MissHistory history;
  const uint32_t stream = history.Note({0, kRead});
  history.Missed(stream);
  const uint32_t other = history.Note({kSize / 2, kRead});
  EXPECT_NE(other, stream);
  EXPECT_FALSE(history.StreamMisses(other));
  EXPECT_TRUE(history.StreamMisses(history.Note({kRead, kRead})));
}

TEST(MissHistoryTest, InterleavedStreamsAreToldApart) {
  MissHistory history;
  for (uint64_t i = 0; i < 10; ++i) {
    for (uint64_t stream = 0; stream < 8; ++stream) {
      const uint32_t number = history.Note({stream * (kSize / 8) + i * kRead, kRead});
      EXPECT_EQ(history.StreamMisses(number), i > 0 && stream % 2 == 1);
      if (stream % 2 == 1) history.Missed(number);
    }
  }
}

TEST(MissHistoryTest, TheOldestStreamIsForgotten) {
  MissHistory history;
  const uint32_t first = history.Note({0, kRead});
  history.Missed(first);
  for (uint64_t other = 1; other <= 8; ++other) history.Note({other * kRead * 10, kRead});
  EXPECT_FALSE(history.StreamMisses(history.Note({kRead, kRead})));
}

TEST(MissHistoryTest, SomeMissesInARowAreExpectedToGoOn) {
  MissHistory history;
  const uint32_t stream = history.Note({0, kRead});
  for (int i = 0; i < 3; ++i) {
    history.Missed(stream);
    EXPECT_FALSE(history.ExpectsMiss());
  }
  history.Missed(stream);
  int expected = 0;
  for (int i = 0; i < 160; ++i) expected += history.ExpectsMiss() ? 1 : 0;
  EXPECT_EQ(expected, 150);  // one of sixteen looks
  history.Hit();
  EXPECT_FALSE(history.ExpectsMiss());
}

TEST(MissHistoryTest, AStreamThatMissesLooksFarAheadOncePerMebibyte) {
  MissHistory history;
  uint32_t stream = history.Note({0, kRead});
  EXPECT_FALSE(history.WorthALook(stream, kSize).has_value());
  history.Missed(stream);
  int looks = 0;
  for (uint64_t offset = kRead; offset < 16 * 1024 * 1024; offset += kRead) {
    stream = history.Note({offset, kRead});
    const auto ahead = history.WorthALook(stream, kSize);
    if (!ahead.has_value()) continue;
    ++looks;
    EXPECT_GE(ahead->offset, offset + 32 * 1024 * 1024);
  }
  EXPECT_EQ(looks, 15);
  history.Arrived(stream);
  EXPECT_FALSE(history.StreamMisses(stream));
  EXPECT_FALSE(history.WorthALook(stream, kSize).has_value());
}

TEST(MissHistoryTest, NothingIsLookedAtBeyondTheEnd) {
  MissHistory history;
  history.Missed(history.Note({0, kRead}));
  for (uint64_t offset = kRead; offset < 4 * 1024 * 1024; offset += kRead) {
    const uint32_t stream = history.Note({offset, kRead});
    EXPECT_FALSE(history.WorthALook(stream, 4 * 1024 * 1024).has_value());
  }
}

}  // namespace
}  // namespace quire
