// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: an initiator learns which LUNs it has, which ports lead to the disk and which commands it
// has, and hears when its LUNs change.
// Method: REPORT commands of two hosts against bytes written by hand; two target ports; the port
// group compared with that of INQUIRY.
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

class SpcReportTest : public ScsiFixture {
 protected:
  static constexpr uint8_t kTwo = 2;

  SpcReportTest()
      : ScsiFixture({.ports = {{1, TransportProtocol::kIscsi}, {7, TransportProtocol::kIscsi}}}) {}

  static Bytes ReportLuns(uint8_t select = 0, uint8_t length = 255) {
    return {0xa0, 0, select, 0, 0, 0, 0, 0, 0, length, 0, 0};
  }
  static std::shared_ptr<const std::vector<uint32_t>> Luns(std::vector<uint32_t> luns) {
    return std::make_shared<const std::vector<uint32_t>>(std::move(luns));
  }
};

const Bytes kTestUnitReady(6);

TEST_F(SpcReportTest, Luns) {
  EXPECT_EQ(Run(*a_, ReportLuns()), kGood);
  EXPECT_EQ(found_, (Bytes{0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  a_->SetLuns(Luns({0, 3, 256}));
  EXPECT_EQ(Run(*a_, ReportLuns(2)), kGood);
  EXPECT_EQ(found_, (Bytes{0, 0, 0, 24, 0, 0, 0, 0, 0,    0, 0, 0, 0, 0, 0, 0,
                           0, 3, 0, 0,  0, 0, 0, 0, 0x41, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(Run(*a_, ReportLuns(1)), kGood);
  EXPECT_EQ(found_, Bytes(8)) << "no well known ones";
  EXPECT_EQ(Run(*a_, ReportLuns(0, 10)), kGood);
  EXPECT_EQ(found_, (Bytes{0, 0, 0, 24, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(Run(*a_, ReportLuns(3)), kInvalidFieldInCdb.AtCdbField(2));
  EXPECT_EQ(Run(*b_, ReportLuns()), kGood);
  EXPECT_EQ(found_.size(), 16u) << "the others have theirs";
}

TEST_F(SpcReportTest, ChangedLunsAreToldOnce) {
  a_->SetLuns(Luns({0, 1}));
  EXPECT_EQ(Run(*a_, kTestUnitReady), kReportedLunsDataChanged);
  EXPECT_EQ(Run(*a_, kTestUnitReady), kGood);
  a_->SetLuns(Luns({0, 1}));
  EXPECT_EQ(Run(*a_, kTestUnitReady), kGood) << "the same list";
  EXPECT_EQ(Run(*b_, kTestUnitReady), kGood);
}

TEST_F(SpcReportTest, WhoReadsTheListIsNotToldOfIt) {
  server_->PostAttention(UnitAttention::kCapacityChanged);
  a_->SetLuns(Luns({0, 1}));
  EXPECT_EQ(Run(*a_, ReportLuns(3)), kInvalidFieldInCdb.AtCdbField(2));
  EXPECT_EQ(Run(*a_, ReportLuns()), kGood) << "the unit attentions stay for others";
  EXPECT_EQ(Run(*a_, kTestUnitReady), kCapacityDataChanged);
  EXPECT_EQ(Run(*a_, kTestUnitReady), kGood);
  a_->SetLuns(Luns({0}));
  EXPECT_EQ(Run(*a_, ReportLuns(3)), kInvalidFieldInCdb.AtCdbField(2));
  EXPECT_EQ(Run(*a_, kTestUnitReady), kReportedLunsDataChanged) << "it has not read it";
}

TEST_F(SpcReportTest, OneTargetPortGroup) {
  const Bytes group{0, 0x01, 0, 1, 0, 0, 0, kTwo, 0, 0, 0, 1, 0, 0, 0, 7};
  EXPECT_EQ(Run(*a_, {0xa3, 0x0a, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0}), kGood);
  Bytes expected{0, 0, 0, 16};
  expected.insert(expected.end(), group.begin(), group.end());
  EXPECT_EQ(found_, expected);
  EXPECT_EQ(Run(*a_, {0xa3, 0x2a, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0}), kGood);
  expected = {0, 0, 0, 20, 0x10, 0, 0, 0};
  expected.insert(expected.end(), group.begin(), group.end());
  EXPECT_EQ(found_, expected) << "with the extended header";
}

TEST_F(SpcReportTest, InquiryNamesTheSameGroup) {
  EXPECT_EQ(Run(*a_, {0x12, 0, 0, 0, 96, 0}), kGood);
  EXPECT_EQ(found_[5] & 0x30, 0x10) << "TPGS: implicit";
  EXPECT_EQ(found_[6] & 0x10, 0x10) << "MULTIP";
  EXPECT_EQ(Run(*a_, {0x12, 1, 0x83, 1, 0, 0}), kGood);
  bool port = false;
  bool group = false;
  for (size_t at = 4; at < found_.size(); at += 4u + found_[at + 3]) {
    const Bytes value(found_.begin() + static_cast<ptrdiff_t>(at) + 4,
                      found_.begin() + static_cast<ptrdiff_t>(at) + 8);
    if ((found_[at + 1] & 0x3f) == 0x14) port = value == Bytes{0, 0, 0, 1};
    if ((found_[at + 1] & 0x3f) == 0x15) group = value == Bytes{0, 0, 0, 1};
  }
  EXPECT_TRUE(port);
  EXPECT_TRUE(group);
  EXPECT_EQ(Run(*a_, {0x5a, 0, 0x0a, 1, 0, 0, 0, 0, 255, 0}), kGood);
  EXPECT_EQ(found_[16 + 4] & 0x01, 0x01) << "IALUAE";
}

TEST_F(SpcReportTest, TaskManagementFunctions) {
  EXPECT_EQ(Run(*a_, {0xa3, 0x0d, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0}), kGood);
  EXPECT_EQ(found_.size(), 4u);
  EXPECT_EQ(Run(*a_, {0xa3, 0x0d, 0x80, 0, 0, 0, 0, 0, 0, 255, 0, 0}), kGood);
  EXPECT_EQ(found_.size(), 16u);
}

TEST_F(SpcReportTest, Timestamp) {
  const auto now_ms = static_cast<uint64_t>(time(nullptr)) * 1000;
  EXPECT_EQ(Run(*a_, {0xa3, 0x0f, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0}), kGood);
  ASSERT_EQ(found_.size(), 12u);
  const uint64_t told_ms = LoadBig<6>(&found_[4]);
  EXPECT_GE(told_ms, now_ms);
  EXPECT_LT(told_ms, now_ms + 60'000);
}

}  // namespace
}  // namespace quire
