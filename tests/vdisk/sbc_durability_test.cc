// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: GOOD for what must be on the medium is said after a flush of those bytes, and never after
// one that failed; a disk that may have lost data says so from then on.
// Method: every command that writes or flushes, on disks with their cache on, switched off, written
// through and bypassed; flushes counted with their ranges, held, and failed one after the other.

#include <gtest/gtest.h>

#include <cerrno>

#include "base/log.h"
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

constexpr uint8_t kFua = 0x08, kUnmap = 0x08;
constexpr uint64_t kLba = 16;
constexpr uint32_t kCount = 8;

// What a command says must be stable when it is answered with the cache on.
enum class Promise { kNothing, kItsBlocks };

struct Case {
  const char* name;
  Bytes cdb;
  size_t count_data_blocks;
  Promise promise;
  bool has_parameters = false;  // UNMAP: a list, not blocks
};

class SbcDurabilityTest : public ScsiFixture, public testing::WithParamInterface<CacheMode> {
 protected:
  SbcDurabilityTest() : ScsiFixture(TestDisk{.block_bytes = 4096, .cache = GetParam()}) {
    SetLogSink([](LogLevel, std::string_view) {});
  }
  ~SbcDurabilityTest() override { SetLogSink(nullptr); }

  static std::vector<Case> Cases() {
    return {
        {"WRITE(6)", BlockCdb(0x0a, kLba, kCount), kCount, Promise::kNothing},
        {"WRITE(16)", Write16(kLba, kCount), kCount, Promise::kNothing},
        {"WRITE(10), FUA", BlockCdb(0x2a, kLba, kCount, kFua), kCount, Promise::kItsBlocks},
        {"WRITE(12), FUA", BlockCdb(0xaa, kLba, kCount, kFua), kCount, Promise::kItsBlocks},
        {"WRITE(16), FUA", Write16(kLba, kCount, kFua), kCount, Promise::kItsBlocks},
        {"WRITE AND VERIFY(10)", BlockCdb(0x2e, kLba, kCount), kCount, Promise::kItsBlocks},
        {"WRITE AND VERIFY(16)", BlockCdb(0x8e, kLba, kCount, 2), kCount, Promise::kItsBlocks},
        {"COMPARE AND WRITE", Cdb16(0x89, kLba, kCount), 2 * kCount, Promise::kNothing},
        {"COMPARE AND WRITE, FUA", Cdb16(0x89, kLba, kCount, kFua), 2 * kCount,
         Promise::kItsBlocks},
        {"ORWRITE", Cdb16(0x8b, kLba, kCount), kCount, Promise::kNothing},
        {"ORWRITE, FUA", Cdb16(0x8b, kLba, kCount, kFua), kCount, Promise::kItsBlocks},
        {"WRITE SAME(10)", BlockCdb(0x41, kLba, kCount), 1, Promise::kNothing},
        {"WRITE SAME(16), UNMAP, NDOB", Cdb16(0x93, kLba, kCount, kUnmap | 1), 0,
         Promise::kNothing},
        {"UNMAP", {0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0}, 0, Promise::kNothing, true},
        {"SYNCHRONIZE CACHE(10)", BlockCdb(0x35, kLba, kCount), 0, Promise::kItsBlocks},
        {"SYNCHRONIZE CACHE(16)", BlockCdb(0x91, kLba, kCount), 0, Promise::kItsBlocks},
    };
  }
  static bool Writes(const Case& one) { return one.cdb[0] != 0x35 && one.cdb[0] != 0x91; }

  // The blocks are set to what COMPARE AND WRITE expects.
  Bytes DataOf(const Case& one) {
    if (one.has_parameters) {
      Bytes list(24);
      StoreBig<2>(&list[2], 16);
      StoreBig<8>(&list[8], kLba);
      StoreBig<4>(&list[16], kCount);
      return list;
    }
    return Filled(one.count_data_blocks, 0x5a);
  }
  void Prepare() {
    ASSERT_EQ(Run(*a_, Write16(kLba, kCount), Filled(kCount, 0x5a)), kGood);
    backing_->TakeStable();
  }
  void SwitchCacheOff() {
    ModeParameters parameters = server_->mode_state().current;
    parameters.wce = 0;
    const bool changes = parameters != server_->mode_state().current;
    server_->ChangeMode(parameters, *a_);
    EXPECT_EQ(Run(*b_, {0, 0, 0, 0, 0, 0}), changes ? kModeParametersChanged : kGood);
  }
  // All of them are of the whole disk, or cover the blocks of the case.
  bool CoversItsBlocks(const std::vector<ByteRange>& stable) const {
    const ByteRange blocks{kLba * block_bytes_, kCount * block_bytes_};
    return std::ranges::any_of(
        stable, [&](ByteRange range) { return range.empty() || range.Contains(blocks); });
  }
  bool WritesThrough() const { return server_->mode_state().current.wce == 0; }
  bool MustBeStable(const Case& one) const {
    return one.promise == Promise::kItsBlocks || WritesThrough();
  }

  void GoodIsSaidAfterAFlush();
  void NoFailedFlushIsGood();
};

void SbcDurabilityTest::GoodIsSaidAfterAFlush() {
  for (const Case& one : Cases()) {
    Prepare();
    TestCommand command(one.cdb, DataOf(one));
    static std::vector<ByteRange> stable;  // when it was answered
    static FaultyBacking* backing;
    backing = backing_;
    stable.clear();
    command.done = [](ScsiCommand& done) {
      stable = backing->TakeStable();
      ++static_cast<TestCommand&>(done).count_done;
      done.Drop();
    };
    server_->Execute(*a_, command);
    WaitFor(command);
    EXPECT_EQ(command.outcome(), kGood) << one.name;
    EXPECT_EQ(CoversItsBlocks(stable), MustBeStable(one)) << one.name;
    EXPECT_EQ(stable.empty(), !MustBeStable(one)) << one.name;
  }
}

// The k-th flush fails, for k = 1 until the command needs no more of them.
void SbcDurabilityTest::NoFailedFlushIsGood() {
  for (const Case& one : Cases()) {
    for (uint64_t k = 0;; ++k) {
      ASSERT_LT(k, 10u);
      Prepare();
      backing_->Set({.kind = IoOp::Kind::kFlush, .error = EIO, .first = k, .count = 1});
      const Outcome outcome = Run(*a_, one.cdb, DataOf(one));
      backing_->Set({});
      if (outcome.good()) {
        EXPECT_EQ(device_->file().latched_error(), 0) << one.name;
        const bool flushes = GetParam() != CacheMode::kNone && MustBeStable(one);
        EXPECT_TRUE(k > 0 || !flushes) << one.name;
        break;
      }
      EXPECT_EQ(outcome, kWriteError) << one.name;
      for (const Case& later : Cases()) {
        const bool compares = later.cdb[0] == 0x89;
        if (compares && FileBytes(kLba, kCount) != Filled(kCount, 0x5a)) continue;
        EXPECT_EQ(Run(*b_, later.cdb, DataOf(later)), kWriteError) << one.name << later.name;
      }
      EXPECT_EQ(Run(*b_, Read16(kLba, kCount)), kGood);
      device_->file().ClearLatchedError();
    }
  }
}

std::string CacheName(CacheMode cache) {
  if (cache == CacheMode::kNone) return "None";
  return cache == CacheMode::kWriteback ? "Writeback" : "Writethrough";
}

class SbcCachedDurabilityTest : public SbcDurabilityTest {};
class SbcUncachedDurabilityTest : public SbcDurabilityTest {};

const auto kName = [](const auto& cache) { return CacheName(cache.param); };
INSTANTIATE_TEST_SUITE_P(Caches, SbcDurabilityTest,
                         testing::Values(CacheMode::kWriteback, CacheMode::kWritethrough,
                                         CacheMode::kNone),
                         kName);
INSTANTIATE_TEST_SUITE_P(Caches, SbcCachedDurabilityTest,
                         testing::Values(CacheMode::kWriteback, CacheMode::kWritethrough), kName);
INSTANTIATE_TEST_SUITE_P(Caches, SbcUncachedDurabilityTest, testing::Values(CacheMode::kNone),
                         kName);

TEST_P(SbcDurabilityTest, GoodIsSaidAfterTheFlush) { GoodIsSaidAfterAFlush(); }

TEST_P(SbcDurabilityTest, GoodIsSaidAfterTheFlushWithTheCacheOff) {
  SwitchCacheOff();
  GoodIsSaidAfterAFlush();
}

TEST_P(SbcDurabilityTest, NeverAfterAFlushThatFailed) { NoFailedFlushIsGood(); }

TEST_P(SbcDurabilityTest, NeverAfterAFlushThatFailedWithTheCacheOff) {
  SwitchCacheOff();
  NoFailedFlushIsGood();
}

TEST_P(SbcCachedDurabilityTest, TheAnswerWaitsForTheFlush) {
  for (const Case& one : Cases()) {
    Prepare();
    if (!MustBeStable(one)) continue;
    TestCommand command(one.cdb, DataOf(one));
    backing_->Set({.kind = IoOp::Kind::kFlush, .count = 1, .hold = true});
    server_->Execute(*a_, command);
    for (int i = 0; i < 2000 && !backing_->holds(); ++i) reactor_->Wait(kNsPerMs);
    ASSERT_TRUE(backing_->holds()) << one.name;
    for (int i = 0; i < 5; ++i) reactor_->Wait(kNsPerMs);
    EXPECT_EQ(command.count_done, 0) << one.name;
    backing_->LetGo(*reactor_);
    WaitFor(command);
    EXPECT_EQ(command.outcome(), kGood) << one.name;
  }
}

// A write by O_DIRECT that is to be stable is flushed by the same system call.
TEST_P(SbcUncachedDurabilityTest, AWriteThatCannotBeMadeStable) {
  backing_->Set({.kind = IoOp::Kind::kWrite, .error = EIO, .count = 1});
  EXPECT_EQ(Run(*a_, Write16(0, 1, kFua), Filled(1, 1)), kWriteError);
  EXPECT_EQ(Run(*a_, Write16(8, 1), Filled(1, 1)), kWriteError) << "latched";
  EXPECT_EQ(Run(*a_, BlockCdb(0x91, 0, 0)), kWriteError);
}

TEST_P(SbcDurabilityTest, SynchronizeCacheOfNoCountGoesToTheEnd) {
  for (const uint8_t opcode : {0x35, 0x91}) {
    backing_->TakeStable();
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 16, 0)), kGood);
    const uint64_t from = 16 * block_bytes_;
    EXPECT_EQ(backing_->TakeStable(), (std::vector<ByteRange>{{from, kDiskBytes - from}}));
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, 16, 5)), kGood);
    EXPECT_EQ(backing_->TakeStable(), (std::vector<ByteRange>{{from, 5 * block_bytes_}}));
    EXPECT_EQ(Run(*a_, BlockCdb(opcode, count_blocks(), 0)), kGood);
    EXPECT_TRUE(backing_->TakeStable().empty());
  }
}

TEST_P(SbcCachedDurabilityTest, NoRoomAtTheFlush) {
  backing_->Set({.kind = IoOp::Kind::kFlush, .error = ENOSPC, .count = 1});
  EXPECT_EQ(Run(*a_, Write16(0, 1, kFua), Filled(1, 1)), kSpaceAllocationFailed);
  EXPECT_EQ(Run(*a_, BlockCdb(0x91, 0, 0)), kSpaceAllocationFailed) << "latched";
}

// ---- What the disk says about its cache ----

TEST_P(SbcDurabilityTest, TheCachingPageIsAsTheCacheIs) {
  constexpr uint8_t kWce = 0x04, kRcd = 0x01, kDpofua = 0x10;
  const Bytes kCurrent{0x1a, 0x08, 0x08, 0, 255, 0};     // MODE SENSE(6), DBD
  const Bytes kChangeable{0x1a, 0x08, 0x48, 0, 255, 0};  // PC = 1
  EXPECT_EQ(Run(*a_, kCurrent), kGood);
  EXPECT_EQ(found_[2], kDpofua);
  const bool through = GetParam() == CacheMode::kWritethrough;
  const uint8_t rcd = GetParam() == CacheMode::kNone ? kRcd : 0;
  EXPECT_EQ(found_[6], (through ? 0 : kWce) | rcd);
  EXPECT_EQ(Run(*a_, kChangeable), kGood);
  EXPECT_EQ(found_[6], through ? 0 : kWce);
}

}  // namespace
}  // namespace quire
