// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: records say what was measured, and numbers are read with their units.
// Method: texts compared.
#include "bench/support/report.h"

#include <gtest/gtest.h>

namespace quire::bench {
namespace {

TEST(Record, BecomesOneLineOfJson) {
  const Record record{"read/4k", "CPU per request", "ns", 60, 240, "pread"};
  EXPECT_EQ(ToJson(record),
            R"({"name": "read/4k", "metric": "CPU per request", "unit": "ns", "ours": 60, )"
            R"("peer": 240, "peer_name": "pread", "ratio": 0.25})");
}

TEST(Record, WithoutAPeerHasNoRatio) {
  const Record record{"hits", "share", "share", 0.5, 0, "says \"none\""};
  EXPECT_FALSE(record.ratio().has_value());
  EXPECT_NE(ToJson(record).find(R"("peer_name": "says \"none\"", "ratio": null})"),
            std::string::npos);
}

TEST(Record, IsMissedAboveItsLimitOnly) {
  Record record{.name = "x", .ours = 2, .peer = 1};
  EXPECT_FALSE(record.missed());
  record.limit = 2;
  EXPECT_FALSE(record.missed());
  record.limit = 1.9;
  EXPECT_TRUE(record.missed());
}

TEST(Names, FitTheSize) {
  EXPECT_EQ(SizeName(512), "512");
  EXPECT_EQ(SizeName(4096), "4k");
  EXPECT_EQ(SizeName(1 << 20), "1m");
  EXPECT_EQ(SizeName((1 << 20) + 4096), "1028k");
  EXPECT_EQ(TimeName(61.2), "61.2 ns");
  EXPECT_EQ(TimeName(999.7), "1 us");
  EXPECT_EQ(TimeName(3.4e6), "3.4 ms");
  EXPECT_EQ(ByteName(12), "12");
  EXPECT_EQ(ByteName(1536), "1.5 KiB");
  EXPECT_EQ(ByteName(2.0 * (1 << 30)), "2 GiB");
}

}  // namespace
}  // namespace quire::bench
