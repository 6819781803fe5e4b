// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: WRITE ATOMIC(16) is there where the file has such writes, takes what the Block Limits page
// tells and nothing else; elsewhere there is no such command.
// Method: a disk on an XFS on a loop device, where atomic writes are, and on tmpfs, where they are
// not: what is reported, what is taken, what the file has.

#include <optional>

#include "base/big_endian.h"
#include "tests/support/loop.h"
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

constexpr uint32_t kUnit = 32;  // blocks of 512 bytes

Bytes WriteAtomic16(uint64_t lba, uint16_t count, uint16_t boundary = 0, uint8_t flags = 0) {
  Bytes cdb(16, 0);
  cdb[0] = 0x9c;
  cdb[1] = flags;
  StoreBig<8>(&cdb[2], lba);
  StoreBig<2>(&cdb[10], boundary);
  StoreBig<2>(&cdb[12], count);
  return cdb;
}

// Mounted before the disk is made.
struct Mount {
  explicit Mount(const char* type) : mount(type, 320 * 1024 * 1024) {}
  LoopFileSystem mount;
};

class DiskOn : private Mount, public ScsiFixture {
 protected:
  DiskOn(const char* type, CacheMode cache)
      : Mount(type),
        ScsiFixture(mount.mounted() ? TestDisk{.cache = cache, .folder = mount.folder()}
                                    : TestDisk{}) {}
  void SetUp() override {
    if (!mount.mounted()) GTEST_SKIP() << mount.why();
  }

  bool Reported() {
    EXPECT_EQ(Run(*a_, {0xa3, 0x0c, 1, 0x9c, 0, 0, 0, 0, 1, 0, 0, 0}), kGood);
    return (found_[1] & 7) == 3;
  }
  // MAXIMUM, ALIGNMENT, GRANULARITY, and both of boundaries (SBC-4 6.6.4).
  std::array<uint32_t, 5> Limits() {
    EXPECT_EQ(Run(*a_, {0x12, 1, 0xb0, 0, 64, 0}), kGood);
    std::array<uint32_t, 5> limits;
    for (size_t i = 0; i < limits.size(); ++i) {
      limits[i] = static_cast<uint32_t>(LoadBig<4>(&found_[44 + 4 * i]));
    }
    return limits;
  }
};

class WriteAtomicTest : public DiskOn, public testing::WithParamInterface<CacheMode> {
 protected:
  WriteAtomicTest() : DiskOn("xfs", GetParam()) {}
  void SetUp() override {
    DiskOn::SetUp();
    if (IsSkipped()) return;
    if (device_->file().traits().atomic_write_max_bytes < kUnit * kBlockBytes) {
      GTEST_SKIP() << "no atomic writes on XFS here";
    }
  }
};

TEST_P(WriteAtomicTest, TakesWhatItTells) {
  EXPECT_TRUE(Reported());
  EXPECT_EQ(Limits(), (std::array<uint32_t, 5>{kUnit, kUnit, kUnit, 0, 0}));
  EXPECT_EQ(Run(*a_, WriteAtomic16(kUnit, kUnit), Filled(kUnit, 1)), kGood);
  EXPECT_EQ(Run(*a_, WriteAtomic16(3 * kUnit, kUnit, 0, 0x08), Filled(kUnit, 2)), kGood);
  EXPECT_EQ(Run(*a_, WriteAtomic16(kUnit, 0)), kGood);
  EXPECT_EQ(Run(*b_, Read16(kUnit, kUnit)), kGood);
  EXPECT_EQ(found_, Filled(kUnit, 1));
  EXPECT_EQ(FileBytes(kUnit, kUnit), Filled(kUnit, 1));
  EXPECT_EQ(FileBytes(2 * kUnit, kUnit), Filled(kUnit, 0));
  EXPECT_EQ(FileBytes(3 * kUnit, kUnit), Filled(kUnit, 2));
}

TEST_P(WriteAtomicTest, RefusesTheRest) {
  const auto run = [this](uint64_t lba, uint16_t count, uint16_t boundary = 0) {
    return Run(*a_, WriteAtomic16(lba, count, boundary), Filled(count, 1));
  };
  EXPECT_EQ(run(1, kUnit), kInvalidFieldInCdb.AtCdbField(2)) << "not aligned";
  EXPECT_EQ(run(0, kUnit / 2), kInvalidFieldInCdb.AtCdbField(12)) << "less than one";
  EXPECT_EQ(run(0, 2 * kUnit), kInvalidFieldInCdb.AtCdbField(12)) << "more than one";
  EXPECT_TRUE(run(0, kUnit, 8).Is(kInvalidFieldInCdb)) << "there are no boundaries";
  EXPECT_TRUE(run(kDiskBytes / kBlockBytes, kUnit).Is(kLbaOutOfRange));
  EXPECT_EQ(Run(*a_, WriteAtomic16(0, kUnit), Filled(kUnit - 1, 1)), kDataPhaseError);
  EXPECT_EQ(FileBytes(0, 2 * kUnit), Filled(2 * kUnit, 0));
}

// Reads in flight beside it show the old bytes or the new ones.
TEST_P(WriteAtomicTest, ReadersSeeAllOfItOrNothing) {
  for (uint8_t version = 1; version < 50; ++version) {
    TestCommand before(Read16(0, kUnit), {});
    TestCommand write(WriteAtomic16(0, kUnit), Filled(kUnit, version));
    TestCommand after(Read16(0, kUnit), {});
    server_->Execute(*b_, before);
    server_->Execute(*a_, write);
    server_->Execute(*b_, after);
    for (TestCommand* const command : {&before, &write, &after}) {
      WaitFor(*command);
      EXPECT_EQ(command->outcome(), kGood);
    }
    EXPECT_EQ(before.found, Filled(kUnit, static_cast<uint8_t>(version - 1)));
    EXPECT_EQ(after.found, Filled(kUnit, version));
  }
}

std::string NameOf(const testing::TestParamInfo<CacheMode>& test) {
  return test.param == CacheMode::kNone ? "Direct" : "Cached";
}

INSTANTIATE_TEST_SUITE_P(Modes, WriteAtomicTest,
                         testing::Values(CacheMode::kWriteback, CacheMode::kNone), NameOf);

class NoWriteAtomicTest : public DiskOn {
 protected:
  NoWriteAtomicTest() : DiskOn("tmpfs", CacheMode::kWriteback) {}
};

TEST_F(NoWriteAtomicTest, ThereIsNoSuchCommand) {
  EXPECT_FALSE(Reported());
  EXPECT_EQ(Limits(), (std::array<uint32_t, 5>{}));
  EXPECT_EQ(Run(*a_, WriteAtomic16(0, kUnit), Filled(kUnit, 1)), kInvalidOpcode);
  EXPECT_EQ(FileBytes(0, kUnit), Filled(kUnit, 0));
}

}  // namespace
}  // namespace quire
