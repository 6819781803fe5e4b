// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: who asks for defects hears that there are none, in the format asked for.
// Method: both forms against bytes written by hand.

#include "vdisk/defect_data.h"

#include <gtest/gtest.h>

#include <vector>

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Data(const Bytes& cdb) {
  Bytes data(16);
  Response response(data);
  WriteDefectData(ParseCdb(cdb).cdb, response);
  data.resize(response.full_bytes());
  return data;
}

TEST(DefectDataTest, BothForms) {
  EXPECT_EQ(Data({0x37, 0, 0x1d, 0, 0, 0, 0, 0, 8, 0}), (Bytes{0, 0x1d, 0, 0}));
  EXPECT_EQ(Data({0xb7, 0x08, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0}), (Bytes{0, 0x08, 0, 0, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace quire
