// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: WRITE, WRITE AND VERIFY and SYNCHRONIZE CACHE change the blocks that they name and no
// others, and say GOOD only when what they promise is so.
// Method: CDBs of every size on disks of both block sizes, against what the file has afterwards;
// a full file system; writes on disks that may not be written. What is stable when: see
// sbc_durability_test.cc.

#include <gtest/gtest.h>

#include <cerrno>

#include "base/log.h"
#include "tests/support/loop.h"
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

constexpr uint8_t kFua = 0x08, kDpo = 0x10, kCompare = 0x02;

class SbcWriteTest : public ScsiFixture, public testing::WithParamInterface<uint32_t> {
 protected:
  SbcWriteTest() : ScsiFixture(TestDisk{.block_bytes = GetParam()}) {}

  uint32_t max_transfer() const { return server_->limits().max_transfer; }
};

INSTANTIATE_TEST_SUITE_P(Blocks, SbcWriteTest, testing::Values(512, 4096));

TEST_P(SbcWriteTest, EverySizeOfCdbWritesItsBlocks) {
  const uint64_t end = count_blocks();
  const struct {
    uint64_t lba;
    uint32_t count;
  } kCases[] = {{0, 1}, {9, 7}, {end - 1, 1}, {end - 300, 255}};
  Bytes model = FileBytes(0, end);
  uint8_t version = 0;
  for (const uint8_t opcode : {0x0a, 0x2a, 0xaa, 0x8a, 0x2e, 0xae, 0x8e}) {
    for (const auto& [lba, count] : kCases) {
      const Bytes data = Pattern(lba, count, ++version);
      std::ranges::copy(data, model.begin() + static_cast<ptrdiff_t>(lba * block_bytes_));
      ASSERT_EQ(Run(*a_, BlockCdb(opcode, lba, count), data), kGood) << int{opcode};
      ASSERT_TRUE(FileBytes(0, end) == model) << int{opcode} << " at " << lba;
    }
  }
}

TEST_P(SbcWriteTest, ALengthOfZeroIs256BlocksInSixBytesAndNoneElsewhere) {
  EXPECT_EQ(Run(*a_, BlockCdb(0x0a, 3, 0), Pattern(3, 256)), kGood);
  EXPECT_EQ(FileBytes(3, 256), Pattern(3, 256));
  const Bytes before = FileBytes(0, count_blocks());
  for (const uint8_t opcode : {0x2a, 0xaa, 0x8a, 0x2e, 0xae, 0x8e}) {
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 3, 0)), kGood);
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 3, 0), Pattern(3, 1, 9)), kGood) << "data for nothing";
  }
  EXPECT_TRUE(FileBytes(0, count_blocks()) == before);
}

TEST_P(SbcWriteTest, BeyondTheEndNothingIsWritten) {
  const uint64_t end = count_blocks();
  for (const uint8_t opcode : {0x0a, 0x2a, 0xaa, 0x8a, 0x2e, 0xae, 0x8e}) {
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, end - 1, 2), Pattern(end - 1, 2)),
              kLbaOutOfRange.WithInformation(end));
  }
  EXPECT_EQ(FileBytes(end - 1, 1), Filled(1, 0));
}

TEST_P(SbcWriteTest, TheLongestTransfer) {
  const uint32_t most = max_transfer();
  EXPECT_EQ(Run(*a_, Write16(0, most), Pattern(0, most)), kGood);
  EXPECT_TRUE(FileBytes(0, most) == Pattern(0, most));
  const Bytes data = Pattern(0, most + 1, 2);
  EXPECT_EQ(Run(*a_, BlockCdb(0x2a, 0, most + 1), data), kInvalidFieldInCdb.AtCdbField(7));
  EXPECT_EQ(Run(*a_, BlockCdb(0xaa, 0, most + 1), data), kInvalidFieldInCdb.AtCdbField(6));
  EXPECT_EQ(Run(*a_, BlockCdb(0x8a, 0, most + 1), data), kInvalidFieldInCdb.AtCdbField(10));
  EXPECT_EQ(Run(*a_, BlockCdb(0x8e, 0, most + 1), data), kInvalidFieldInCdb.AtCdbField(10));
  EXPECT_TRUE(FileBytes(0, most) == Pattern(0, most));
}

TEST_P(SbcWriteTest, OtherDataThanTheCdbPromises) {
  for (const uint8_t opcode : {0x0a, 0x2a, 0xaa, 0x8a, 0x2e, 0xae, 0x8e}) {
    const uint64_t lba = opcode;
    Bytes less = Pattern(lba, 2);
    less.pop_back();
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, lba, 2), less), kDataPhaseError);
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, lba, 2)), kDataPhaseError);
    EXPECT_EQ(FileBytes(lba, 2), Filled(2, 0)) << "all or nothing";
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, lba, 2), Pattern(lba, 3)), kGood);
    EXPECT_EQ(FileBytes(lba, 2), Pattern(lba, 2));
    EXPECT_EQ(FileBytes(lba + 2, 1), Filled(1, 0)) << "what was not promised";
    ASSERT_EQ(Run(*a_, Write16(lba, 2), Filled(2, 0)), kGood);
  }
}

TEST_P(SbcWriteTest, HintsAreTaken) {
  for (const uint8_t opcode : {0x2a, 0xaa, 0x8a}) {
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, opcode, 1, kFua | kDpo), Pattern(opcode, 1)), kGood);
    EXPECT_EQ(FileBytes(opcode, 1), Pattern(opcode, 1));
  }
  for (const uint8_t opcode : {0x2e, 0xae, 0x8e}) {
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, opcode, 1, kCompare | kDpo), Pattern(opcode, 1)), kGood);
    EXPECT_EQ(FileBytes(opcode, 1), Pattern(opcode, 1));
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, opcode, 1, 2 << 1), Pattern(opcode, 1)),
              kInvalidFieldInCdb.AtCdbField(1, 2));
  }
}

// Somebody else changes the file between the two.
TEST_P(SbcWriteTest, WriteAndVerifyComparesOnlyWhenAsked) {
  for (const bool compares : {false, true}) {
    TestCommand command(BlockCdb(0x8e, 8, 2, compares ? kCompare : 0), Pattern(8, 2));
    backing_->Set({.kind = IoOp::Kind::kFlush, .count = 1, .hold = true});
    server_->Execute(*a_, command);
    for (int i = 0; i < 2000 && !backing_->holds(); ++i) reactor_->Wait(kNsPerMs);
    ASSERT_TRUE(backing_->holds()) << "it is on the medium before it is verified";
    EXPECT_EQ(command.count_done, 0);
    const char other = 'x';
    ASSERT_EQ(pwrite(backing_->fd(), &other, 1, static_cast<off_t>(9 * block_bytes_)), 1);
    backing_->LetGo(*reactor_);
    WaitFor(command);
    EXPECT_EQ(command.outcome(), compares ? kMiscompare : kGood);
  }
}

TEST_P(SbcWriteTest, NobodyWritesBetweenAWriteAndItsVerification) {
  TestCommand verified(BlockCdb(0x8e, 8, 2, kCompare), Pattern(8, 2, 1));
  TestCommand other(Write16(9, 2), Pattern(9, 2, 2));
  backing_->Set({.kind = IoOp::Kind::kFlush, .count = 1, .hold = true});
  server_->Execute(*a_, verified);
  server_->Execute(*b_, other);
  for (int i = 0; i < 2000 && !backing_->holds(); ++i) reactor_->Wait(kNsPerMs);
  for (int i = 0; i < 10; ++i) reactor_->Wait(kNsPerMs);
  ASSERT_TRUE(backing_->holds());
  EXPECT_EQ(other.count_done, 0);
  backing_->LetGo(*reactor_);
  WaitFor(verified);
  WaitFor(other);
  EXPECT_EQ(verified.outcome(), kGood);
  EXPECT_EQ(FileBytes(9, 2), Pattern(9, 2, 2));
}

TEST_P(SbcWriteTest, SynchronizeCacheKeepsToTheDisk) {
  const uint64_t end = count_blocks();
  for (const uint8_t opcode : {0x35, 0x91}) {
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, end - 1, 1)), kGood);
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, end, 0)), kGood);
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, end - 1, 2)), kLbaOutOfRange.WithInformation(end));
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, end + 1, 0)), kLbaOutOfRange.WithInformation(end + 1));
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 0, 0, kCompare /* IMMED */)), kGood);
  }
}

TEST_P(SbcWriteTest, SoftwareWriteProtection) {
  ModeParameters parameters = server_->mode_state().current;
  parameters.swp = 1;
  server_->ChangeMode(parameters, *a_);
  for (const uint8_t opcode : {0x0a, 0x2a, 0xaa, 0x8a, 0x2e, 0xae, 0x8e}) {
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 0, 1), Pattern(0, 1)), kSoftwareWriteProtected);
  }
  EXPECT_EQ(FileBytes(0, 1), Filled(1, 0));
  EXPECT_EQ(Run(*a_, BlockCdb(0x91, 0, 0)), kGood) << "writes nothing that is new";
}

class SbcReadOnlyWriteTest : public ScsiFixture {
 protected:
  SbcReadOnlyWriteTest() : ScsiFixture(TestDisk{.read_only = true}) {}
};

TEST_F(SbcReadOnlyWriteTest, AReadOnlyDiskIsNotWritten) {
  for (const uint8_t opcode : {0x0a, 0x2a, 0xaa, 0x8a, 0x2e, 0xae, 0x8e}) {
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 0, 1), Pattern(0, 1)), kWriteProtected);
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 0, 1)), kWriteProtected) << "whatever else is wrong";
  }
  EXPECT_EQ(Run(*a_, BlockCdb(0x91, 0, 0)), kGood);
}

TEST(SbcFullTest, AFullFileSystemIsToldAndUnmapMakesRoom) {
  const LoopFileSystem full("tmpfs", 2 << 20);
  if (!full.mounted()) GTEST_SKIP() << full.why();
  class Disk : public ScsiFixture {
   public:
    explicit Disk(const std::string& folder) : ScsiFixture(TestDisk{.folder = folder}) {}
    void TestBody() override {
      constexpr uint32_t kBlocks = 512;  // 256 KiB
      uint64_t lba = 0;
      Outcome outcome;
      for (; lba < count_blocks(); lba += kBlocks) {
        outcome = Run(*a_, Write16(lba, kBlocks), Pattern(lba, kBlocks));
        if (!outcome.good()) break;
      }
      EXPECT_EQ(outcome, kSpaceAllocationFailed);
      ASSERT_GE(lba, 2 * kBlocks);
      EXPECT_TRUE(FileBytes(0, lba) == Pattern(0, lba)) << "what was acknowledged";
      EXPECT_EQ(Run(*a_, BlockCdb(0x91, 0, 0)), kGood) << "and can be made stable";
      EXPECT_EQ(Run(*a_, Cdb16(0x93, 0, kBlocks, 0x09)), kGood) << "WRITE SAME, UNMAP, NDOB";
      EXPECT_EQ(Run(*a_, Write16(lba, kBlocks), Pattern(lba, kBlocks)), kGood);
    }
  };
  Disk(full.folder()).TestBody();
}

}  // namespace
}  // namespace quire
