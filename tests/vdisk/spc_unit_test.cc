// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: INQUIRY, REQUEST SENSE and LOG SENSE tell what is true of this disk, as far as the
// allocation length goes, and a disk keeps its names. Method: CDBs for every page there is and is
// not, checked against bytes written by hand; the same disk started again in another place.
#include <filesystem>

#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

class SpcUnitTest : public ScsiFixture {
 protected:
  static Bytes InquiryPage(uint8_t page, uint16_t length = 512) {
    return {0x12, 1, page, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length), 0};
  }
  static Bytes LogPage(uint8_t page, uint8_t subpage = 0, uint8_t length = 255) {
    return {0x4d, 0, static_cast<uint8_t>(0x40 | page), subpage, 0, 0, 0, 0, length, 0};
  }
  static Bytes RequestSense(uint8_t desc, uint8_t length = 252) {
    return {0x03, desc, 0, 0, length, 0};
  }
  Bytes PageOf(const Bytes& cdb) {
    EXPECT_EQ(Run(*a_, cdb), kGood);
    return found_;
  }
};

const Bytes kTestUnitReady(6);

TEST_F(SpcUnitTest, StandardInquiry) {
  const Bytes data = PageOf({0x12, 0, 0, 0, 255, 0});
  ASSERT_EQ(data.size(), 96u);
  EXPECT_EQ(data[0], 0x00);
  EXPECT_EQ(data[1], 0x00) << "not removable";
  EXPECT_EQ(data[2], 0x06) << "SPC-4";
  EXPECT_EQ(data[4], 91);
  EXPECT_EQ(data[5], 0x18) << "TPGS: implicit; 3PC";
  EXPECT_EQ(data[7], 0x02) << "CMDQUE";
  EXPECT_EQ(std::string(data.begin() + 8, data.begin() + 36), "QUIRE   DISK            0001");
  for (uint8_t length = 0; length < 100; ++length) {
    EXPECT_EQ(PageOf({0x12, 0, 0, 0, length, 0}),
              Bytes(data.begin(), data.begin() + std::min<int>(length, 96)));
  }
}

TEST_F(SpcUnitTest, EveryVitalProductDataPage) {
  const Bytes list = PageOf(InquiryPage(0x00));
  EXPECT_EQ(list, (Bytes{0, 0, 0, 8, 0x00, 0x80, 0x83, 0x86, 0x8f, 0xb0, 0xb1, 0xb2}));
  for (int page = 0; page < 256; ++page) {
    const auto code = static_cast<uint8_t>(page);
    const bool listed = std::find(list.begin() + 4, list.end(), code) != list.end();
    const Outcome expected = listed ? kGood : kInvalidFieldInCdb.AtCdbField(2);
    EXPECT_EQ(Run(*a_, InquiryPage(code)), expected) << page;
    if (!listed) continue;
    const Bytes whole = found_;
    ASSERT_GE(whole.size(), 4u);
    EXPECT_EQ(whole[1], code);
    EXPECT_EQ(LoadBig<2>(&whole[2]) + 4, whole.size()) << page;
    EXPECT_EQ(PageOf(InquiryPage(code, 5)), Bytes(whole.begin(), whole.begin() + 5))
        << "the length tells all, however little was asked for";
    EXPECT_EQ(PageOf(InquiryPage(code, 0)), Bytes());
  }
}

TEST_F(SpcUnitTest, WhatThePagesSay) {
  const Bytes extended = PageOf(InquiryPage(0x86));
  EXPECT_EQ(extended[5], 0x07) << "SIMPLE, ORDERED, HEAD OF QUEUE";
  EXPECT_EQ(extended[6], 0x01) << "V_SUP";
  const BlockLimits& limits = server_->limits();
  const Bytes block = PageOf(InquiryPage(0xb0));
  EXPECT_EQ(block[5], limits.max_compare_and_write);
  EXPECT_EQ(LoadBig<4>(&block[8]), kMaxTransferBytes / kBlockBytes);
  EXPECT_EQ(LoadBig<4>(&block[20]), limits.max_unmap);
  EXPECT_EQ(LoadBig<4>(&block[24]), limits.max_unmap_descriptors);
  EXPECT_EQ(LoadBig<4>(&block[28]), limits.unmap_granularity);
  EXPECT_EQ(LoadBig<2>(&PageOf(InquiryPage(0xb1))[4]), 1u) << "does not rotate";
  const Bytes provisioning = PageOf(InquiryPage(0xb2));
  EXPECT_EQ(provisioning[4], 11) << "threshold sets of 1 MiB";
  EXPECT_EQ(provisioning[5] & 0xe0, 0xe0) << "LBPU, LBPWS, LBPWS10";
  EXPECT_EQ(provisioning[6] & 7, 2) << "thin";
}

TEST_F(SpcUnitTest, RequestSenseHasNothingToSay) {
  EXPECT_EQ(PageOf(RequestSense(0)),
            (Bytes{0x70, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(PageOf(RequestSense(1)), (Bytes{0x72, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(PageOf(RequestSense(0, 3)), (Bytes{0x70, 0, 0}));
  EXPECT_EQ(PageOf(RequestSense(0, 0)), Bytes());
}

TEST_F(SpcUnitTest, RequestSenseTakesUnitAttentionsOneByOne) {
  server_->PostAttention(UnitAttention::kCapacityChanged);
  server_->PostAttention(UnitAttention::kInquiryChanged);
  const Bytes fixed = PageOf(RequestSense(0));
  EXPECT_EQ(fixed[2], 0x06);
  EXPECT_EQ((Bytes{fixed[12], fixed[13]}), (Bytes{0x2a, 0x09}));
  EXPECT_EQ(PageOf(RequestSense(1)), (Bytes{0x72, 0x06, 0x3f, 0x03, 0, 0, 0, 0}));
  EXPECT_EQ(Run(*a_, kTestUnitReady), kGood);
  EXPECT_EQ(Run(*b_, kTestUnitReady), kCapacityDataChanged) << "the others have theirs";
}

TEST_F(SpcUnitTest, EveryLogPage) {
  const Bytes list = PageOf(LogPage(0x00));
  EXPECT_EQ(list, (Bytes{0, 0, 0, 4, 0x00, 0x0c, 0x0d, 0x2f}));
  for (uint8_t page = 0; page < 64; ++page) {
    const bool listed = std::find(list.begin() + 4, list.end(), page) != list.end();
    EXPECT_EQ(Run(*a_, LogPage(page)), listed ? kGood : kInvalidFieldInCdb.AtCdbField(2, 5));
    if (!listed) continue;
    const Bytes whole = found_;
    EXPECT_EQ(whole[0], page);
    EXPECT_EQ(LoadBig<2>(&whole[2]) + 4, whole.size());
    EXPECT_EQ(PageOf(LogPage(page, 0, 3)), Bytes(whole.begin(), whole.begin() + 3));
  }
  EXPECT_EQ(PageOf(LogPage(0, 0xff)).size(), 14u) << "with subpages";
}

TEST_F(SpcUnitTest, TheRoomOfAThinDisk) {
  ASSERT_EQ(Run(*a_, {0x4d, 0, 0x4c, 0, 0, 0, 0, 0, 255, 0}), kGood);
  ASSERT_EQ(found_.size(), 28u);
  const uint64_t before = LoadBig<4>(&found_[20]);
  EXPECT_EQ(found_[12], 2) << "what is available, others may take";
  const uint64_t free_sets = std::filesystem::space(path_).available >> 20;
  const uint64_t told_sets = LoadBig<4>(&found_[8]);
  EXPECT_NEAR(static_cast<double>(told_sets), static_cast<double>(free_sets), 1024.0);
  ASSERT_EQ(Run(*a_, Write16(0, 8192, 0x08), Filled(8192, 1)), kGood) << "4 MiB, with FUA";
  ASSERT_EQ(Run(*a_, {0x4d, 0, 0x4c, 0, 0, 0, 0, 0, 255, 0}), kGood);
  const uint64_t used_sets = LoadBig<4>(&found_[20]);
  EXPECT_EQ(before, 0u);
  EXPECT_GE(used_sets, 4u);
  EXPECT_LE(used_sets, 5u);
}

TEST_F(SpcUnitTest, AThickDiskHasNoThresholds) {
  a_.reset();
  b_.reset();
  server_ = *DeviceServer::Create(*device_, {.thin = false});
  a_ = Connect("iqn.2026-01.a", 1);
  EXPECT_EQ(PageOf(InquiryPage(0xb2))[4], 0);
  EXPECT_EQ(PageOf(LogPage(0)), (Bytes{0, 0, 0, 3, 0x00, 0x0d, 0x2f}));
  EXPECT_EQ(Run(*a_, {0x5a, 8, 0x1c, 2, 0, 0, 0, 0, 255, 0}), kInvalidFieldInCdb.AtCdbField(3));
  EXPECT_FALSE(DeviceServer::Create(*device_, {.thin = false, .threshold_bytes = 1}).ok());
}

TEST_F(SpcUnitTest, ANamedDiskKeepsItsNamesWhereverItsFileIs) {
  std::vector<Bytes> designators, serials;
  const DeviceServer::Options named = {.identity = {.name = "disk one"}};
  for (const char* const end : {"", ".moved"}) {
    a_.reset();
    b_.reset();
    server_.reset();
    device_.reset();
    const std::string moved = path_ + end;
    std::filesystem::rename(path_, moved);
    path_ = moved;
    device_ = *Device::Create(*File::Open({.path = path_}), kBlockBytes);
    server_ = *DeviceServer::Create(*device_, named);
    a_ = Connect("iqn.2026-01.a", 1);
    serials.push_back(PageOf(InquiryPage(0x80)));
    designators.push_back(PageOf(InquiryPage(0x83)));
  }
  EXPECT_EQ(serials[0], serials[1]);
  EXPECT_EQ(designators[0], designators[1]);
  a_.reset();
  server_ = *DeviceServer::Create(*device_, {.identity = {.name = "disk two"}});
  a_ = Connect("iqn.2026-01.a", 1);
  EXPECT_NE(PageOf(InquiryPage(0x80)), serials[0]);
  EXPECT_NE(PageOf(InquiryPage(0x83)), designators[0]);
}

}  // namespace
}  // namespace quire
