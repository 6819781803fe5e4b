// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: REPORT TIMESTAMP tells the host's clock.
// Method: one moment against bytes written by hand.

#include "vdisk/timestamp.h"

#include <gtest/gtest.h>

#include <vector>

namespace quire {
namespace {

TEST(TimestampTest, Bytes) {
  std::vector<uint8_t> data(12);
  Response response(data);
  WriteTimestamp(0x010203040506, response);
  EXPECT_EQ(response.full_bytes(), 12u);
  EXPECT_EQ(data, (std::vector<uint8_t>{0, 10, 3, 0, 1, 2, 3, 4, 5, 6, 0, 0}));
}

}  // namespace
}  // namespace quire
