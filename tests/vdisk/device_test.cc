// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a device checks what it is asked, answers in SCSI's words, and takes references back once.
// Method: commands of every kind on a temporary file and on the null disk, in and out of range.

#include "vdisk/device.h"

#include <gtest/gtest.h>

#include "tests/support/await_answer.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

constexpr uint64_t kFileBytes = 1024 * 1024;

class DeviceTest : public testing::Test {
 protected:
  DeviceTest() : scratch_(kFileBytes), reactor_(*Reactor::Create(workers_)) { Open(false); }

  void Open(bool read_only) {
    nexus_.reset();
    device_.reset();
    auto file = *File::Open({.path = scratch_.path(), .read_only = read_only});
    device_ = *Device::Create(std::move(file), 512);
    nexus_ = device_->Connect(*reactor_);
  }
  void Run(Command& command) {
    AwaitAnswer(*reactor_, command, [&] { device_->Execute(*nexus_, command); });
  }
  Outcome Answer(CommandKind kind, BlockRange blocks, SgView data = {}) {
    Command command;
    command.kind = kind;
    command.blocks = blocks;
    command.data_out = data;
    Run(command);
    const Outcome outcome = command.outcome;
    command.Drop();
    return outcome;
  }

  ScratchFile scratch_;
  WorkerPool workers_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Nexus> nexus_;
};

TEST_F(DeviceTest, WritesReadsFlushesUnmaps) {
  const std::vector<std::byte> bytes = Filled(4096, 'x');
  const Segment piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  EXPECT_TRUE(Answer(CommandKind::kWrite, {{8}, {8}}, SgView({&piece, 1})).good());
  EXPECT_TRUE(Answer(CommandKind::kFlush, {{0}, {0}}).good());
  EXPECT_TRUE(Answer(CommandKind::kFlush, {{8}, {8}}).good());
  Command read;
  read.blocks = {{8}, {8}};
  Run(read);
  EXPECT_EQ(Collect(read.data_in().view()), bytes);
  read.Drop();
  EXPECT_TRUE(Answer(CommandKind::kUnmap, {{8}, {4}}).good());
  EXPECT_TRUE(Answer(CommandKind::kWriteZeroes, {{12}, {4}}).good());
  EXPECT_EQ(scratch_.Contents(4096, 4096), Filled(4096, 0));
  EXPECT_EQ(device_->counts().executed, device_->counts().freed);
}

TEST_F(DeviceTest, RefusesWhatLiesOutside) {
  const Outcome outside{Status::kCheckCondition, SenseKey::kIllegalRequest, 0x21, 0x00};
  const uint64_t end = device_->geometry().count.value;
  for (const CommandKind kind :
       {CommandKind::kRead, CommandKind::kFlush, CommandKind::kUnmap, CommandKind::kWriteZeroes}) {
    EXPECT_EQ(Answer(kind, {{end}, {1}}), outside);
    EXPECT_EQ(Answer(kind, {{end - 1}, {2}}), outside);
    EXPECT_EQ(Answer(kind, {{~uint64_t{0}}, {~uint64_t{0}}}), outside);
  }
  // Data that does not fit its blocks.
  const std::vector<std::byte> bytes = Filled(512, 'x');
  const Segment piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  EXPECT_FALSE(Answer(CommandKind::kWrite, {{0}, {2}}, SgView({&piece, 1})).good());
  EXPECT_TRUE(Answer(CommandKind::kRead, {{end}, {0}}).good());
}

TEST_F(DeviceTest, AReadOnlyDiskIsWriteProtected) {
  Open(true);
  const Outcome protected_{Status::kCheckCondition, SenseKey::kDataProtect, 0x27, 0x00};
  const std::vector<std::byte> bytes = Filled(512, 'x');
  const Segment piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  EXPECT_TRUE(device_->read_only());
  EXPECT_EQ(Answer(CommandKind::kWrite, {{0}, {1}}, SgView({&piece, 1})), protected_);
  EXPECT_EQ(Answer(CommandKind::kUnmap, {{0}, {1}}), protected_);
  EXPECT_EQ(Answer(CommandKind::kWriteZeroes, {{0}, {1}}), protected_);
  EXPECT_TRUE(Answer(CommandKind::kRead, {{0}, {1}}).good());
  EXPECT_TRUE(Answer(CommandKind::kFlush, {{0}, {0}}).good());
}

TEST_F(DeviceTest, GrowthIsSeenAtOnce) {
  EXPECT_FALSE(Answer(CommandKind::kRead, {{kFileBytes / 512}, {1}}).good());
  ASSERT_TRUE(device_->file().Grow(2 * kFileBytes).ok());
  EXPECT_EQ(device_->geometry().count.value, 2 * kFileBytes / 512);
  EXPECT_TRUE(Answer(CommandKind::kRead, {{kFileBytes / 512}, {1}}).good());
}

TEST(DeviceCreateTest, RefusesOddBlocksAndEmptyFiles) {
  const ScratchFile empty(0);
  EXPECT_FALSE(Device::Create(*File::Open({.path = empty.path()}), 512).ok());
  const ScratchFile file(8192);
  EXPECT_FALSE(Device::Create(*File::Open({.path = file.path()}), 520).ok());
  EXPECT_TRUE(Device::Create(*File::Open({.path = file.path()}), 4096).ok());
}

TEST_F(DeviceTest, ARevokedReadIsForgottenByTheNextCommand) {
  scratch_.Fill(0, Filled(kFileBytes, 'a'));
  Command command;
  command.references_only = true;
  command.blocks = {{1024}, {8}};
  Run(command);
  ASSERT_EQ(ftruncate(scratch_.fd(), 4096), 0);
  EXPECT_EQ(Collect(command.data_in().view()), Filled(4096, 0));
  command.Drop();
  EXPECT_TRUE(command.revoked());
  command.kind = CommandKind::kFlush;
  command.blocks = {{0}, {8}};
  Run(command);
  EXPECT_TRUE(command.outcome.good());
  EXPECT_FALSE(command.revoked());
  EXPECT_EQ(command.referenced_bytes(), 0u);
  command.Drop();
}

}  // namespace
}  // namespace quire
