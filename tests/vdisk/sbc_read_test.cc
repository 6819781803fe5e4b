// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: READ gives the blocks that it names and VERIFY tells whether they are as they should be, by
// CDBs of every size; what they may not do is refused.
// Method: a disk whose bytes tell their block, of both block sizes; tables on both sides of the end
// of the disk and of the longest transfer; faults where the medium is to fail.

#include <gtest/gtest.h>

#include <cerrno>

#include "base/log.h"
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

constexpr uint8_t kFua = 0x08, kDpo = 0x10;

class SbcReadTest : public ScsiFixture, public testing::WithParamInterface<uint32_t> {
 protected:
  SbcReadTest() : ScsiFixture(TestDisk{.block_bytes = GetParam()}) {
    const uint32_t half = max_transfer();
    EXPECT_EQ(Run(*a_, Write16(0, half), Pattern(0, half)), kGood);
    EXPECT_EQ(Run(*a_, Write16(half, half), Pattern(half, half)), kGood);
    EXPECT_EQ(count_blocks(), 2 * half);
    SetLogSink([](LogLevel, std::string_view) {});
  }
  ~SbcReadTest() override { SetLogSink(nullptr); }

  uint32_t max_transfer() const { return server_->limits().max_transfer; }
  ByteRange BytesOf(uint64_t lba, uint64_t count) const {
    return {lba * block_bytes_, count * block_bytes_};
  }
};

INSTANTIATE_TEST_SUITE_P(Blocks, SbcReadTest, testing::Values(512, 4096));

TEST_P(SbcReadTest, EverySizeOfCdbReadsItsBlocks) {
  const uint64_t end = count_blocks();
  const struct {
    uint64_t lba;
    uint32_t count;
  } kCases[] = {{0, 1}, {1, 7}, {end - 1, 1}, {end - 255, 255}};
  for (const uint8_t opcode : {0x08, 0x28, 0xa8, 0x88}) {
    for (const auto& [lba, count] : kCases) {
      EXPECT_EQ(Run(*a_, BlockCdb(opcode, lba, count)), kGood);
      EXPECT_EQ(found_, Pattern(lba, count)) << int{opcode} << " at " << lba;
    }
  }
}

TEST_P(SbcReadTest, ALengthOfZeroIs256BlocksInSixBytesAndNoneElsewhere) {
  EXPECT_EQ(Run(*a_, BlockCdb(0x08, 3, 0)), kGood);
  EXPECT_EQ(found_, Pattern(3, 256));
  for (const uint8_t opcode : {0x28, 0xa8, 0x88}) {
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 3, 0)), kGood);
    EXPECT_EQ(found_, Bytes());
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, count_blocks(), 0)), kGood);
    EXPECT_TRUE(Run(*a_, BlockCdb(opcode, count_blocks() + 1, 0)).Is(kLbaOutOfRange));
  }
}

TEST_P(SbcReadTest, TheFirstBlockThatIsNotThereIsNamed) {
  const uint64_t end = count_blocks();
  for (const uint8_t opcode : {0x08, 0x28, 0xa8, 0x88, 0x2f, 0xaf, 0x8f}) {
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, end - 1, 2)), kLbaOutOfRange.WithInformation(end));
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, end + 9, 1)), kLbaOutOfRange.WithInformation(end + 9));
  }
  constexpr uint64_t kLast = ~uint64_t{0};
  EXPECT_EQ(Run(*a_, Read16(kLast, 2)), kLbaOutOfRange.WithInformation(kLast));
}

TEST_P(SbcReadTest, TheLongestTransfer) {
  EXPECT_EQ(Run(*a_, BlockCdb(0x88, 0, max_transfer())), kGood);
  EXPECT_TRUE(found_ == Pattern(0, max_transfer()));
  EXPECT_EQ(Run(*a_, BlockCdb(0x28, 0, max_transfer() + 1)), kInvalidFieldInCdb.AtCdbField(7));
  EXPECT_EQ(Run(*a_, BlockCdb(0xa8, 0, max_transfer() + 1)), kInvalidFieldInCdb.AtCdbField(6));
  EXPECT_EQ(Run(*a_, BlockCdb(0x88, 0, max_transfer() + 1)), kInvalidFieldInCdb.AtCdbField(10));
}

TEST_P(SbcReadTest, FuaReadsWhatIsOnTheMedium) {
  backing_->TakeStable();
  for (const uint8_t opcode : {0x28, 0xa8, 0x88}) {
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 5, 3, kDpo)), kGood);
    EXPECT_TRUE(backing_->TakeStable().empty());
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 5, 3, kFua | kDpo)), kGood);
    EXPECT_EQ(found_, Pattern(5, 3));
    EXPECT_EQ(backing_->TakeStable(), std::vector{BytesOf(5, 3)});
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 5, 0, kFua)), kGood);
    EXPECT_TRUE(backing_->TakeStable().empty());
  }
  backing_->Set({.kind = IoOp::Kind::kFlush, .error = EIO, .count = 1});
  EXPECT_EQ(Run(*a_, Read16(5, 3, kFua)), kWriteError);
  EXPECT_EQ(found_, Bytes());
  EXPECT_EQ(Run(*a_, Read16(5, 3)), kGood);
}

// ---- VERIFY ----

TEST_P(SbcReadTest, WithoutComparisonVerifyTakesNoData) {
  for (const uint8_t opcode : {0x2f, 0xaf, 0x8f}) {
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 1, 9)), kGood);
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 1, 0)), kGood);
  }
  EXPECT_EQ(Run(*a_, BlockCdb(0x8f, 0, static_cast<uint32_t>(count_blocks()))), kGood);
  EXPECT_EQ(found_, Bytes());
}

TEST_P(SbcReadTest, VerifyIsOfTheMedium) {
  backing_->TakeStable();
  EXPECT_EQ(Run(*a_, BlockCdb(0x8f, 2, 6)), kGood);
  EXPECT_EQ(backing_->TakeStable(), std::vector{BytesOf(2, 6)});
  EXPECT_EQ(Run(*a_, BlockCdb(0x8f, 2, 0)), kGood);
  EXPECT_TRUE(backing_->TakeStable().empty()) << "not of the whole disk";
  backing_->Set({.kind = IoOp::Kind::kFlush, .error = EIO, .count = 1});
  EXPECT_EQ(Run(*a_, BlockCdb(0x8f, 2, 6)), kWriteError);
}

TEST_P(SbcReadTest, VerifyComparesEveryByte) {
  constexpr uint8_t kCompare = 1 << 1;
  for (const uint8_t opcode : {0x2f, 0xaf, 0x8f}) {
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 4, 3, kCompare), Pattern(4, 3)), kGood);
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 4, 0, kCompare)), kGood);
    for (const size_t at : {size_t{0}, size_t{block_bytes_}, size_t{3 * block_bytes_ - 1}}) {
      Bytes wrong = Pattern(4, 3);
      wrong[at] ^= 1;
      EXPECT_EQ(Run(*a_, BlockCdb(opcode, 4, 3, kCompare), wrong), kMiscompare) << at;
    }
  }
  const uint32_t most = max_transfer();
  EXPECT_EQ(Run(*a_, BlockCdb(0x8f, 0, most, kCompare), Pattern(0, most)), kGood);
  EXPECT_EQ(Run(*a_, BlockCdb(0x8f, 0, most + 1, kCompare), Pattern(0, most + 1)),
            kInvalidFieldInCdb.AtCdbField(10));
}

TEST_P(SbcReadTest, VerifyComparesEveryBlockWithOne) {
  constexpr uint8_t kCompareOne = 3 << 1;
  ASSERT_EQ(Run(*a_, Write16(0, max_transfer()), Filled(max_transfer(), 7)), kGood);
  ASSERT_EQ(Run(*a_, Write16(max_transfer(), 2), Filled(2, 7)), kGood);
  for (const uint8_t opcode : {0x2f, 0xaf, 0x8f}) {
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 4, 30, kCompareOne), Filled(1, 7)), kGood);
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 4, 0, kCompareOne)), kGood);
    Bytes wrong = Filled(1, 7);
    wrong.back() = 8;
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 4, 30, kCompareOne), wrong), kMiscompare);
  }
  // More blocks than one step reads; the last one differs.
  EXPECT_EQ(Run(*a_, BlockCdb(0x8f, 0, max_transfer() + 2, kCompareOne), Filled(1, 7)), kGood);
  EXPECT_EQ(Run(*a_, BlockCdb(0x8f, 0, max_transfer() + 3, kCompareOne), Filled(1, 7)),
            kMiscompare);
}

TEST_P(SbcReadTest, ThereIsNoOtherWayToCompare) {
  for (const uint8_t opcode : {0x2f, 0xaf, 0x8f}) {
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 0, 1, 2 << 1), Pattern(0, 1)),
              kInvalidFieldInCdb.AtCdbField(1, 2));
  }
}

TEST_P(SbcReadTest, VerifyWithOtherDataThanItPromises) {
  constexpr uint8_t kCompare = 1 << 1;
  Bytes data = Pattern(4, 3);
  data.pop_back();
  EXPECT_EQ(Run(*a_, BlockCdb(0x8f, 4, 3, kCompare), data), kDataPhaseError);
  EXPECT_EQ(Run(*a_, BlockCdb(0x8f, 4, 3, kCompare), Pattern(4, 4)), kGood);
  EXPECT_EQ(Run(*a_, BlockCdb(0x8f, 4, 3), Pattern(9, 1)), kGood) << "nobody asked for it";
}

// ---- A disk of which nothing is in memory ----

class SbcColdReadTest : public ScsiFixture {};

TEST_F(SbcColdReadTest, AnErrorOfTheMediumIsTold) {
  backing_->Set({.kind = IoOp::Kind::kRead, .error = EIO, .count = 100});
  EXPECT_EQ(Run(*a_, Read16(0, 64)), kUnrecoveredReadError);
  EXPECT_EQ(found_, Bytes());
  EXPECT_EQ(Run(*a_, BlockCdb(0x8f, 1024, 64)), kUnrecoveredReadError);
  EXPECT_EQ(Run(*a_, BlockCdb(0x8f, 2048, 64, 3 << 1), Filled(1, 0)), kUnrecoveredReadError);
  backing_->Set({});
  EXPECT_EQ(Run(*a_, Read16(0, 64)), kGood);
}

class SbcReadOnlyTest : public ScsiFixture {
 protected:
  SbcReadOnlyTest() : ScsiFixture(TestDisk{.read_only = true}) {}
};

TEST_F(SbcReadOnlyTest, AReadOnlyDiskIsReadAndVerified) {
  EXPECT_EQ(Run(*a_, Read16(0, 2, kFua)), kGood);
  EXPECT_EQ(found_, Filled(2, 0));
  EXPECT_EQ(Run(*a_, BlockCdb(0x8f, 0, 2, 2), Filled(2, 0)), kGood);
}

}  // namespace
}  // namespace quire
