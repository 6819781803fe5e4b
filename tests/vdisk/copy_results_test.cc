// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: initiators find out what copies a disk can do, and how theirs ended.
// Method: the data against bytes written by hand.
#include "vdisk/copy_results.h"

#include <gtest/gtest.h>

#include <vector>

#include "vdisk/outcomes.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

template <typename Write>
Bytes Written(Write write) {
  Bytes buffer(1024);
  Response response(buffer);
  write(response);
  buffer.resize(response.full_bytes());
  return buffer;
}

TEST(CopyResultsTest, OperatingParameters) {
  const Bytes expected{0, 0, 0, 42,  1,   0,  0, 0, 0, 16, 0, 64, 0,    0,   9, 0,
                       0, 0, 0, 0,   0,   0,  0, 0, 0, 0,  0, 0,  0,    0,   0, 0,
                       0, 0, 0, 255, 255, 12, 0, 0, 0, 0,  0, 2,  0x02, 0xe4};
  EXPECT_EQ(Written([](Response& response) { WriteCopyParameters(4096, response); }), expected);
}

TEST(CopyResultsTest, ThirdPartyCopyPage) {
  Bytes expected{0, 1, 0, 12, 8, 0x83, 1, 0, 0x84, 3, 0, 3, 4, 0, 0, 0};  // SPC-4 7.8.17.3
  const Bytes rest{
      0,    4,  0, 28, 0, 0, 0,    0,    0, 16, 0, 64,  0, 0, 9, 0, 0, 0, 0, 0,  // 7.8.17.5
      0,    0,  0, 0,  0, 0, 0,    0,    0, 0,  0, 0,                            //
      0,    8,  0, 4,  2, 2, 0xe4, 0,                                            // 7.8.17.6
      0,    12, 0, 4,  0, 2, 0xff, 0xff,                                         // 7.8.17.7
      0x80, 1,  0, 32, 0, 0, 0,    255,  0, 0,  0, 255, 0, 0, 0, 0, 9, 0, 0, 0};
  expected.insert(expected.end(), rest.begin(), rest.end());
  expected.resize(expected.size() + 16);
  EXPECT_EQ(Written([](Response& response) { WriteThirdPartyCopyPage(512, response); }), expected);
  EXPECT_EQ(expected.size() % 4, 0u);
}

TEST(CopyResultsTest, Status) {
  const CopyResults results{
      {1, {.running = true, .count_segments = 2, .count_bytes = 4096}},
      {2, {.running = false, .count_segments = 0x102, .count_bytes = uint64_t{5} << 32}},
      {3, {.running = false, .outcome = kCopyTargetNotReachable}}};
  const auto status = [&results](uint8_t identifier) {
    return Written([&](Response& response) {
      EXPECT_EQ(WriteCopyStatus(results, identifier, response), kGood);
    });
  };
  EXPECT_EQ(status(1), (Bytes{0, 0, 0, 8, 0, 0, 2, 0, 0, 0, 0x10, 0}));
  EXPECT_EQ(status(2), (Bytes{0, 0, 0, 8, 1, 1, 2, 1, 1, 0x40, 0, 0}));
  EXPECT_EQ(status(3), (Bytes{0, 0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0}));
  Bytes none(100);
  Response response(none);
  EXPECT_EQ(WriteCopyStatus(results, 4, response), kInvalidFieldInCdb.AtCdbField(2));
}

TEST(CopyResultsTest, FailureDetails) {
  const CopyResults results{{1, {.running = true}},
                            {2, {.running = false}},
                            {3, {.running = false, .outcome = kCopyTargetNotReachable}}};
  const auto details = [&results](uint8_t identifier) {
    return Written([&](Response& response) {
      EXPECT_EQ(WriteCopyFailure(results, identifier, SenseFormat::kDescriptor, response), kGood);
    });
  };
  EXPECT_EQ(details(1), Bytes(4));
  EXPECT_EQ(details(2), Bytes(4));
  Bytes expected(60);
  expected[3] = 64;
  expected[56] = 0x02;
  expected[59] = 8;
  const Bytes sense{0x72, 0x0a, 0x0d, 0x02, 0, 0, 0, 0};
  expected.insert(expected.end(), sense.begin(), sense.end());
  EXPECT_EQ(details(3), expected);
  Bytes none(100);
  Response response(none);
  EXPECT_EQ(WriteCopyFailure(results, 4, SenseFormat::kFixed, response),
            kInvalidFieldInCdb.AtCdbField(2));
}

}  // namespace
}  // namespace quire
