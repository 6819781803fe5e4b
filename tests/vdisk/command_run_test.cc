// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: what handlers build on: a step that fails ends the command with its reason; data that is
// missing, too long or not to be written is refused before a step is taken; blocks that a command
// claims itself are its own.
// Method: commands of the disk that use each of them, on a disk that is cut short, write protected,
// or without a write cache.
#include "vdisk/command_run.h"

#include <unistd.h>

#include <algorithm>

#include "pagecache/kernel_backing.h"
#include "tests/support/faulty_backing.h"
#include "tests/support/served_file.h"
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

class CommandRunTest : public ScsiFixture {
 protected:
  uint64_t CountSteps() const { return device_->counts().executed; }
  void Change(void (*change)(ModeParameters& parameters)) {
    ModeParameters parameters = server_->mode_state().current;
    change(parameters);
    server_->ChangeMode(parameters, *a_);
  }
  static Bytes UnmapList(uint64_t lba, uint32_t count) {
    Bytes list(24, 0);
    StoreBig<2>(&list[0], 22);
    StoreBig<2>(&list[2], 16);
    StoreBig<8>(&list[8], lba);
    StoreBig<4>(&list[16], count);
    return list;
  }
  static Bytes Unmap(uint16_t list_bytes) {
    Bytes cdb(10, 0);
    cdb[0] = 0x42;
    StoreBig<2>(&cdb[7], list_bytes);
    return cdb;
  }
};

TEST_F(CommandRunTest, AFailedStepEndsTheCommandWithItsReason) {
  ASSERT_EQ(truncate(path_.c_str(), kDiskBytes / 2), 0);
  const uint64_t lost = kDiskBytes / kBlockBytes - 8;
  EXPECT_TRUE(Run(*a_, Read16(lost, 8)).Is(kUnrecoveredReadError));
  EXPECT_TRUE(Run(*a_, Cdb16(0x89, lost, 1), Filled(2, 0)).Is(kUnrecoveredReadError))
      << "COMPARE AND WRITE";
  EXPECT_TRUE(Run(*a_, Write16(lost, 8), Filled(8, 1)).Is(kWriteError));
  EXPECT_EQ(Run(*a_, Read16(0, 8)), kGood);
  EXPECT_EQ(device_->file().stats().lent, 0u);
}

TEST_F(CommandRunTest, DataThatIsMissingIsRefusedBeforeAnyStep) {
  const uint64_t before = CountSteps();
  EXPECT_TRUE(Run(*a_, Write16(0, 2), Filled(1, 1)).Is(kDataPhaseError));
  EXPECT_TRUE(Run(*a_, Cdb16(0x89, 0, 1), Filled(1, 1)).Is(kDataPhaseError));
  EXPECT_TRUE(Run(*a_, Unmap(24), Bytes(23, 0)).Is(kDataPhaseError));
  EXPECT_EQ(CountSteps(), before);
}

TEST_F(CommandRunTest, NoCommandIsLongerThanBlockLimitsSay) {
  const uint32_t most = server_->limits().max_transfer;
  const uint64_t before = CountSteps();
  EXPECT_TRUE(Run(*a_, Read16(0, most + 1)).Is(kInvalidFieldInCdb));
  EXPECT_TRUE(Run(*a_, Write16(0, most + 1), Filled(most + 1, 1)).Is(kInvalidFieldInCdb));
  EXPECT_EQ(CountSteps(), before);
  EXPECT_EQ(Run(*a_, Read16(0, most)), kGood);
  EXPECT_EQ(found_.size(), uint64_t{most} * kBlockBytes);
}

TEST_F(CommandRunTest, SoftwareWriteProtectionStopsWritesOnly) {
  Change([](ModeParameters& parameters) { parameters.swp = 1; });
  EXPECT_TRUE(Run(*a_, Write16(0, 1), Filled(1, 1)).Is(kSoftwareWriteProtected));
  EXPECT_TRUE(Run(*a_, Unmap(24), UnmapList(0, 8)).Is(kSoftwareWriteProtected));
  EXPECT_EQ(Run(*a_, Read16(0, 1)), kGood);
  EXPECT_EQ(found_, Filled(1, 0));
  Change([](ModeParameters& parameters) { parameters.swp = 0; });
  EXPECT_EQ(Run(*a_, Write16(0, 1), Filled(1, 1)), kGood);
}

TEST_F(CommandRunTest, WithoutAWriteCacheAWriteIsStableBeforeItIsAnswered) {
  const ScratchFile scratch(1 << 20);
  auto backing = std::make_unique<FaultyBacking>(*KernelBacking::Open({.path = scratch.path()}));
  FaultyBacking& watched = *backing;
  a_.reset();
  b_.reset();
  server_.reset();
  device_ = *Device::Create(*File::Open(std::move(backing), {.path = scratch.path()}), kBlockBytes);
  server_ = *DeviceServer::Create(*device_, {});
  a_ = Connect("iqn.2026-01.a", 1);
  const auto flushes_of = [&](const Bytes& cdb) {
    const auto count = [&watched] { return std::ranges::count(watched.Log(), 'f'); };
    const auto before = count();
    EXPECT_EQ(Run(*a_, cdb, Filled(1, 1)), kGood);
    return count() - before;
  };
  EXPECT_EQ(flushes_of(Write16(0, 1)), 0);
  EXPECT_EQ(flushes_of(Write16(0, 1, /*FUA*/ 0x08)), 1);
  Change([](ModeParameters& parameters) { parameters.wce = 0; });
  EXPECT_EQ(flushes_of(Write16(0, 1)), 1);
}

TEST_F(CommandRunTest, ClaimedBlocksAreTheCommandsOwn) {
  ASSERT_EQ(Run(*a_, Write16(0, 16), Filled(16, 5)), kGood);
  TestCommand unmap(Unmap(24), UnmapList(0, 8));
  TestCommand write(Write16(0, 8), Filled(8, 6));
  TestCommand compare(Cdb16(0x89, 8, 1), Filled(2, 5));
  server_->Execute(*a_, unmap);
  server_->Execute(*b_, write);    // waits: it came later
  server_->Execute(*b_, compare);  // beside them
  for (TestCommand* const one : {&unmap, &write, &compare}) {
    WaitFor(*one);
    EXPECT_EQ(one->outcome(), kGood);
  }
  EXPECT_EQ(FileBytes(0, 8), Filled(8, 6));
}

TEST_F(CommandRunTest, AListIsTakenWholeHoweverItIsCut) {
  Bytes list = UnmapList(8, 8);
  ASSERT_EQ(Run(*a_, Write16(0, 24), Filled(24, 5)), kGood);
  TestCommand unmap(Unmap(24), {});
  std::vector<Segment> pieces;
  for (size_t at = 0; at < list.size(); at += 5) {
    pieces.push_back({reinterpret_cast<std::byte*>(&list[at]), std::min<size_t>(5, 24 - at)});
  }
  unmap.data_out = SgView(pieces, list.size());
  server_->Execute(*a_, unmap);
  WaitFor(unmap);
  EXPECT_EQ(unmap.outcome(), kGood);
  EXPECT_EQ(FileBytes(0, 8), Filled(8, 5));
  EXPECT_EQ(FileBytes(8, 8), Filled(8, 0));
  EXPECT_EQ(FileBytes(16, 8), Filled(8, 5));
}

}  // namespace
}  // namespace quire
