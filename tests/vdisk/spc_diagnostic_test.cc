// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the self test tells whether the disk would take writes, and the only diagnostic page is
// found. Method: SEND DIAGNOSTIC in every form, also after a flush that failed; the page it asks
// for.
#include "pagecache/kernel_backing.h"
#include "tests/support/faulty_backing.h"
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

class SpcDiagnosticTest : public ScsiFixture {
 protected:
  static constexpr uint8_t kPf = 0x10;
  static constexpr uint8_t kSelftest = 0x04;

  Outcome Send(uint8_t flags, const Bytes& list = {}) {
    return Run(*a_, {0x1d, flags, 0, 0, static_cast<uint8_t>(list.size()), 0}, list);
  }
};

TEST_F(SpcDiagnosticTest, TheSelfTestPasses) {
  EXPECT_EQ(Send(kSelftest), kGood);
  EXPECT_EQ(Send(kSelftest | 3), kGood) << "offline is allowed, and not needed";
  EXPECT_EQ(Send(0), kGood);
}

TEST_F(SpcDiagnosticTest, TheSelfTestFailsWhenAcknowledgedDataMayBeLost) {
  a_.reset();
  b_.reset();
  server_.reset();
  device_.reset();
  auto faulty = std::make_unique<FaultyBacking>(*KernelBacking::Open({.path = path_}));
  faulty->Set({.kind = IoOp::Kind::kFlush, .error = EIO, .count = 1});
  device_ = *Device::Create(*File::Open(std::move(faulty), {.path = path_}), kBlockBytes);
  server_ = *DeviceServer::Create(*device_, {});
  a_ = Connect("iqn.2026-01.a", 1);
  EXPECT_EQ(Send(kSelftest), kGood);
  EXPECT_TRUE(Run(*a_, {0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0}).Is(kWriteError));
  EXPECT_EQ(Send(kSelftest), kFailedSelfTest);
  EXPECT_EQ(Send(0), kGood) << "that is no test";
  device_->file().ClearLatchedError();
  EXPECT_EQ(Send(kSelftest), kGood);
}

TEST_F(SpcDiagnosticTest, SelfTestsInTheBackgroundAreRefused) {
  for (uint8_t code = 1; code < 8; ++code) {
    EXPECT_TRUE(Send(static_cast<uint8_t>(code << 5)).Is(kInvalidFieldInCdb)) << int{code};
  }
}

TEST_F(SpcDiagnosticTest, Pages) {
  EXPECT_EQ(Send(kPf, {0, 0, 0, 0}), kGood);
  EXPECT_EQ(Run(*a_, {0x1c, 0, 0, 0, 64, 0}), kGood);
  EXPECT_EQ(found_, (Bytes{0, 0, 0, 1, 0}));
  EXPECT_EQ(Run(*a_, {0x1c, 1, 0, 0, 3, 0}), kGood);
  EXPECT_EQ(found_, (Bytes{0, 0, 0}));
  EXPECT_EQ(Run(*a_, {0x1c, 1, 0x40, 0, 64, 0}), kInvalidFieldInCdb.AtCdbField(2));
}

TEST_F(SpcDiagnosticTest, OtherListsAreRefused) {
  EXPECT_EQ(Send(kPf | kSelftest, Bytes(4)), kInvalidFieldInCdb.AtCdbField(3));
  EXPECT_EQ(Send(0, Bytes(4)), kInvalidFieldInCdb.AtCdbField(1, 4));
  EXPECT_EQ(Send(kPf, Bytes(3)), kParameterListLengthError);
  EXPECT_EQ(Send(kPf, Bytes(5)), kParameterListLengthError);
  EXPECT_EQ(Send(kPf, {0x40, 0, 0, 0}), kInvalidFieldInParameterList.AtParameterField(0));
  EXPECT_EQ(Send(kPf, {0, 0, 0, 1}), kInvalidFieldInParameterList.AtParameterField(2));
  EXPECT_EQ(Run(*a_, {0x1d, kPf, 0, 0, 4, 0}, Bytes(2)), kDataPhaseError);
}

}  // namespace
}  // namespace quire
