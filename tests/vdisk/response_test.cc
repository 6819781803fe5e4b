// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: data that is cut at the allocation length is the beginning of the whole, lengths included.
// Method: the same data written into buffers of every size.

#include "vdisk/response.h"

#include <gtest/gtest.h>

#include <vector>

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

void Write(Response& response) {
  response.Byte(0x7f);
  response.Big<2>(0);  // how many follow
  response.Text("AB", 4);
  response.Bytes(Bytes{1, 2});
  response.Big<3>(0x010203);
  response.PadTo(16);
  response.SetBig<2>(1, response.full_bytes() - 3);
}

TEST(ResponseTest, CutAtAnyLength) {
  const Bytes whole{0x7f, 0, 13, 'A', 'B', ' ', ' ', 1, 2, 1, 2, 3, 0, 0, 0, 0};
  for (size_t size = 0; size <= whole.size() + 2; ++size) {
    Bytes buffer(size, 0xee);
    Response response(buffer);
    Write(response);
    const size_t expected = std::min(size, whole.size());
    EXPECT_EQ(response.full_bytes(), whole.size());
    EXPECT_EQ(response.written_bytes(), expected);
    EXPECT_EQ(response.full(), size <= whole.size());
    for (size_t i = 0; i < size; ++i) EXPECT_EQ(buffer[i], i < expected ? whole[i] : 0xee) << i;
  }
}

TEST(ResponseTest, PadToNeverTakesBack) {
  Bytes buffer(8);
  Response response(buffer);
  response.Zeros(4);
  response.PadTo(2);
  EXPECT_EQ(response.full_bytes(), 4u);
}

}  // namespace
}  // namespace quire
