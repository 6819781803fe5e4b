// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: MODE SELECT changes what commands do, keeps over a restart what it was asked to keep, and
// whoever turns the write cache off has everything acknowledged on the medium.
// Method: parameter lists of two hosts; the disk started again; saves and flushes that fail; the
// order of operations on the file while a command of another host is held.
#include <fstream>

#include "engine/atomic_file.h"
#include "pagecache/kernel_backing.h"
#include "tests/support/faulty_backing.h"
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

const Bytes kTestUnitReady(6);
int FailEveryStep(AtomicFile::Step) { return EIO; }

class SpcModeTest : public ScsiFixture {
 protected:
  static constexpr uint8_t kSp = 0x01;

  SpcModeTest() {
    mode_file_ = path_ + ".mode";
    Restart({.mode_file = mode_file_});
  }
  ~SpcModeTest() override {
    for (const char* const end : {"", ".1", ".tmp", ".1.tmp"}) unlink((mode_file_ + end).c_str());
  }

  void Restart(const DeviceServer::Options& options) {
    a_.reset();
    b_.reset();
    server_ = *DeviceServer::Create(*device_, options);
    a_ = Connect("iqn.2026-01.a", 1);
    b_ = Connect("iqn.2026-01.b", 2);
  }
  // The same disk over a file that fails as it is told.
  FaultyBacking& RestartFaulty(CacheMode cache) {
    a_.reset();
    b_.reset();
    server_.reset();
    device_.reset();
    auto faulty = std::make_unique<FaultyBacking>(
        *KernelBacking::Open({.path = path_, .direct = cache == CacheMode::kNone}));
    FaultyBacking& file = *faulty;
    device_ = *Device::Create(*File::Open(std::move(faulty), {.path = path_, .cache = cache}),
                              kBlockBytes);
    Restart({.mode_file = mode_file_});
    return file;
  }
  static Bytes SelectCdb(const Bytes& list, uint8_t flags = 0) {
    return {0x15, static_cast<uint8_t>(0x10 | flags), 0, 0, static_cast<uint8_t>(list.size()), 0};
  }
  // RCD is as it is: 1 on a disk without a cache.
  static Bytes Caching(bool wce, bool rcd = false) {
    const auto bits = static_cast<uint8_t>((wce ? 4 : 0) | (rcd ? 1 : 0));
    return {0,    0,    0,    0,    0x08, 0x12, bits, 0, 0xff, 0xff, 0, 0,
            0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0, 0,    0,    0, 0};
  }
  static Bytes Control(uint8_t d_sense, uint8_t tas = 0) {
    return {0,
            0,
            0,
            0,
            0x0a,
            0x0a,
            static_cast<uint8_t>(0x02 | d_sense << 2),
            0x10,
            0,
            static_cast<uint8_t>(tas << 6),
            0,
            0,
            0,
            0,
            0,
            0};
  }
  Outcome Select(ScsiNexus& nexus, const Bytes& list, uint8_t flags = 0) {
    return Run(nexus, SelectCdb(list, flags), list);
  }
  // One page without its header; `control` is PC.
  Bytes Page(uint8_t page, uint8_t control, uint8_t subpage = 0) {
    const auto byte2 = static_cast<uint8_t>(control << 6 | page);
    EXPECT_EQ(Run(*a_, {0x1a, 0x08, byte2, subpage, 255, 0}), kGood);
    return found_.size() < 4 ? Bytes() : Bytes(found_.begin() + 4, found_.end());
  }

  std::string mode_file_;
};

TEST_F(SpcModeTest, TheOthersAreTold) {
  EXPECT_EQ(Select(*a_, Control(1)), kGood);
  EXPECT_EQ(Run(*a_, kTestUnitReady), kGood);
  EXPECT_EQ(Run(*b_, kTestUnitReady), kModeParametersChanged);
  EXPECT_EQ(Select(*a_, Control(1)), kGood);
  EXPECT_EQ(Run(*b_, kTestUnitReady), kGood) << "nothing changed";
}

// It has all blocks to itself, for long.
TEST_F(SpcModeTest, TheCacheOfADiskThatIsMadeAnewIsNotTurnedOff) {
  ASSERT_EQ(server_->medium().Begin(Medium::Work::kFormat), kGood);
  EXPECT_TRUE(Select(*a_, Caching(false)).Is(kLogicalUnitNotReadyFormat));
  EXPECT_EQ(Select(*a_, Control(1)), kGood);
  server_->medium().EndWork(true);
  EXPECT_EQ(Select(*a_, Caching(false)), kGood);
}

// What is in it would not be flushed by anybody.
TEST_F(SpcModeTest, AResetLeavesTheCacheOn) {
  ASSERT_EQ(Select(*a_, Caching(false), kSp), kGood);
  ASSERT_EQ(Select(*a_, Caching(true)), kGood);
  struct Reset : TaskManagement {
    bool over = false;
  } reset;
  reset.kind = TaskFunction::kLogicalUnitReset;
  reset.done = [](TaskManagement& done) { static_cast<Reset&>(done).over = true; };
  server_->Manage(*b_, reset);
  for (int i = 0; i < 1000 && !reset.over; ++i) reactor_->Wait(kNsPerMs);
  EXPECT_EQ(server_->mode_state().current.wce, 1);
  EXPECT_EQ(server_->mode_state().saved.wce, 0);
}

TEST_F(SpcModeTest, SavedParametersSurvive) {
  EXPECT_EQ(Page(0x0a, 3)[0], 0x8a) << "PS";
  ASSERT_EQ(Select(*a_, Caching(false), kSp), kGood);
  ASSERT_EQ(Run(*b_, kTestUnitReady), kModeParametersChanged);
  ASSERT_EQ(Select(*b_, Control(0, 1)), kGood) << "not saved";
  ASSERT_EQ(Run(*a_, kTestUnitReady), kModeParametersChanged);
  EXPECT_EQ(Page(0x08, 0)[2] & 4, 0);
  EXPECT_EQ(Page(0x08, 2)[2] & 4, 4) << "the default";
  EXPECT_EQ(Page(0x08, 3)[2] & 4, 0) << "the saved one";
  EXPECT_EQ(Page(0x0a, 0)[5], 0x40);
  EXPECT_EQ(Page(0x0a, 3)[5], 0x00);
  Restart({.mode_file = mode_file_});
  EXPECT_EQ(Page(0x08, 0)[2] & 4, 0);
  EXPECT_EQ(Page(0x08, 3)[2] & 4, 0);
  EXPECT_EQ(Page(0x0a, 0)[5], 0x00);
  EXPECT_EQ(Run(*a_, kTestUnitReady), kGood);
}

TEST_F(SpcModeTest, WithoutAFileNothingCanBeSaved) {
  Restart({});
  EXPECT_EQ(Page(0x08, 0)[0], 0x08) << "PS";
  EXPECT_EQ(Select(*a_, Control(1), kSp), kInvalidFieldInCdb.AtCdbField(1, 0));
  EXPECT_EQ(Run(*a_, {0x1a, 0x08, 0xca, 0, 255, 0}), kSavingParametersNotSupported);
  EXPECT_EQ(server_->mode_state().current, ModeParameters{});
}

TEST_F(SpcModeTest, AFailedSaveChangesNothing) {
  ASSERT_EQ(Select(*a_, Control(0, 1), kSp), kGood);
  ASSERT_EQ(Run(*b_, kTestUnitReady), kModeParametersChanged);
  const ModeState before = server_->mode_state();
  AtomicFile::HookStepsForTest(FailEveryStep);
  EXPECT_EQ(Select(*a_, Caching(false), kSp), kInternalTargetFailure);
  EXPECT_EQ(Select(*a_, Control(1), kSp), kInternalTargetFailure);
  AtomicFile::HookStepsForTest(nullptr);
  EXPECT_EQ(server_->mode_state().current, before.current);
  EXPECT_EQ(server_->mode_state().saved, before.saved);
  EXPECT_EQ(Run(*b_, kTestUnitReady), kGood) << "nobody is told";
  Restart({.mode_file = mode_file_});
  EXPECT_EQ(server_->mode_state().current, before.saved);
}

TEST_F(SpcModeTest, ADamagedFileGivesTheDefaults) {
  ASSERT_EQ(Select(*a_, Caching(false), kSp), kGood);
  std::ofstream(mode_file_, std::ios::trunc) << "not a mode file at all";
  Restart({.mode_file = mode_file_});
  EXPECT_EQ(server_->mode_state().current, ModeParameters{});
  EXPECT_EQ(Select(*a_, Control(1), kSp), kGood) << "and can be saved anew";
  Restart({.mode_file = mode_file_});
  EXPECT_EQ(server_->mode_state().current.d_sense, 1);
}

TEST_F(SpcModeTest, WithoutTheCacheEveryWriteIsFlushed) {
  FaultyBacking& file = RestartFaulty(CacheMode::kWriteback);
  const auto count_flushes = [&file] { return std::ranges::count(file.Log(), 'f'); };
  ASSERT_EQ(Run(*a_, Write16(0, 8), Filled(8, 1)), kGood);
  EXPECT_EQ(count_flushes(), 0);
  ASSERT_EQ(Select(*a_, Caching(false)), kGood);
  const auto after_select = count_flushes();
  EXPECT_GE(after_select, 1) << "what was acknowledged before";
  ASSERT_EQ(Run(*a_, Write16(0, 8), Filled(8, 2)), kGood);
  EXPECT_EQ(count_flushes(), after_select + 1);
  ASSERT_EQ(Select(*a_, Caching(true)), kGood);
  const auto with_cache = count_flushes();
  ASSERT_EQ(Run(*a_, Write16(0, 8), Filled(8, 3)), kGood);
  EXPECT_EQ(count_flushes(), with_cache);
}

TEST_F(SpcModeTest, AFailedFlushIsTold) {
  FaultyBacking& file = RestartFaulty(CacheMode::kWriteback);
  for (const uint64_t failing : {0, 1}) {  // the one beside others, and the one alone
    ASSERT_EQ(Run(*a_, Write16(0, 8), Filled(8, 1)), kGood);
    file.Set({.kind = IoOp::Kind::kFlush, .error = EIO, .first = failing, .count = 1});
    EXPECT_TRUE(Select(*a_, Caching(false), kSp).Is(kWriteError)) << failing;
    EXPECT_EQ(server_->mode_state().current.wce, 1) << "it is as it was";
    EXPECT_EQ(server_->mode_state().saved.wce, 1);
    EXPECT_EQ(Run(*b_, kTestUnitReady), kGood);
    device_->file().ClearLatchedError();
  }
  EXPECT_EQ(Select(*a_, Caching(false), kSp), kGood);
}

// A command that began while the cache was on may be acknowledged before the last flush, not after.
TEST_F(SpcModeTest, TheLastFlushComesAfterEveryCommandThatBeganWithTheCache) {
  FaultyBacking& file = RestartFaulty(CacheMode::kNone);
  file.Set({.kind = IoOp::Kind::kWrite, .error = EIO, .count = 1, .hold = true});
  TestCommand write(Write16(0, 8), Filled(8, 1));
  server_->Execute(*b_, write);
  const Bytes list = Caching(false, /*rcd=*/true);
  TestCommand select(SelectCdb(list), list);
  server_->Execute(*a_, select);
  for (int i = 0; i < 200; ++i) reactor_->Wait(kNsPerMs / 10);
  EXPECT_EQ(select.count_done, 0);
  EXPECT_EQ(server_->mode_state().current.wce, 1);
  const std::string before = file.Log();
  file.LetGo(*reactor_);
  WaitFor(write);
  WaitFor(select);
  EXPECT_EQ(select.outcome(), kGood);
  EXPECT_EQ(std::ranges::count(before, 'f'), 1) << before;
  EXPECT_EQ(std::ranges::count(file.Log(), 'f'), 2) << file.Log();
  EXPECT_EQ(server_->mode_state().current.wce, 0);
}

TEST_F(SpcModeTest, TwoChangesAtOnceAreBothThere) {
  const Bytes control = Control(1);
  const Bytes caching = Caching(false);
  for (int i = 0; i < 20; ++i) {
    TestCommand one(SelectCdb(control, kSp), control);
    TestCommand other(SelectCdb(caching, kSp), caching);
    server_->Execute(*a_, one);
    server_->Execute(*b_, other);
    WaitFor(one);
    WaitFor(other);
    const ModeState state = server_->mode_state();
    EXPECT_EQ(state.current.d_sense, 1);
    EXPECT_EQ(state.current.wce, 0);
    EXPECT_EQ(state.saved, state.current);
    server_->ChangeMode({}, *a_);
    while (a_->attentions().Take().has_value() || b_->attentions().Take().has_value()) {
    }
  }
}

TEST_F(SpcModeTest, AThresholdIsAModePage) {
  Restart({.threshold_bytes = (5 << 20) + 1});
  Bytes expected(24);
  expected[0] = 0x5c;
  expected[1] = 0x02;
  expected[3] = 0x14;
  expected[16] = 0x80;  // enabled, soft, while room gets less
  expected[17] = 0x01;  // what is available
  expected[23] = 6;     // sets of 1 MiB, rounded up
  EXPECT_EQ(Page(0x1c, 0, 2), expected);
  EXPECT_EQ(Page(0x01, 0)[7], 0x80) << "LBPERE";
  Bytes none(24);
  none[0] = 0x5c;
  none[1] = 0x02;
  none[3] = 0x14;
  EXPECT_EQ(Page(0x1c, 1, 2), none) << "nothing may be changed";
  Restart({});
  none[17] = 0x01;
  EXPECT_EQ(Page(0x1c, 0, 2), none) << "none is enabled";
  EXPECT_EQ(Page(0x01, 0)[7], 0);
}

}  // namespace
}  // namespace quire
