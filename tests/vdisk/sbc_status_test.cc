// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: GET LBA STATUS tells where the file has room, in whole blocks and bounded time.
// Method: blocks written and unmapped by CDBs, descriptors read one by one; a disk with no holes to
// tell of; answers too short for all that there is.
#include "tests/vdisk/scsi_fixture.h"
#include "vdisk/handlers.h"
#include "vdisk/lba_status.h"

namespace quire {
namespace {

struct Run {
  uint64_t first = 0;
  uint32_t count = 0;
  LbaStatus status = LbaStatus::kMapped;
  friend bool operator==(const Run&, const Run&) = default;
};

constexpr uint64_t kCountBlocks = 16384;  // 8 MiB

class GetLbaStatusTest : public ScsiFixture {
 protected:
  explicit GetLbaStatusTest(const DeviceServer::Options& options = {}) : ScsiFixture(options) {}

  static Bytes Ask(uint64_t lba, uint32_t allocation_bytes) {
    Bytes cdb = Cdb16(0x9e, lba, allocation_bytes);
    cdb[1] = 0x12;
    return cdb;
  }
  // What is told from `lba` on.
  std::vector<struct Run> Told(uint64_t lba, uint32_t allocation_bytes = 4096) {
    EXPECT_EQ(ScsiFixture::Run(*a_, Ask(lba, allocation_bytes)), kGood);
    std::vector<struct Run> runs;
    for (size_t at = 8; at + 16 <= found_.size(); at += 16) {
      runs.push_back({LoadBig<8>(&found_[at]), static_cast<uint32_t>(LoadBig<4>(&found_[at + 8])),
                      static_cast<LbaStatus>(found_[at + 12])});
    }
    return runs;
  }
  using Runs = std::vector<struct Run>;
};

TEST_F(GetLbaStatusTest, TellsRunsInWholeBlocks) {
  EXPECT_EQ(Told(0), (Runs{{0, kCountBlocks, LbaStatus::kDeallocated}}));
  ASSERT_EQ(ScsiFixture::Run(*a_, Write16(256, 128), Filled(128, 1)), kGood);
  EXPECT_EQ(Told(0), (Runs{{0, 256, LbaStatus::kDeallocated},
                           {256, 128, LbaStatus::kMapped},
                           {384, kCountBlocks - 384, LbaStatus::kDeallocated}}));
  EXPECT_EQ(Told(300), (Runs{{300, 84, LbaStatus::kMapped},
                             {384, kCountBlocks - 384, LbaStatus::kDeallocated}}));
  EXPECT_EQ(Told(kCountBlocks - 1), (Runs{{kCountBlocks - 1, 1, LbaStatus::kDeallocated}}));
  Bytes list(24, 0);
  list[1] = 22;
  list[3] = 16;
  StoreBig<8>(&list[8], 256);
  StoreBig<4>(&list[16], 128);
  ASSERT_EQ(ScsiFixture::Run(*a_, {0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0}, list), kGood);
  EXPECT_EQ(Told(0), (Runs{{0, kCountBlocks, LbaStatus::kDeallocated}}));
}

TEST_F(GetLbaStatusTest, BehindTheEndIsOutOfRange) {
  for (const uint64_t lba : {kCountBlocks, kCountBlocks + 1, ~uint64_t{0}}) {
    EXPECT_TRUE(ScsiFixture::Run(*a_, Ask(lba, 4096)).Is(kLbaOutOfRange)) << lba;
  }
}

TEST_F(GetLbaStatusTest, IsCutAtTheAllocationLength) {
  ASSERT_EQ(ScsiFixture::Run(*a_, Write16(256, 128), Filled(128, 1)), kGood);
  EXPECT_EQ(Told(0, 24), (Runs{{0, 256, LbaStatus::kDeallocated}}));
  EXPECT_EQ(Told(0, 8), Runs{});
  EXPECT_EQ(found_.size(), 8u);
  EXPECT_EQ(ScsiFixture::Run(*a_, Ask(0, 0)), kGood);
  EXPECT_TRUE(found_.empty());
}

// The initiator asks on from where the answer ends.
TEST_F(GetLbaStatusTest, EveryBlockIsToldOnceByGoingOn) {
  for (uint64_t lba = 0; lba < kCountBlocks; lba += 256) {
    ASSERT_EQ(ScsiFixture::Run(*a_, Write16(lba, 128), Filled(128, 1)), kGood);
  }
  uint64_t next = 0;
  uint64_t count_answers = 0;
  while (next < kCountBlocks) {
    const Runs runs = Told(next, 8 + 3 * 16);
    ASSERT_FALSE(runs.empty());
    for (const struct Run& run : runs) {
      ASSERT_EQ(run.first, next);
      EXPECT_EQ(run.count, 128u);
      EXPECT_EQ(run.status, next % 256 == 0 ? LbaStatus::kMapped : LbaStatus::kDeallocated);
      next += run.count;
    }
    ++count_answers;
  }
  EXPECT_EQ(count_answers, (128u + 2) / 3);
}

class FullyProvisionedTest : public GetLbaStatusTest {
 protected:
  FullyProvisionedTest() : GetLbaStatusTest(Full()) {}
  static DeviceServer::Options Full() {
    DeviceServer::Options options;
    options.thin = false;
    return options;
  }
};

TEST_F(FullyProvisionedTest, AllIsMapped) {
  EXPECT_EQ(Told(5), (Runs{{5, kCountBlocks - 5, LbaStatus::kMapped}}));
}

}  // namespace
}  // namespace quire
