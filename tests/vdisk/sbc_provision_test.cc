// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: UNMAP gives space back and leaves zeros, WRITE SAME fills just the blocks that it names;
// both keep to the limits that the disk tells, and a thick disk unmaps nothing.
// Method: a sparse disk of both block sizes against a model of its first blocks; ranges on both
// sides of the file system's block, of a step and of each limit; the file's space before and after.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

constexpr uint8_t kAnchor = 0x10, kUnmap = 0x08, kNdob = 0x01;
constexpr uint64_t kMiB = 1 << 20;

struct Range {
  uint64_t lba;
  uint32_t count;
};

Bytes UnmapList(const std::vector<Range>& ranges) {
  Bytes list(8 + 16 * ranges.size());
  StoreBig<2>(&list[0], list.size() - 2);
  StoreBig<2>(&list[2], 16 * ranges.size());
  for (size_t i = 0; i < ranges.size(); ++i) {
    StoreBig<8>(&list[8 + 16 * i], ranges[i].lba);
    StoreBig<4>(&list[16 + 16 * i], ranges[i].count);
  }
  return list;
}

Bytes UnmapCdb(size_t length_bytes, uint8_t flags = 0) {
  Bytes cdb{0x42, flags, 0, 0, 0, 0, 0, 0, 0, 0};
  StoreBig<2>(&cdb[7], length_bytes);
  return cdb;
}

// Long enough for every limit; its first blocks are written.
class SbcProvisionTest : public ScsiFixture, public testing::WithParamInterface<uint32_t> {
 protected:
  explicit SbcProvisionTest(bool thin = true)
      : ScsiFixture(TestDisk{
            .block_bytes = GetParam(), .size_bytes = 300 * kMiB, .server = {.thin = thin}}),
        model_(Pattern(0, kModel)) {
    EXPECT_EQ(Run(*a_, Write16(0, kModel), model_), kGood);
  }

  Outcome Unmap(const std::vector<Range>& ranges) {
    const Bytes list = UnmapList(ranges);
    return Run(*a_, UnmapCdb(list.size()), list);
  }
  void Fill(uint64_t lba, uint64_t count, const Bytes& block) {
    for (uint64_t i = lba; i < lba + count; ++i) {
      std::ranges::copy(block, model_.begin() + static_cast<ptrdiff_t>(i * block_bytes_));
    }
  }
  bool FileIsAsTheModel() const { return FileBytes(0, kModel) == model_; }
  uint64_t UsedBytes() const {
    EXPECT_EQ(fsync(backing_->fd()), 0);
    struct stat file = {};
    EXPECT_EQ(fstat(backing_->fd(), &file), 0);
    return static_cast<uint64_t>(file.st_blocks) * 512;
  }
  void Protect() {
    ModeParameters parameters = server_->mode_state().current;
    parameters.swp = 1;
    server_->ChangeMode(parameters, *a_);
  }

  static constexpr uint32_t kModel = 256;  // blocks
  Bytes model_;
};

INSTANTIATE_TEST_SUITE_P(Blocks, SbcProvisionTest, testing::Values(512, 4096));

// ---- UNMAP ----

TEST_P(SbcProvisionTest, UnmappedBlocksAreZerosAndTheirNeighboursStay) {
  const Bytes zeros = Filled(1, 0);
  const std::vector<std::vector<Range>> kLists = {
      {{0, 1}},
      {{9, 7}},                      // within blocks of the file system
      {{16, 8}},                     // just one of them, with 512 bytes a block
      {{31, 18}},                    // over its edges
      {{60, 9}, {50, 20}, {69, 1}},  // overlapping
      {{80, 4}, {81, 0}, {84, 4}},   // one of nothing
      {{255, 1}}};
  for (const auto& ranges : kLists) {
    EXPECT_EQ(Unmap(ranges), kGood);
    for (const Range& range : ranges) Fill(range.lba, range.count, zeros);
    EXPECT_TRUE(FileIsAsTheModel()) << "at " << ranges[0].lba;
    EXPECT_EQ(Run(*b_, Read16(0, kModel)), kGood);
    EXPECT_TRUE(found_ == model_);
  }
}

TEST_P(SbcProvisionTest, TheGranularityThatIsToldGivesSpaceBack) {
  const uint32_t granularity = server_->limits().unmap_granularity;
  ASSERT_GE(granularity, 1u);
  ASSERT_EQ(server_->limits().unmap_alignment, 0u);
  const uint64_t before = UsedBytes();
  if (granularity > 1) {
    EXPECT_EQ(Unmap({{0, granularity - 1}}), kGood);
    EXPECT_EQ(UsedBytes(), before);
  }
  EXPECT_EQ(Unmap({{granularity, granularity}}), kGood);
  EXPECT_EQ(UsedBytes(), before - uint64_t{granularity} * block_bytes_);
}

TEST_P(SbcProvisionTest, UnmapOfNothing) {
  EXPECT_EQ(Unmap({}), kGood);
  EXPECT_EQ(Unmap({{5, 0}}), kGood);
  EXPECT_EQ(Run(*a_, UnmapCdb(0)), kGood);
  EXPECT_EQ(Run(*a_, UnmapCdb(7), Bytes(7)), kParameterListLengthError);
  EXPECT_TRUE(FileIsAsTheModel());
}

TEST_P(SbcProvisionTest, OneRangeBeyondTheEndAndNoneIsUnmapped) {
  const uint64_t end = count_blocks();
  EXPECT_EQ(Unmap({{end - 1, 1}}), kGood);
  EXPECT_EQ(Unmap({{0, 8}, {end - 1, 2}}), kLbaOutOfRange.WithInformation(end));
  EXPECT_TRUE(FileIsAsTheModel());
}

TEST_P(SbcProvisionTest, UnmapKeepsToItsLimits) {
  const uint32_t most = server_->limits().max_unmap;
  const uint32_t descriptors = server_->limits().max_unmap_descriptors;
  EXPECT_EQ(Unmap(std::vector<Range>(descriptors, {8, 1})), kGood);
  EXPECT_TRUE(Unmap(std::vector<Range>(descriptors + 1, {8, 1})).Is(kInvalidFieldInParameterList));
  const auto all = static_cast<uint32_t>(count_blocks());
  std::vector<Range> ranges(most / all, {0, all});
  ranges.push_back({0, most % all});
  EXPECT_EQ(Unmap(ranges), kGood);
  ++ranges.back().count;
  EXPECT_TRUE(Unmap(ranges).Is(kInvalidFieldInParameterList));
}

TEST_P(SbcProvisionTest, UnmapRefusesWhatItCannotDo) {
  const Bytes list = UnmapList({{0, 8}});
  EXPECT_EQ(Run(*a_, UnmapCdb(list.size(), kNdob /* ANCHOR */), list),
            kInvalidFieldInCdb.AtCdbField(1, 0));
  Bytes less = list;
  less.pop_back();
  EXPECT_EQ(Run(*a_, UnmapCdb(list.size()), less), kDataPhaseError);
  Protect();
  EXPECT_EQ(Unmap({{0, 8}}), kSoftwareWriteProtected);
  EXPECT_TRUE(FileIsAsTheModel());
}

TEST_P(SbcProvisionTest, DataBeyondTheListIsNotLookedAt) {
  Bytes list = UnmapList({{0, 8}, {16, 8}});
  EXPECT_EQ(Run(*a_, UnmapCdb(8 + 16), list), kGood);
  Fill(0, 8, Filled(1, 0));
  EXPECT_TRUE(FileIsAsTheModel());
}

// ---- WRITE SAME ----

TEST_P(SbcProvisionTest, WriteSameFillsItsBlocks) {
  const Bytes block = Pattern(77, 1, 7);
  const Bytes zeros = Filled(1, 0);
  for (const uint8_t opcode : {0x41, 0x93}) {
    for (const Range& range : {Range{0, 1}, Range{9, 7}, Range{100, 156}}) {
      for (const uint8_t flags : {uint8_t{0}, kUnmap}) {
        for (const Bytes& what : {block, zeros}) {
          EXPECT_EQ(Run(*a_, BlockCdb(opcode, range.lba, range.count, flags), what), kGood);
          Fill(range.lba, range.count, what);
          EXPECT_TRUE(FileIsAsTheModel()) << int{opcode} << " at " << range.lba;
        }
      }
    }
  }
}

TEST_P(SbcProvisionTest, WithoutDataItIsZeros) {
  for (const uint8_t flags : {kNdob, uint8_t{kNdob | kUnmap}}) {
    ASSERT_EQ(Run(*a_, Write16(0, kModel), model_), kGood);
    EXPECT_EQ(Run(*a_, Cdb16(0x93, 3, 20, flags)), kGood);
    EXPECT_EQ(Run(*a_, Cdb16(0x93, 40, 20, flags), Pattern(1, 1)), kGood) << "data for nothing";
    Fill(3, 20, Filled(1, 0));
    Fill(40, 20, Filled(1, 0));
    EXPECT_TRUE(FileIsAsTheModel());
  }
  EXPECT_EQ(Run(*a_, BlockCdb(0x41, 0, 1, kNdob)), kInvalidFieldInCdb.AtCdbField(1, 0))
      << "the short one has no NDOB";
}

// A pattern that is longer than one step, and ends within one.
TEST_P(SbcProvisionTest, LongerThanAStep) {
  const uint32_t count = 2 * server_->limits().max_transfer + 3;
  Bytes block = Pattern(5, 1, 9);
  EXPECT_EQ(Run(*a_, Cdb16(0x93, 1, count), block), kGood);
  Bytes expected;
  for (uint32_t i = 0; i < count; ++i) expected.insert(expected.end(), block.begin(), block.end());
  EXPECT_TRUE(FileBytes(1, count) == expected);
  EXPECT_EQ(FileBytes(0, 1), Pattern(0, 1));
  EXPECT_EQ(FileBytes(count + 1, 1), Filled(1, 0));
}

TEST_P(SbcProvisionTest, WithUnmapTheSpaceOfZerosGoesBack) {
  const uint32_t count = static_cast<uint32_t>(kMiB / block_bytes_);
  const Bytes data = Pattern(kModel, count);
  ASSERT_EQ(Run(*a_, Write16(kModel, count), data), kGood);
  const uint64_t before = UsedBytes();
  EXPECT_EQ(Run(*a_, Cdb16(0x93, kModel, count), Filled(1, 0)), kGood);
  EXPECT_EQ(UsedBytes(), before) << "kept for later writes";
  EXPECT_EQ(Run(*a_, Cdb16(0x93, kModel, count, kUnmap), Filled(1, 0)), kGood);
  EXPECT_EQ(UsedBytes(), before - kMiB);
}

TEST_P(SbcProvisionTest, WriteSameKeepsToItsLimits) {
  EXPECT_EQ(server_->limits().max_write_same * block_bytes_, 256 * kMiB);
  const auto most = static_cast<uint32_t>(server_->limits().max_write_same);
  EXPECT_EQ(Run(*a_, Cdb16(0x93, kModel, most, kNdob | kUnmap)), kGood);
  EXPECT_EQ(Run(*a_, Cdb16(0x93, kModel, most + 1, kNdob | kUnmap)),
            kInvalidFieldInCdb.AtCdbField(10));
  EXPECT_EQ(Run(*a_, Cdb16(0x93, 0, most + 1), Filled(1, 1)), kInvalidFieldInCdb.AtCdbField(10));
  EXPECT_EQ(Run(*a_, Cdb16(0x93, 0, 0), Filled(1, 1)), kInvalidFieldInCdb.AtCdbField(10));
  EXPECT_EQ(Run(*a_, BlockCdb(0x41, 0, 0), Filled(1, 1)), kInvalidFieldInCdb.AtCdbField(7));
  const uint64_t end = count_blocks();
  EXPECT_EQ(Run(*a_, Cdb16(0x93, end - 1, 2), Filled(1, 1)), kLbaOutOfRange.WithInformation(end));
  EXPECT_TRUE(FileIsAsTheModel());
}

TEST_P(SbcProvisionTest, WriteSameRefusesWhatItCannotDo) {
  for (const uint8_t flags : {kAnchor, uint8_t{kAnchor | kUnmap}}) {
    EXPECT_EQ(Run(*a_, Cdb16(0x93, 0, 8, flags), Filled(1, 0)),
              kInvalidFieldInCdb.AtCdbField(1, 4));
  }
  Bytes less = Filled(1, 1);
  less.pop_back();
  EXPECT_EQ(Run(*a_, Cdb16(0x93, 0, 8), less), kDataPhaseError);
  EXPECT_EQ(Run(*a_, Cdb16(0x93, 0, 8)), kDataPhaseError);
  Bytes more = Filled(1, 1);
  more.push_back(2);
  EXPECT_EQ(Run(*a_, Cdb16(0x93, 0, 8), more), kGood);
  Fill(0, 8, Filled(1, 1));
  Protect();
  EXPECT_EQ(Run(*a_, Cdb16(0x93, 0, 8), Filled(1, 3)), kSoftwareWriteProtected);
  EXPECT_TRUE(FileIsAsTheModel());
}

TEST_P(SbcProvisionTest, AnAbortDoesNotWaitForTheLastStep) {
  const uint32_t count = 10 * server_->limits().max_transfer;
  TestCommand command(Cdb16(0x93, kModel, count, kNdob | kUnmap), {});
  command.tag = 5;
  const auto count_holes = [this] { return std::ranges::count(backing_->Log(), 'a'); };
  const auto before = count_holes();
  backing_->Set({.kind = IoOp::Kind::kFallocate, .count = 1, .hold = true});
  server_->Execute(*a_, command);
  for (int i = 0; i < 2000 && !backing_->holds(); ++i) reactor_->Wait(kNsPerMs);
  ASSERT_TRUE(backing_->holds());
  TaskAbort abort;
  EXPECT_FALSE(server_->task_set().AbortTask(a_->tasks(), 5, abort, [](TaskAbort&) {}));
  backing_->LetGo(*reactor_);
  WaitFor(command);
  EXPECT_FALSE(command.answered());
  EXPECT_LE(count_holes() - before, 2) << "a step has one or two";
}

TEST_P(SbcProvisionTest, NoRoom) {
  backing_->Set({.kind = IoOp::Kind::kFallocate, .error = ENOSPC, .count = 1});
  EXPECT_EQ(Run(*a_, Cdb16(0x93, 0, 8), Filled(1, 0)), kSpaceAllocationFailed);
  backing_->Set({.kind = IoOp::Kind::kFallocate, .error = EIO, .count = 1});
  EXPECT_EQ(Unmap({{0, 8}}), kWriteError);
  EXPECT_EQ(Unmap({{0, 8}}), kGood);
}

// ---- What the disk says about itself ----

TEST_P(SbcProvisionTest, AThinDiskSaysSo) {
  EXPECT_EQ(Run(*a_, {0x12, 1, 0xb2, 0, 255, 0}), kGood);
  // Threshold sets of 1 MiB; LBPU, LBPWS, LBPWS10, LBPRZ; thin.
  const auto exponent = static_cast<uint8_t>(std::countr_zero(kMiB / block_bytes_));
  EXPECT_EQ(found_, (Bytes{0, 0xb2, 0, 4, exponent, 0xe4, 2, 0}));
  EXPECT_EQ(Run(*a_, {0x12, 1, 0xb0, 0, 255, 0}), kGood);
  EXPECT_EQ(found_[4], 1) << "WSNZ";
  EXPECT_EQ(LoadBig<4>(&found_[8]), 4 * kMiB / block_bytes_);
  EXPECT_EQ(LoadBig<4>(&found_[20]), 1u << 20);
  EXPECT_EQ(LoadBig<4>(&found_[24]), 256u);
  struct stat file = {};
  ASSERT_EQ(fstat(backing_->fd(), &file), 0);
  EXPECT_EQ(LoadBig<4>(&found_[28]) * block_bytes_, static_cast<uint64_t>(file.st_blksize));
  EXPECT_EQ(LoadBig<4>(&found_[32]), 0x80000000u);
  EXPECT_EQ(LoadBig<8>(&found_[36]), 256 * kMiB / block_bytes_);
  EXPECT_EQ(LoadBig<4>(&found_[44]), 0u) << "no atomic writes";
}

class SbcThickTest : public SbcProvisionTest {
 protected:
  SbcThickTest() : SbcProvisionTest(/*thin=*/false) {}
};

INSTANTIATE_TEST_SUITE_P(Blocks, SbcThickTest, testing::Values(512, 4096));

TEST_P(SbcThickTest, NothingIsUnmapped) {
  const uint64_t before = UsedBytes();
  EXPECT_TRUE(Unmap({{0, 64}}).Is(kInvalidOpcode));
  EXPECT_EQ(Run(*a_, Cdb16(0x93, 0, 64, kUnmap), Filled(1, 0)),
            kInvalidFieldInCdb.AtCdbField(1, 3));
  EXPECT_TRUE(FileIsAsTheModel());
  EXPECT_EQ(Run(*a_, Cdb16(0x93, 0, 64), Filled(1, 0)), kGood);
  Fill(0, 64, Filled(1, 0));
  EXPECT_TRUE(FileIsAsTheModel());
  EXPECT_EQ(UsedBytes(), before);
}

TEST_P(SbcThickTest, AThickDiskSaysSo) {
  EXPECT_EQ(Run(*a_, {0x12, 1, 0xb2, 0, 255, 0}), kGood);
  EXPECT_EQ(found_, (Bytes{0, 0xb2, 0, 4, 0, 0, 0, 0}));
  EXPECT_EQ(Run(*a_, {0x12, 1, 0xb0, 0, 255, 0}), kGood);
  EXPECT_EQ(Bytes(found_.begin() + 20, found_.begin() + 36), Bytes(16)) << "all about UNMAP";
  EXPECT_EQ(LoadBig<8>(&found_[36]), 256 * kMiB / block_bytes_);
  // REPORT SUPPORTED OPERATION CODES about UNMAP: not supported.
  EXPECT_EQ(Run(*a_, {0xa3, 0x0c, 1, 0x42, 0, 0, 0, 0, 0, 255, 0, 0}), kGood);
  EXPECT_EQ(found_[1] & 7, 1);
}

}  // namespace
}  // namespace quire
