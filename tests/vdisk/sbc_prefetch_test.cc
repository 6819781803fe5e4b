// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: PRE-FETCH brings blocks into memory, and tells whether all of them are there.
// Method: CDBs on a file that was dropped from the page cache; how much of it is there afterwards.
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

class PreFetchTest : public ScsiFixture {
 protected:
  static constexpr uint32_t kAll = kDiskBytes / kBlockBytes;

  PreFetchTest() {
    EXPECT_EQ(Run(*a_, Write16(0, kAll / 2), Filled(kAll / 2, 1)), kGood);
    EXPECT_EQ(Run(*a_, Write16(kAll / 2, kAll / 2), Filled(kAll / 2, 1)), kGood);
    EXPECT_EQ(Run(*a_, Cdb16(0x91, 0, 0)), kGood);
    device_->file().RetireAll();
    const int fd = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    close(fd);
  }
  int64_t ResidentBytes(uint64_t lba, uint64_t count) {
    return backing_->CountCached({lba * kBlockBytes, count * kBlockBytes});
  }
  Bytes PreFetch10(uint32_t lba, uint16_t count, uint8_t flags = 0) {
    Bytes cdb(10, 0);
    cdb[0] = 0x34;
    cdb[1] = flags;
    StoreBig<4>(&cdb[2], lba);
    StoreBig<2>(&cdb[7], count);
    return cdb;
  }
};

TEST_F(PreFetchTest, BringsBlocksIntoMemory) {
  if (ResidentBytes(1024, 1024) != 0) GTEST_SKIP() << "the file system keeps or hides its pages";
  EXPECT_EQ(Run(*a_, Cdb16(0x90, 1024, 1024)), kConditionMet);
  EXPECT_TRUE(found_.empty());
  EXPECT_EQ(ResidentBytes(1024, 1024), 1024 * kBlockBytes);
}

TEST_F(PreFetchTest, ImmedGoesOnAfterTheAnswer) {
  if (ResidentBytes(8192, 1024) != 0) GTEST_SKIP() << "the file system keeps or hides its pages";
  EXPECT_EQ(Run(*a_, PreFetch10(8192, 1024, 0x02)), kConditionMet);
  for (int i = 0; i < 2000 && ResidentBytes(8192, 1024) < 1024 * kBlockBytes; ++i) {
    reactor_->Wait(kNsPerMs);
  }
  EXPECT_EQ(ResidentBytes(8192, 1024), 1024 * kBlockBytes);
}

TEST_F(PreFetchTest, ACountOfZeroIsAllThatFollow) {
  EXPECT_EQ(Run(*a_, PreFetch10(0, 0)), kConditionMet);
  if (ResidentBytes(0, kAll) >= 0) {
    EXPECT_EQ(ResidentBytes(0, kAll), int64_t{kDiskBytes});
  }
  EXPECT_EQ(Run(*a_, PreFetch10(kAll, 0)), kConditionMet) << "of none";
}

TEST_F(PreFetchTest, Refused) {
  EXPECT_TRUE(Run(*a_, PreFetch10(kAll + 1, 0)).Is(kLbaOutOfRange));
  EXPECT_TRUE(Run(*a_, PreFetch10(kAll - 1, 2)).Is(kLbaOutOfRange));
  EXPECT_TRUE(Run(*a_, PreFetch10(kAll - 1, 2, 0x02)).Is(kLbaOutOfRange));
}

TEST_F(PreFetchTest, AReadThatFailsIsToldOrKeptQuiet) {
  if (ResidentBytes(4096, 8) != 0) GTEST_SKIP() << "the file system keeps or hides its pages";
  backing_->Set({.kind = IoOp::Kind::kRead, .error = EIO, .count = 1000});
  EXPECT_EQ(Run(*a_, Cdb16(0x90, 4096, 8)), kUnrecoveredReadError);
  EXPECT_EQ(Run(*a_, Cdb16(0x90, 4096, 8, 0x02)), kConditionMet);
  for (int i = 0; i < 20; ++i) reactor_->Wait(kNsPerMs);
  EXPECT_EQ(Run(*a_, {0, 0, 0, 0, 0, 0}), kGood) << "nothing was promised";
}

// A disk of more than one command brings in.
TEST(PreFetchLimitTest, NoMoreThanBlockLimitsTell) {
  WorkerPool workers;
  auto reactor = *Reactor::Create(workers);
  auto device = *Device::Create(*File::Open({.path = "null", .null_size_bytes = 1 << 30}), 512);
  auto server = *DeviceServer::Create(*device, {});
  const uint32_t most = server->limits().max_prefetch;
  EXPECT_EQ(most, (64u << 20) / 512);
  auto nexus = server->Connect(*reactor, {*TransportId::IscsiPort("iqn.2026-01.a", 1), 1},
                               {.relative_port = 1});
  const auto run = [&](uint32_t count) {
    Bytes cdb(16, 0);
    cdb[0] = 0x90;
    StoreBig<4>(&cdb[10], count);
    TestCommand command(cdb, {});
    server->Execute(*nexus, command);
    for (int i = 0; i < 20000 && command.count_freed == 0; ++i) reactor->Wait(kNsPerMs);
    return command.outcome();
  };
  EXPECT_EQ(run(1), kPowerOnOrReset);
  EXPECT_EQ(run(most), kConditionMet);
  EXPECT_TRUE(run(most + 1).Is(kInvalidFieldInCdb));
  EXPECT_EQ(run(0), kGood) << "as much as fits, which is not all";
}

}  // namespace
}  // namespace quire
