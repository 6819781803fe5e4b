// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: every limit stands where SBC-3 and SBC-4 put it.
// Method: pages with a different number in each field against bytes written by hand.

#include "vdisk/block_limits.h"

#include <gtest/gtest.h>

#include <vector>

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

template <typename Write>
Bytes Written(const Write& write) {
  Bytes buffer(256);
  Response response(buffer);
  response.Zeros(4);  // the page's head
  write(response);
  buffer.resize(response.full_bytes());
  buffer.erase(buffer.begin(), buffer.begin() + 4);
  return buffer;
}

TEST(BlockLimitsTest, EveryField) {
  const BlockLimits limits{.write_same_needs_count = true,
                           .max_compare_and_write = 0x11,
                           .optimal_granularity = 0x0202,
                           .max_transfer = 0x03030303,
                           .optimal_transfer = 0x04040404,
                           .max_prefetch = 0x05050505,
                           .max_unmap = 0x06060606,
                           .max_unmap_descriptors = 0x07070707,
                           .unmap_granularity = 0x08080808,
                           .unmap_alignment = 0x09090909,
                           .max_write_same = 0x0a0a0a0a0a0a0a0a,
                           .max_atomic = 0x0b0b0b0b,
                           .atomic_alignment = 0x0c0c0c0c,
                           .atomic_granularity = 0x0d0d0d0d,
                           .max_atomic_with_boundary = 0x0e0e0e0e,
                           .max_atomic_boundary = 0x0f0f0f0f};
  Bytes expected{0x01, 0x11, 2, 2};
  for (uint8_t value = 3; value <= 8; ++value) expected.insert(expected.end(), 4, value);
  expected.insert(expected.end(), {0x89, 9, 9, 9});
  expected.insert(expected.end(), 8, 0x0a);
  for (uint8_t value = 0x0b; value <= 0x0f; ++value) expected.insert(expected.end(), 4, value);
  EXPECT_EQ(Written([&](Response& r) { WriteBlockLimits(limits, r); }), expected);
  EXPECT_EQ(expected.size(), 60u);
}

TEST(BlockLimitsTest, NothingTold) {
  EXPECT_EQ(Written([](Response& r) { WriteBlockLimits({}, r); }), Bytes(60));
}

TEST(BlockLimitsTest, AlignmentZeroIsValid) {
  const BlockLimits limits{.unmap_alignment = 0};
  EXPECT_EQ(Written([&](Response& r) { WriteBlockLimits(limits, r); })[28], 0x80);
}

TEST(BlockLimitsTest, Characteristics) {
  Bytes expected(60);
  expected[1] = 1;
  expected[4] = 0x03;
  EXPECT_EQ(Written([](Response& r) { WriteBlockDeviceCharacteristics(kNonRotatingMedium, r); }),
            expected);
}

TEST(BlockLimitsTest, Provisioning) {
  EXPECT_EQ(Written([](Response& r) { WriteProvisioning({}, r); }), (Bytes{0, 0, 0, 0}));
  quire::Provisioning thin{.type = ProvisioningType::kThin,
                           .unmap = true,
                           .write_same16 = true,
                           .write_same10 = true,
                           .reads_zeroes = true,
                           .anchor = true,
                           .threshold_exponent = 11};
  EXPECT_TRUE(thin.managed());
  EXPECT_EQ(Written([&](Response& r) { WriteProvisioning(thin, r); }), (Bytes{11, 0xe6, 2, 0}));
  thin.group = {0x60, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  EXPECT_EQ(Written([&](Response& r) { WriteProvisioning(thin, r); }),
            (Bytes{11, 0xe7, 2, 0, 1, 3, 0,  16, 0x60, 1,  2,  3,
                   4,  5,    6, 7, 8, 9, 10, 11, 12,   13, 14, 15}));
}

}  // namespace
}  // namespace quire
