// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: writers are foreseen to wait shortly before the kernel makes them.
// Method: /proc/vmstat as text, thresholds by hand, and the real file once.

#include "pagecache/write_pressure.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "pagecache/units.h"

namespace quire {
namespace {

TEST(WritePressureTest, ReadsItsLines) {
  const DirtyPages pages = ParseVmstat(
      "nr_free_pages 7\nnr_dirty 11\nnr_writeback 12\nnr_writeback_temp 99\n"
      "nr_dirty_threshold 2000\nnr_dirty_background_threshold 1000\nnr_dirtied 5\n");
  EXPECT_EQ(pages.dirty, 11u);
  EXPECT_EQ(pages.writeback, 12u);
  EXPECT_EQ(pages.threshold, 2000u);
  EXPECT_EQ(pages.background_threshold, 1000u);
  EXPECT_EQ(ParseVmstat("").threshold, 0u);
  EXPECT_EQ(ParseVmstat("nr_dirty").dirty, 0u);
}

TEST(WritePressureTest, ThrottlesBeforeTheKernelDoes) {
  WritePressure pressure;
  EXPECT_FALSE(pressure.throttled());
  // The kernel starts at 1500 pages.
  pressure.Sampled({.dirty = 1000, .background_threshold = 1000, .threshold = 2000});
  EXPECT_FALSE(pressure.throttled());
  pressure.NoteDirtied(300 * kPageBytes, 1);
  EXPECT_FALSE(pressure.throttled());
  pressure.NoteDirtied(100 * kPageBytes, 1);
  EXPECT_TRUE(pressure.throttled());
  pressure.Sampled({.dirty = 100, .background_threshold = 1000, .threshold = 2000});
  EXPECT_FALSE(pressure.throttled());
}

TEST(WritePressureTest, AsksForASampleInTimeAndOnce) {
  WritePressure pressure;
  EXPECT_TRUE(pressure.NoteDirtied(1, kNsPerSecond));
  EXPECT_FALSE(pressure.NoteDirtied(1, kNsPerSecond + 1));
  EXPECT_TRUE(pressure.NoteDirtied(1, 2 * kNsPerSecond));
  EXPECT_TRUE(pressure.NoteDirtied(64 << 20, 2 * kNsPerSecond + 1)) << "a lot was dirtied";
}

TEST(WritePressureTest, ReadsTheRealThing) {
  WritePressure pressure;
  pressure.Sample();
  pressure.NoteDirtied(uint64_t{1} << 50, 1);
  EXPECT_TRUE(pressure.throttled());
}

}  // namespace
}  // namespace quire
