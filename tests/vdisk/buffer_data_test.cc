// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: initiators learn how long an echo they may ask for.
// Method: both descriptors against bytes written by hand.

#include "vdisk/buffer_data.h"

#include <gtest/gtest.h>

#include <vector>

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(BufferDataTest, Descriptors) {
  Bytes data(4, 0xee);
  Response none(data);
  WriteBufferDescriptor(none);
  EXPECT_EQ(data, Bytes(4));
  Response echo(data);
  WriteEchoBufferDescriptor(kMaxEchoBufferBytes, true, echo);
  EXPECT_EQ(data, (Bytes{1, 0, 0x10, 0}));
  Response shared(data);
  WriteEchoBufferDescriptor(256, false, shared);
  EXPECT_EQ(data, (Bytes{0, 0, 1, 0}));
}

}  // namespace
}  // namespace quire
