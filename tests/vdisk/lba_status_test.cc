// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: GET LBA STATUS tells runs of blocks, each as long as it is.
// Method: runs that join, that change and that 32 bits cannot count, against bytes written by hand.

#include "vdisk/lba_status.h"

#include <gtest/gtest.h>

#include <vector>

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(LbaStatusTest, RunsJoin) {
  Bytes data(256);
  Response response(data);
  LbaStatusWriter writer({0x0102030405}, response);
  writer.Add({5}, LbaStatus::kMapped);
  writer.Add({2}, LbaStatus::kMapped);
  writer.Add({0}, LbaStatus::kDeallocated);
  writer.Add({1}, LbaStatus::kMapped);
  writer.Add({2}, LbaStatus::kDeallocated);
  writer.Add({1}, LbaStatus::kAnchored);
  writer.Finish();
  data.resize(response.full_bytes());
  EXPECT_EQ(data, (Bytes{0, 0, 0, 52, 0, 0, 0, 0,                             //
                         0, 0, 0, 1,  2, 3, 4, 5,    0, 0, 0, 8, 0, 0, 0, 0,  //
                         0, 0, 0, 1,  2, 3, 4, 0x0d, 0, 0, 0, 2, 1, 0, 0, 0,  //
                         0, 0, 0, 1,  2, 3, 4, 0x0f, 0, 0, 0, 1, 2, 0, 0, 0}));
}

TEST(LbaStatusTest, LongRunsAreCut) {
  Bytes data(256);
  Response response(data);
  LbaStatusWriter writer({0}, response);
  writer.Add({0x100000001}, LbaStatus::kDeallocated);
  writer.Finish();
  data.resize(response.full_bytes());
  EXPECT_EQ(data, (Bytes{0, 0, 0, 36, 0,    0,    0,    0,  //
                         0, 0, 0, 0,  0,    0,    0,    0,    0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0,
                         0, 0, 0, 0,  0xff, 0xff, 0xff, 0xff, 0,    0,    0,    2,    1, 0, 0, 0}));
}

TEST(LbaStatusTest, FullWhenNoMoreCanBeTold) {
  Bytes data(24);
  Response response(data);
  LbaStatusWriter writer({0}, response);
  EXPECT_FALSE(writer.full());
  writer.Add({1}, LbaStatus::kMapped);
  EXPECT_FALSE(writer.full()) << "it may go on";
  writer.Add({1}, LbaStatus::kDeallocated);
  EXPECT_TRUE(writer.full());
  writer.Finish();
  EXPECT_EQ(data[3], 36) << "the length tells the one that did not fit too";
}

}  // namespace
}  // namespace quire
