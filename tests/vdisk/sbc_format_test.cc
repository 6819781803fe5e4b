// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: FORMAT UNIT and SANITIZE leave nothing of what was written, on the medium and in caches,
// and tell how far they have come; what they cannot do they refuse before anything is changed.
// Method: CDBs of two hosts; what is read through the disk, and by a descriptor of the test's own.
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

class FormatTest : public ScsiFixture {
 protected:
  static constexpr uint32_t kAll = kDiskBytes / kBlockBytes;
  static constexpr uint8_t kOverwrite = 0x01, kBlockErase = 0x02, kCryptographicErase = 0x03;
  static constexpr uint8_t kExitFailureMode = 0x1f, kImmed = 0x80, kAuse = 0x20;

  explicit FormatTest(const DeviceServer::Options& options = {}) : ScsiFixture(options) {}

  // Data everywhere, and in memory.
  void Fill() {
    ASSERT_EQ(Run(*a_, Write16(0, kAll / 2), Filled(kAll / 2, 0xd1)), kGood);
    ASSERT_EQ(Run(*a_, Write16(kAll / 2, kAll / 2), Filled(kAll / 2, 0xd2)), kGood);
    ASSERT_EQ(Run(*b_, Read16(0, kAll / 2)), kGood);
    ASSERT_EQ(Run(*b_, Read16(kAll / 2, kAll / 2)), kGood);
  }
  // Through the disk and beside it.
  void ExpectEverywhere(const Bytes& block) {
    Bytes half;
    for (uint32_t i = 0; i < kAll / 2; ++i) half.insert(half.end(), block.begin(), block.end());
    for (const uint32_t first : {0u, kAll / 2}) {
      EXPECT_EQ(Run(*b_, Read16(first, kAll / 2)), kGood);
      EXPECT_EQ(found_ == half, true) << first;
      EXPECT_EQ(FileBytes(first, kAll / 2) == half, true) << first;
    }
  }
  Outcome Format(ScsiNexus& nexus, const Bytes& list = {}) {
    return Run(nexus, {0x04, static_cast<uint8_t>(list.empty() ? 0 : 0x10), 0, 0, 0, 0}, list);
  }
  static Bytes SanitizeCdb(uint8_t action, size_t list_bytes = 0) {
    const auto high = static_cast<uint8_t>(list_bytes >> 8);
    return {0x48, action, 0, 0, 0, 0, 0, high, static_cast<uint8_t>(list_bytes), 0};
  }
  Outcome Sanitize(ScsiNexus& nexus, uint8_t action, const Bytes& list = {}) {
    return Run(nexus, SanitizeCdb(action, list.size()), list);
  }
  Outcome TestUnitReady(ScsiNexus& nexus) { return Run(nexus, {0, 0, 0, 0, 0, 0}); }
  // The different answers to TEST UNIT READY until it is good, or as bad as `until`.
  std::vector<Outcome> Await(ScsiNexus& nexus, const Outcome& until = kGood) {
    std::vector<Outcome> answers;
    for (int i = 0; i < 20000; ++i) {
      reactor_->Wait(kNsPerMs);
      const Outcome answer = TestUnitReady(nexus);
      if (answer.Is(until)) return answers;
      if (answers.empty() || !(answer == answers.back())) answers.push_back(answer);
    }
    ADD_FAILURE() << "it does not end";
    return answers;
  }
  size_t CountInLog(char letter) {
    const std::string log = backing_->Log();
    return static_cast<size_t>(std::count(log.begin(), log.end(), letter));
  }
  uint64_t AllocatedBytes() const {
    struct stat status {};
    EXPECT_EQ(stat(path_.c_str(), &status), 0);
    return static_cast<uint64_t>(status.st_blocks) * 512;
  }
};

TEST_F(FormatTest, FormatUnitLeavesZeros) {
  Fill();
  EXPECT_EQ(Format(*a_), kGood);
  EXPECT_LT(AllocatedBytes(), kDiskBytes / 2) << "a thin disk gives the space back";
  EXPECT_EQ(backing_->Log().back(), 'f') << "flushed before it is answered";
  ExpectEverywhere(Filled(1, 0));
}

TEST_F(FormatTest, FormatUnitWithAPattern) {
  Fill();
  EXPECT_EQ(Format(*a_, {0, 0x88, 0, 0, 0, 1, 0, 3, 1, 2, 3}), kGood);
  Bytes block(kBlockBytes);
  for (size_t i = 0; i < block.size(); ++i) block[i] = static_cast<uint8_t>(i % 3 + 1);
  ExpectEverywhere(block);
}

TEST_F(FormatTest, WhatFormatUnitCannotDoChangesNothing) {
  Fill();
  EXPECT_TRUE(Format(*a_, {0x01, 0, 0, 0}).Is(kInvalidFieldInParameterList)) << "protection";
  EXPECT_TRUE(Run(*a_, {0x04, 0x50, 0, 0, 0, 0}, {0, 0, 0, 0}).Is(kInvalidFieldInCdb));
  EXPECT_TRUE(Run(*a_, {0x04, 0x30, 0, 0, 0, 0}, {0, 0, 0, 0}).Is(kParameterListLengthError))
      << "a short list after a long header was announced";
  EXPECT_EQ(Run(*b_, Read16(0, 1)), kGood);
  EXPECT_EQ(found_, Filled(1, 0xd1));
}

TEST_F(FormatTest, OthersSeeTheProgressMeanwhile) {
  Fill();
  backing_->Set({.kind = IoOp::Kind::kFallocate, .error = EINTR, .count = 1, .hold = true});
  EXPECT_EQ(Format(*a_, {0, 0x02, 0, 0}), kGood) << "IMMED";
  EXPECT_EQ(TestUnitReady(*a_), kLogicalUnitNotReadyFormat.WithProgress(0));
  EXPECT_TRUE(Run(*b_, Read16(0, 1)).Is(kLogicalUnitNotReadyFormat));
  EXPECT_TRUE(Run(*b_, Write16(0, 1), Filled(1, 1)).Is(kLogicalUnitNotReadyFormat));
  EXPECT_TRUE(Format(*b_).Is(kLogicalUnitNotReadyFormat));
  EXPECT_TRUE(Sanitize(*b_, kBlockErase).Is(kLogicalUnitNotReadyFormat));
  EXPECT_TRUE(Run(*b_, {0x1b, 0, 0, 0, 0, 0}).Is(kLogicalUnitNotReadyFormat)) << "STOP";
  EXPECT_EQ(Run(*b_, {0x12, 0, 0, 0, 96, 0}), kGood) << "INQUIRY";
  EXPECT_EQ(Run(*b_, {0x03, 0, 0, 0, 252, 0}), kGood) << "REQUEST SENSE";
  EXPECT_EQ((Bytes{found_[2], found_[12], found_[13], found_[15]}),
            (Bytes{0x02, 0x04, 0x04, 0x80}));
  backing_->LetGo(*reactor_);
  Await(*a_);
  ExpectEverywhere(Filled(1, 0));
}

TEST_F(FormatTest, BlockErase) {
  Fill();
  EXPECT_EQ(Sanitize(*a_, kBlockErase), kGood);
  EXPECT_EQ(backing_->Log().back(), 'f');
  ExpectEverywhere(Filled(1, 0));
}

TEST_F(FormatTest, OverwriteWithPassesThatAreInverted) {
  Fill();
  const size_t flushes_before = CountInLog('f');
  EXPECT_EQ(Sanitize(*a_, kOverwrite, {0x82, 0, 0, 2, 0x0f, 0xf1}), kGood);
  EXPECT_EQ(CountInLog('f') - flushes_before, 2u) << "each pass reaches the medium";
  Bytes block;
  for (uint32_t i = 0; i < kBlockBytes / 2; ++i) block.insert(block.end(), {0x0f, 0xf1});
  ExpectEverywhere(block);
}

TEST_F(FormatTest, ProgressGrows) {
  Fill();
  EXPECT_EQ(Sanitize(*a_, kOverwrite | kImmed, {0x05, 0, 0, 1, 0x77}), kGood);
  const std::vector<Outcome> answers = Await(*b_);
  EXPECT_GE(answers.size(), 5u);
  for (size_t i = 0; i < answers.size(); ++i) {
    EXPECT_TRUE(answers[i].Is(kLogicalUnitNotReadySanitize));
    EXPECT_EQ(answers[i].specific, SenseSpecific::kProgress);
    if (i > 0) {
      EXPECT_GT(answers[i].number, answers[i - 1].number);
    }
  }
  ExpectEverywhere(Filled(1, 0x77));
}

TEST_F(FormatTest, WhatIsNotRealIsRefused) {
  EXPECT_TRUE(Sanitize(*a_, kCryptographicErase).Is(kInvalidFieldInCdb));
  EXPECT_TRUE(Sanitize(*a_, kOverwrite).Is(kInvalidFieldInCdb)) << "no list";
  EXPECT_TRUE(Sanitize(*a_, kOverwrite, {0, 0, 0, 1, 0}).Is(kInvalidFieldInParameterList));
  EXPECT_EQ(Sanitize(*a_, kExitFailureMode), kGood) << "there is none";
  EXPECT_EQ(TestUnitReady(*a_), kGood);
}

TEST_F(FormatTest, AFailureIsThereUntilASanitizeSucceeds) {
  Fill();
  backing_->Set({.kind = IoOp::Kind::kFallocate, .error = EIO, .count = 1});
  EXPECT_EQ(Sanitize(*a_, kBlockErase), kSanitizeCommandFailed);
  EXPECT_EQ(Run(*b_, Read16(0, 1)), kSanitizeCommandFailed);
  EXPECT_EQ(TestUnitReady(*b_), kSanitizeCommandFailed);
  EXPECT_EQ(Format(*b_), kSanitizeCommandFailed);
  EXPECT_EQ(Run(*b_, {0x12, 0, 0, 0, 96, 0}), kGood) << "INQUIRY";
  EXPECT_TRUE(Sanitize(*a_, kExitFailureMode).Is(kInvalidFieldInCdb)) << "restricted";
  EXPECT_TRUE(Sanitize(*a_, kBlockErase | kAuse).Is(kInvalidFieldInCdb));
  EXPECT_EQ(Sanitize(*b_, kBlockErase), kGood);
  ExpectEverywhere(Filled(1, 0));
}

TEST_F(FormatTest, AnUnrestrictedFailureMayBeLeft) {
  backing_->Set({.kind = IoOp::Kind::kFallocate, .error = EIO, .count = 1});
  EXPECT_EQ(Sanitize(*a_, kBlockErase | kAuse | kImmed), kGood);
  Await(*b_, kSanitizeCommandFailed);
  EXPECT_EQ(TestUnitReady(*a_), kSanitizeCommandFailed.Deferred()) << "it had its answer";
  EXPECT_EQ(TestUnitReady(*a_), kSanitizeCommandFailed);
  EXPECT_EQ(Sanitize(*a_, kExitFailureMode), kGood);
  EXPECT_EQ(TestUnitReady(*a_), kGood);
  EXPECT_EQ(TestUnitReady(*b_), kGood);
}

TEST_F(FormatTest, AFailedFormatIsMendedByAnother) {
  backing_->Set({.kind = IoOp::Kind::kFallocate, .error = EIO, .count = 1});
  EXPECT_EQ(Format(*a_), kFormatCommandFailed);
  EXPECT_EQ(Run(*b_, Read16(0, 1)), kMediumFormatCorrupted);
  EXPECT_EQ(Format(*b_), kGood);
  EXPECT_EQ(Run(*b_, Read16(0, 1)), kGood);
}

TEST_F(FormatTest, AWriteProtectedDiskIsNotErased) {
  Fill();
  ModeParameters parameters = server_->mode_state().current;
  parameters.swp = 1;
  server_->ChangeMode(parameters, *a_);
  EXPECT_EQ(Format(*a_), kSoftwareWriteProtected);
  EXPECT_EQ(Sanitize(*a_, kBlockErase), kSoftwareWriteProtected);
  EXPECT_EQ(FileBytes(0, 1), Filled(1, 0xd1));
}

class FullFormatTest : public FormatTest {
 protected:
  FullFormatTest() : FormatTest({.thin = false}) {}
};

TEST_F(FullFormatTest, ADiskThatIsNotThinKeepsItsSpace) {
  Fill();
  EXPECT_EQ(Format(*a_), kGood);
  ExpectEverywhere(Filled(1, 0));
  EXPECT_GE(AllocatedBytes(), kDiskBytes);
}

}  // namespace
}  // namespace quire
