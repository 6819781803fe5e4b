// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: what REPORT SUPPORTED OPERATION CODES tells of a command is what the device server has.
// Method: every row of the table: told one by one, and told in the list.
#include "vdisk/handlers.h"

#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

class HandlersTest : public ScsiFixture {
 protected:
  // WRITE ATOMIC(16) is the only one that depends on the file.
  bool Supported(const Opcode& row) const {
    const bool has_handler = CommandRun::HandlerOf(row.operation) != nullptr;
    if (row.operation != Operation::kWriteAtomic) return has_handler;
    return has_handler && server_->limits().max_atomic > 0;
  }
};

TEST_F(HandlersTest, EachRowIsToldAsItIs) {
  constexpr uint8_t kNotSupported = 1;
  constexpr uint8_t kSupported = 3;
  for (const Opcode& row : AllOpcodes()) {
    const auto options = static_cast<uint8_t>(row.has_service_action ? 2 : 1);
    EXPECT_EQ(
        Run(*a_, {0xa3, 0x0c, options, row.opcode, 0, row.service_action, 0, 0, 0, 255, 0, 0}),
        kGood);
    ASSERT_GE(found_.size(), 4u);
    EXPECT_EQ(found_[1] & 7, Supported(row) ? kSupported : kNotSupported) << row.name;
  }
}

TEST_F(HandlersTest, TheListHasThoseThatAreSupported) {
  EXPECT_EQ(Run(*a_, {0xa3, 0x0c, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0}), kGood);
  size_t at = 4;
  for (const Opcode& row : AllOpcodes()) {
    if (!Supported(row)) continue;
    ASSERT_LE(at + 8, found_.size());
    EXPECT_EQ(found_[at], row.opcode) << row.name;
    EXPECT_EQ(found_[at + 3], row.service_action) << row.name;
    at += 8;
  }
  EXPECT_EQ(at, found_.size());
}

}  // namespace
}  // namespace quire
