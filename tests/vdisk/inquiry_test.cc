// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: INQUIRY tells what the disk is, byte for byte as SPC-4 and SBC-3 have it.
// Method: the standard data and each page against bytes written by hand; every page code; every
// allocation length.

#include "vdisk/inquiry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "vdisk/outcomes.h"
#include "vdisk/sense_data.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

struct Disk {
  Identity identity = *Identity::Make({.revision = "1.2", .serial = "foobar"});
  InquiryTraits traits;
  TargetPortIdentity port;
  BlockLimits limits;
  Provisioning provisioning;

  InquirySource source() const { return {identity, traits, port, limits, provisioning}; }
};

Bytes Standard(const Disk& disk) {
  Bytes buffer(260);
  Response response(buffer);
  WriteStandardInquiry(disk.source(), response);
  buffer.resize(response.full_bytes());
  return buffer;
}

Bytes Page(uint8_t code, const Disk& disk = {}) {
  Bytes buffer(1024);
  Response response(buffer);
  EXPECT_EQ(WriteVitalProductData(code, disk.source(), response), kGood);
  buffer.resize(response.full_bytes());
  return buffer;
}

TEST(InquiryTest, StandardData) {
  Bytes expected{0, 0, 6, 0x12, 91, 0, 0, 2};
  const std::string_view texts = "QUIRE   DISK            1.2 ";
  expected.insert(expected.end(), texts.begin(), texts.end());
  expected.resize(58);
  expected.insert(expected.end(), {0x00, 0xa0, 0x04, 0x60, 0x04, 0xc0, 0x09, 0x60});
  expected.resize(96);
  EXPECT_EQ(Standard({}), expected);
}

TEST(InquiryTest, Traits) {
  Disk disk;
  disk.traits = {.removable = true,
                 .third_party_copy = true,
                 .multiple_ports = true,
                 .port_groups = TargetPortGroupSupport::kBoth,
                 .transport_version = 0x1234};
  const Bytes bytes = Standard(disk);
  EXPECT_EQ(bytes[1], 0x80);
  EXPECT_EQ(bytes[5], 0x38);
  EXPECT_EQ(bytes[6], 0x10);
  EXPECT_EQ(bytes[64], 0x12);
  EXPECT_EQ(bytes[65], 0x34);
}

TEST(InquiryTest, NoDisk) {
  Bytes buffer(64);
  Response response(buffer);
  WriteAbsentInquiry(response);
  EXPECT_EQ(response.full_bytes(), 36u);
  EXPECT_EQ(buffer[0], 0x7f);
  EXPECT_EQ(buffer[4], 31);
  EXPECT_EQ(buffer[8], ' ');
}

TEST(InquiryTest, SupportedPages) {
  EXPECT_EQ(Page(0x00), (Bytes{0, 0, 0, 7, 0x00, 0x80, 0x83, 0x86, 0xb0, 0xb1, 0xb2}));
}

TEST(InquiryTest, AThirdPartyCopyPageWhereThereAreSuchCopies) {
  Disk disk;
  Bytes buffer(1024);
  Response response(buffer);
  EXPECT_EQ(WriteVitalProductData(0x8f, disk.source(), response), kInvalidFieldInCdb.AtCdbField(2));
  disk.traits.third_party_copy = true;
  const Bytes page = Page(0x8f, disk);
  EXPECT_EQ(page[1], 0x8f);
  EXPECT_EQ(page[2] * 256u + page[3] + 4, page.size());
  EXPECT_EQ(Page(0x00, disk)[8], 0x8f);
}

TEST(InquiryTest, UnitSerialNumber) {
  EXPECT_EQ(Page(0x80), (Bytes{0, 0x80, 0, 6, 'f', 'o', 'o', 'b', 'a', 'r'}));
}

TEST(InquiryTest, ExtendedInquiry) {
  Bytes expected(64);
  expected[1] = 0x86;
  expected[3] = 60;
  expected[5] = 0x07;
  expected[6] = 0x01;
  expected[13] = SenseData::kMaxBytes;
  EXPECT_EQ(Page(0x86), expected);
}

TEST(InquiryTest, EveryPageTellsItsLength) {
  for (const uint8_t code : {0x00, 0x80, 0x83, 0x86, 0xb0, 0xb1, 0xb2}) {
    const Bytes bytes = Page(code);
    EXPECT_EQ(bytes[1], code);
    EXPECT_EQ(bytes[2] * 256u + bytes[3] + 4, bytes.size()) << int{code};
  }
  EXPECT_EQ(Page(0xb0)[3], 0x3c);
  EXPECT_EQ(Page(0xb1)[3], 0x3c);
  EXPECT_EQ(Page(0xb2)[3], 4);
}

TEST(InquiryTest, ListedPagesAndNoOthers) {
  const Bytes listed = Page(0x00);
  for (int code = 0; code < 256; ++code) {
    Bytes buffer(512);
    Response response(buffer);
    const bool expected = std::find(listed.begin() + 4, listed.end(), code) != listed.end();
    const Disk disk;
    const Outcome outcome =
        WriteVitalProductData(static_cast<uint8_t>(code), disk.source(), response);
    EXPECT_EQ(outcome, expected ? kGood : kInvalidFieldInCdb.AtCdbField(2)) << code;
  }
}

TEST(InquiryTest, AnyAllocationLength) {
  const Disk disk;
  for (const uint8_t code : {0x00, 0x83, 0xb0}) {
    const Bytes whole = Page(code);
    for (size_t size = 0; size < whole.size() + 2; ++size) {
      Bytes buffer(size);
      Response response(buffer);
      EXPECT_TRUE(WriteVitalProductData(code, disk.source(), response).good());
      ASSERT_EQ(response.written_bytes(), std::min(size, whole.size()));
      EXPECT_TRUE(
          std::equal(buffer.begin(), buffer.begin() + response.written_bytes(), whole.begin()));
    }
  }
}

}  // namespace
}  // namespace quire
