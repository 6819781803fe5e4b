// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a list is read as SPC-4 has it, and each wrong byte is refused with the sense data that the
// standard asks for, pointing at it.
// Method: a good list; the same with one thing changed, row by row; lists that are cut off.
#include "vdisk/copy_list.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/vdisk/copy_list_builder.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

const Bytes kNaa{0x60, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

CopyListBuilder Good() {
  CopyListBuilder builder;
  builder.Unit(kNaa).Unit(kNaa, 4096);
  builder.Segment(0, 0x1234567890, 1, 7, 0x8000).Segment(1, 5, CopyList::kOwnUnit, 6, 0);
  return builder;
}

TEST(CopyListTest, IsRead) {
  CopyListBuilder builder = Good();
  builder.identifier = 9;
  builder.usage = 0;
  const Bytes bytes = builder.List();
  const ParsedCopyList parsed = CopyList::Parse(bytes);
  ASSERT_EQ(parsed.outcome, kGood);
  EXPECT_TRUE(parsed.list.has_identifier());
  EXPECT_EQ(parsed.list.identifier(), 9);
  ASSERT_EQ(parsed.list.count_cscds(), 2u);
  const CscdDescriptor cscd = parsed.list.cscd(1);
  EXPECT_EQ(cscd.designator.code_set, 1);
  EXPECT_EQ(cscd.designator.type, 3);
  EXPECT_TRUE(std::ranges::equal(cscd.designator.bytes, kNaa));
  EXPECT_EQ(cscd.block_bytes, 4096u);
  EXPECT_EQ(cscd.at, 16 + 32);
  ASSERT_EQ(parsed.list.count_segments(), 2u);
  const CopySegment segment = parsed.list.segment(0);
  EXPECT_EQ(segment.source, 0);
  EXPECT_EQ(segment.target, 1);
  EXPECT_EQ(segment.source_blocks.first.value, 0x1234567890u);
  EXPECT_EQ(segment.source_blocks.count.value, 0x8000u);
  EXPECT_EQ(segment.target_blocks.first.value, 7u);
  EXPECT_EQ(segment.target_blocks.count.value, 0x8000u);
  EXPECT_EQ(segment.at, 16 + 64);
  EXPECT_EQ(parsed.list.segment(1).target, CopyList::kOwnUnit);
}

TEST(CopyListTest, NothingToDoIsNoError) {
  EXPECT_EQ(CopyList::Parse({}).outcome, kGood);
  const ParsedCopyList parsed = CopyList::Parse(CopyListBuilder{}.List());
  EXPECT_EQ(parsed.outcome, kGood);
  EXPECT_EQ(parsed.list.count_segments(), 0u);
  EXPECT_FALSE(parsed.list.has_identifier());
}

TEST(CopyListTest, AListThatIsCutOff) {
  const Bytes bytes = Good().List();
  for (size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_EQ(CopyList::Parse(std::span(bytes).first(size)).outcome, kParameterListLengthError)
        << size;
  }
}

TEST(CopyListTest, WhatFollowsIsIgnored) {
  Bytes bytes = Good().List();
  bytes.resize(bytes.size() + 100, 0xff);
  EXPECT_EQ(CopyList::Parse(bytes).outcome, kGood);
}

TEST(CopyListTest, EachWrongByte) {
  constexpr size_t kCscd = 16 + 32;          // the second one
  constexpr size_t kSegment = 16 + 64 + 28;  // the second one
  struct Row {
    const char* what;
    size_t byte;
    uint8_t value;
    Outcome outcome;
    size_t at;
  };
  const Row rows[] = {
      {"an identifier that is not used", 0, 1, kInvalidFieldInParameterList, 0},
      {"LIST ID USAGE 01b", 1, 0x08, kInvalidFieldInParameterList, 1},
      {"half a CSCD descriptor", 3, 48, kInvalidFieldInParameterList, 2},
      {"inline data", 15, 1, kInlineDataLengthExceeded, 12},
      {"another CSCD type", kCscd, 0xe0, kUnsupportedTargetDescriptorType, kCscd},
      {"a tape", kCscd + 1, 0x01, kIncorrectCopyTargetDeviceType, kCscd + 1},
      {"a unit by another kind of number", kCscd + 1, 0x40, kInvalidFieldInParameterList,
       kCscd + 1},
      {"no unit", kCscd + 1, 0x20, kCopyTargetNotReachable, kCscd + 1},
      {"by an initiator port", kCscd + 3, 1, kCopyTargetNotReachable, kCscd + 2},
      {"a port's name", kCscd + 5, 0x13, kInvalidFieldInParameterList, kCscd + 5},
      {"no name", kCscd + 7, 0, kInvalidFieldInParameterList, kCscd + 7},
      {"too long a name", kCscd + 7, 21, kInvalidFieldInParameterList, kCscd + 7},
      {"another segment type", kSegment, 0x00, kUnsupportedSegmentDescriptorType, kSegment},
      {"a segment of another length", kSegment + 3, 23, kInvalidFieldInParameterList, kSegment + 2},
      {"a segment that ends too soon", 11, 55, kInvalidFieldInParameterList, 8},
      {"half a segment's head", 11, 31, kInvalidFieldInParameterList, 8},
      {"a source that is not there", kSegment + 5, 2, kCopyTargetNotReachable, kSegment + 4},
      {"a target that is not there", kSegment + 6, 0x07, kCopyTargetNotReachable, kSegment + 6},
  };
  for (const Row& row : rows) {
    Bytes bytes = Good().List();
    bytes[row.byte] = row.value;
    const ParsedCopyList parsed = CopyList::Parse(bytes);
    EXPECT_TRUE(parsed.outcome.Is(row.outcome)) << row.what;
    EXPECT_EQ(parsed.outcome.specific, SenseSpecific::kParameterField) << row.what;
    EXPECT_EQ(parsed.outcome.number, row.at) << row.what;
    EXPECT_EQ(parsed.list.count_cscds() + parsed.list.count_segments(), 0u) << row.what;
  }
}

TEST(CopyListTest, WhatMayBeAnything) {
  // PAD; DC and CAT; PRIORITY and STR.
  for (const auto& [byte, bits] :
       {std::pair<size_t, uint8_t>{16 + 28, 0x04}, {16 + 64 + 1, 0x03}, {1, 0x27}}) {
    Bytes bytes = Good().List();
    bytes[byte] |= bits;
    EXPECT_EQ(CopyList::Parse(bytes).outcome, kGood) << byte;
  }
}

TEST(CopyListTest, AsManyAsItTellsAndNoMore) {
  CopyListBuilder builder;
  for (size_t i = 0; i < CopyList::kMaxCscds; ++i) builder.Unit(kNaa);
  for (size_t i = 0; i < CopyList::kMaxSegments; ++i) builder.Segment(0, 0, 15, 0, 1);
  EXPECT_EQ(CopyList::Parse(builder.List()).outcome, kGood);
  CopyListBuilder both = builder;
  both.Unit(kNaa);
  EXPECT_EQ(CopyList::Parse(both.List()).outcome, kParameterListLengthError);
  CopyListBuilder cscds;
  for (size_t i = 0; i <= CopyList::kMaxCscds; ++i) cscds.Unit(kNaa);
  EXPECT_EQ(CopyList::Parse(cscds.List()).outcome, kTooManyTargetDescriptors.AtParameterField(2));
  CopyListBuilder segments;
  segments.Unit(kNaa);
  for (size_t i = 0; i <= CopyList::kMaxSegments; ++i) segments.Segment(0, 0, 0, 0, 1);
  EXPECT_EQ(CopyList::Parse(segments.List()).outcome,
            kTooManySegmentDescriptors.AtParameterField(8));
}

}  // namespace
}  // namespace quire
