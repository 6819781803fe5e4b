// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: initiators learn which ports reach the disk, and how well.
// Method: two groups in both header formats against bytes written by hand.

#include "vdisk/target_port_groups.h"

#include <gtest/gtest.h>

#include <vector>

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint16_t kFirstPorts[] = {1, 0x0102};
constexpr uint16_t kSecondPorts[] = {3};
constexpr TargetPortGroup kGroups[] = {
    {.id = 0x0a0b, .preferred = true, .relative_ports = kFirstPorts},
    {.id = 2,
     .state = AccessState::kTransitioning,
     .status = AccessStatus::kImplicit,
     .supported_states = 0x8f,
     .relative_ports = kSecondPorts}};

Bytes Report(uint8_t format) {
  const Bytes cdb{0xa3, static_cast<uint8_t>(format << 5 | 0x0a), 0, 0, 0, 0, 0, 0, 1, 0, 0, 0};
  Bytes data(256);
  Response response(data);
  WriteTargetPortGroups(ParseCdb(cdb).cdb, kGroups, 30, response);
  data.resize(response.full_bytes());
  return data;
}

const Bytes kDescriptors{0x80, 0x0f, 0x0a, 0x0b, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0,
                         1,    2,    0x0f, 0x8f, 0, 2, 0, 2, 0, 1, 0, 0, 0, 3};

TEST(TargetPortGroupsTest, BothHeaders) {
  Bytes expected{0, 0, 0, 28};
  expected.insert(expected.end(), kDescriptors.begin(), kDescriptors.end());
  EXPECT_EQ(Report(0), expected);
  expected = {0, 0, 0, 32, 0x10, 30, 0, 0};
  expected.insert(expected.end(), kDescriptors.begin(), kDescriptors.end());
  EXPECT_EQ(Report(1), expected);
}

}  // namespace
}  // namespace quire
