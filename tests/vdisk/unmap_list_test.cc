// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: UNMAP takes the ranges that SBC-3 says it takes, and all of them or none.
// Method: lists written by hand with every kind of wrong length, limit and range; every truncation.

#include "vdisk/unmap_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "base/big_endian.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr Geometry kGeometry{512, {1000}};
constexpr BlockLimits kLimits{.max_unmap = 500, .max_unmap_descriptors = 3};

struct Range {
  uint64_t first;
  uint32_t count;
};

Bytes List(const std::vector<Range>& ranges) {
  Bytes bytes(8 + 16 * ranges.size());
  StoreBig<2>(&bytes[0], bytes.size() - 2);
  StoreBig<2>(&bytes[2], bytes.size() - 8);
  for (size_t i = 0; i < ranges.size(); ++i) {
    StoreBig<8>(&bytes[8 + 16 * i], ranges[i].first);
    StoreBig<4>(&bytes[16 + 16 * i], ranges[i].count);
  }
  return bytes;
}
ParsedUnmapList Parse(const Bytes& list) { return UnmapList::Parse(list, kGeometry, kLimits); }

TEST(UnmapListTest, Ranges) {
  const Bytes bytes = List({{0, 1}, {999, 1}, {5, 0}});
  const ParsedUnmapList parsed = Parse(bytes);
  EXPECT_EQ(parsed.outcome, kGood);
  ASSERT_EQ(parsed.list.count(), 3u);
  EXPECT_EQ(parsed.list[0].first.value, 0u);
  EXPECT_EQ(parsed.list[1].first.value, 999u);
  EXPECT_EQ(parsed.list[1].count.value, 1u);
  EXPECT_EQ(parsed.list[2].count.value, 0u);
}

TEST(UnmapListTest, NothingToDo) {
  for (const Bytes& bytes : {Bytes(), Bytes(8), List({})}) {
    EXPECT_EQ(Parse(bytes).outcome, kGood);
    EXPECT_EQ(Parse(bytes).list.count(), 0u);
  }
}

TEST(UnmapListTest, EveryTruncation) {
  const Bytes whole = List({{0, 1}, {2, 1}});
  for (size_t size = 1; size < whole.size(); ++size) {
    const Bytes bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    const ParsedUnmapList parsed = Parse(bytes);
    EXPECT_EQ(parsed.outcome, size < 8 ? kParameterListLengthError : kGood) << size;
    EXPECT_EQ(parsed.list.count(), size < 8 ? 0 : (size - 8) / 16) << "whole ones only";
  }
}

TEST(UnmapListTest, LengthsThatDoNotFit) {
  Bytes bytes = List({{0, 1}, {2, 1}});
  bytes[3] = 31;  // ends within the second
  EXPECT_EQ(Parse(bytes).list.count(), 1u);
  bytes[3] = 15;
  EXPECT_EQ(Parse(bytes).list.count(), 0u);
  bytes[2] = 0xff;  // says more than there is
  EXPECT_EQ(Parse(bytes).list.count(), 2u);
  bytes[0] = 0xff;  // not looked at
  EXPECT_EQ(Parse(bytes).list.count(), 2u);
}

TEST(UnmapListTest, OutsideOfTheDisk) {
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  for (const Range& range :
       {Range{1000, 1}, Range{999, 2}, Range{1001, 0}, Range{kMost, 1}, Range{kMost, 0xffffffff}}) {
    const ParsedUnmapList parsed = Parse(List({{0, 1}, range}));
    EXPECT_EQ(parsed.outcome,
              kLbaOutOfRange.WithInformation(std::max<uint64_t>(range.first, 1000)));
    EXPECT_EQ(parsed.list.count(), 0u) << "none of them";
  }
}

TEST(UnmapListTest, Limits) {
  EXPECT_EQ(Parse(List({{0, 250}, {250, 250}})).outcome, kGood);
  EXPECT_EQ(Parse(List({{0, 250}, {250, 251}})).outcome,
            kInvalidFieldInParameterList.AtParameterField(8 + 16 + 8));
  EXPECT_EQ(Parse(List({{0, 1}, {1, 1}, {2, 1}, {3, 1}})).outcome,
            kInvalidFieldInParameterList.AtParameterField(2));
  const Bytes bytes = List({{0, 900}, {1, 1}, {2, 1}, {3, 1}});
  EXPECT_EQ(UnmapList::Parse(bytes, kGeometry, {}).list.count(), 4u) << "no limits told";
}

}  // namespace
}  // namespace quire
