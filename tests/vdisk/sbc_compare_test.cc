// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: COMPARE AND WRITE and ORWRITE read and write as one: nothing comes between, a miscompare
// changes nothing and says where it was.
// Method: disks of both block sizes; the first and the last byte of what is compared; many commands
// of two hosts at once on the same blocks.

#include <gtest/gtest.h>

#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

constexpr uint8_t kFua = 0x08, kDpo = 0x10;

class SbcCompareTest : public ScsiFixture, public testing::WithParamInterface<uint32_t> {
 protected:
  SbcCompareTest() : ScsiFixture(TestDisk{.block_bytes = GetParam()}) {}

  static Bytes CompareAndWrite(uint64_t lba, uint8_t count, uint8_t flags = 0) {
    return Cdb16(0x89, lba, count, flags);
  }
  static Bytes OrWrite(uint64_t lba, uint32_t count, uint8_t flags = 0) {
    return Cdb16(0x8b, lba, count, flags);
  }
  static Bytes Both(Bytes compared, const Bytes& written) {
    compared.insert(compared.end(), written.begin(), written.end());
    return compared;
  }
};

INSTANTIATE_TEST_SUITE_P(Blocks, SbcCompareTest, testing::Values(512, 4096));

TEST_P(SbcCompareTest, WritesWhatItIsGivenWhereAllAgrees) {
  const uint64_t end = count_blocks();
  const struct {
    uint64_t lba;
    uint8_t count;
  } kCases[] = {{0, 1}, {5, 3}, {end - 1, 1}, {end - 255, 255}};
  for (const auto& [lba, count] : kCases) {
    ASSERT_EQ(Run(*a_, Write16(lba, count), Pattern(lba, count)), kGood);
    EXPECT_EQ(Run(*a_, CompareAndWrite(lba, count, kFua | kDpo),
                  Both(Pattern(lba, count), Pattern(lba, count, 2))),
              kGood);
    EXPECT_EQ(FileBytes(lba, count), Pattern(lba, count, 2));
  }
  EXPECT_EQ(FileBytes(8, 1), Filled(1, 0)) << "the neighbours";
}

TEST_P(SbcCompareTest, AMiscompareTellsItsFirstByteAndChangesNothing) {
  ASSERT_EQ(Run(*a_, Write16(4, 3), Pattern(4, 3)), kGood);
  for (const size_t at :
       {size_t{0}, size_t{block_bytes_ - 1}, size_t{block_bytes_}, size_t{3 * block_bytes_ - 1}}) {
    Bytes compared = Pattern(4, 3);
    compared[at] ^= 0x80;
    compared.back() ^= 1;
    EXPECT_EQ(Run(*a_, CompareAndWrite(4, 3), Both(compared, Pattern(4, 3, 2))),
              kMiscompare.WithInformation(at));
  }
  EXPECT_EQ(FileBytes(4, 3), Pattern(4, 3));
}

TEST_P(SbcCompareTest, CompareAndWriteOfNothing) {
  EXPECT_EQ(Run(*a_, CompareAndWrite(4, 0)), kGood);
  EXPECT_EQ(Run(*a_, CompareAndWrite(count_blocks(), 0)), kGood);
}

TEST_P(SbcCompareTest, BeyondTheEndNothingIsWritten) {
  const uint64_t end = count_blocks();
  EXPECT_EQ(Run(*a_, CompareAndWrite(end - 1, 2), Both(Filled(2, 0), Pattern(0, 2))),
            kLbaOutOfRange.WithInformation(end));
  EXPECT_EQ(Run(*a_, OrWrite(end - 1, 2), Pattern(0, 2)), kLbaOutOfRange.WithInformation(end));
  EXPECT_EQ(FileBytes(end - 1, 1), Filled(1, 0));
}

TEST_P(SbcCompareTest, OtherDataThanTheCdbPromises) {
  EXPECT_EQ(Run(*a_, CompareAndWrite(4, 2), Filled(3, 0)), kDataPhaseError);
  EXPECT_EQ(Run(*a_, CompareAndWrite(4, 2), Both(Filled(2, 0), Pattern(4, 3))),
            kInvalidFieldInCdb.AtCdbField(13));
  EXPECT_EQ(FileBytes(4, 2), Filled(2, 0));
  EXPECT_EQ(FileBytes(6, 1), Filled(1, 0));
  EXPECT_EQ(Run(*a_, OrWrite(8, 2), Filled(1, 0)), kDataPhaseError);
  EXPECT_EQ(Run(*a_, OrWrite(8, 2), Pattern(8, 3)), kGood);
  EXPECT_EQ(FileBytes(8, 2), Pattern(8, 2));
  EXPECT_EQ(FileBytes(10, 1), Filled(1, 0));
}

TEST_P(SbcCompareTest, OfManyAtOnceOneFindsWhatItExpects) {
  std::vector<std::unique_ptr<TestCommand>> commands;
  for (uint8_t i = 1; i <= 32; ++i) {
    commands.push_back(
        std::make_unique<TestCommand>(CompareAndWrite(7, 2), Both(Filled(2, 0), Filled(2, i))));
    server_->Execute(i % 2 == 0 ? *a_ : *b_, *commands.back());
  }
  Bytes winner;
  for (const auto& command : commands) {
    WaitFor(*command);
    if (!command->outcome().good()) {
      EXPECT_EQ(command->outcome(), kMiscompare.WithInformation(0));
      continue;
    }
    EXPECT_TRUE(winner.empty()) << "two of them";
    winner = Filled(2, command->data_bytes.back());
  }
  EXPECT_EQ(FileBytes(7, 2), winner);
}

TEST_P(SbcCompareTest, OrWriteSetsBitsAndClearsNone) {
  ASSERT_EQ(Run(*a_, Write16(4, 3), Filled(3, 0x0f)), kGood);
  Bytes bits = Filled(3, 0x30);
  bits[0] = 0;
  bits.back() = 0x81;
  EXPECT_EQ(Run(*a_, OrWrite(4, 3, kFua | kDpo), bits), kGood);
  Bytes expected = Filled(3, 0x3f);
  expected[0] = 0x0f;
  expected.back() = 0x8f;
  EXPECT_EQ(FileBytes(4, 3), expected);
  EXPECT_EQ(FileBytes(7, 1), Filled(1, 0));
  EXPECT_EQ(Run(*a_, OrWrite(4, 0)), kGood);
  EXPECT_EQ(FileBytes(4, 3), expected);
}

TEST_P(SbcCompareTest, NoBitOfManyOrWritesIsLost) {
  std::vector<std::unique_ptr<TestCommand>> commands;
  for (int i = 0; i < 32; ++i) {
    const auto bit = static_cast<uint8_t>(1 << i % 8);
    commands.push_back(std::make_unique<TestCommand>(OrWrite(7, 4), Filled(4, bit)));
    server_->Execute(i % 2 == 0 ? *a_ : *b_, *commands.back());
  }
  for (const auto& command : commands) {
    WaitFor(*command);
    EXPECT_EQ(command->outcome(), kGood);
  }
  EXPECT_EQ(FileBytes(7, 4), Filled(4, 0xff));
}

TEST_P(SbcCompareTest, TheLongestOrWrite) {
  const uint32_t most = server_->limits().max_transfer;
  EXPECT_EQ(Run(*a_, OrWrite(0, most), Pattern(0, most)), kGood);
  EXPECT_TRUE(FileBytes(0, most) == Pattern(0, most));
  EXPECT_EQ(Run(*a_, OrWrite(0, most + 1), Filled(most + 1, 0xff)),
            kInvalidFieldInCdb.AtCdbField(10));
  EXPECT_TRUE(FileBytes(0, most) == Pattern(0, most));
}

TEST_P(SbcCompareTest, AProtectedDiskIsNotEvenCompared) {
  ModeParameters parameters = server_->mode_state().current;
  parameters.swp = 1;
  server_->ChangeMode(parameters, *a_);
  EXPECT_EQ(Run(*a_, CompareAndWrite(4, 1), Filled(2, 1)), kSoftwareWriteProtected);
  EXPECT_EQ(Run(*a_, OrWrite(4, 1), Filled(1, 1)), kSoftwareWriteProtected);
  EXPECT_EQ(FileBytes(4, 1), Filled(1, 0));
}

}  // namespace
}  // namespace quire
