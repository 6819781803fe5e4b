// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: all nexuses see one state, changed at once and only after it was saved; what was answered
// with GOOD outlives a loss of power, and what was not is the old state or the new one.
// Method: the state alone; then a device server on a reservation file, by CDBs: each step of saving
// fails, the process ends before each, the file is damaged, and a device server is opened anew.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/log.h"
#include "engine/atomic_file.h"
#include "tests/vdisk/two_host_fixture.h"

namespace quire {
namespace {

using Step = AtomicFile::Step;
constexpr int kSteps = static_cast<int>(Step::kRetire) + 1;
constexpr uint8_t kTypeWeRo = 5;

int g_at_step = 0;
std::string g_logged;

// In a folder of its own, silent.
class Kept {
 public:
  Kept() : folder_(testing::TempDir() + "/reservations.XXXXXX") {
    QUIRE_CHECK(mkdtemp(folder_.data()) != nullptr);
    g_logged.clear();
    SetLogSink([](LogLevel, std::string_view line) { g_logged += line; });
  }
  ~Kept() {
    AtomicFile::HookStepsForTest(nullptr);
    SetLogSink(nullptr);
    std::filesystem::remove_all(folder_);
  }
  std::string path() const { return folder_ + "/disk"; }

 private:
  std::string folder_;
};

const NexusId& Nexus(uint64_t isid) {
  static const NexusId kNexuses[] = {{*TransportId::IscsiPort("iqn.2026-01.a", 0), 1},
                                     {*TransportId::IscsiPort("iqn.2026-01.a", 1), 1}};
  return kNexuses[isid];
}

class ReservationStateTest : public testing::Test {
 protected:
  ReservationEffect Change(const NexusId& nexus, const ReservationChange& change) {
    return state_->Change(change, nexus, {}, [this](const ReservationEffect&) { ++published_; });
  }
  ReservationEffect Register(const NexusId& nexus, uint64_t key, bool aptpl = false) {
    ReserveOut request;
    request.action = ReserveOutAction::kRegisterAndIgnore;
    request.action_key = key;
    request.aptpl = aptpl;
    return Change(nexus,
                  [request](Reservations& next, const NexusId& by, const ReservationPorts& ports) {
                    return next.Perform(by, request, ports);
                  });
  }
  ReservationEffect Spc2Reserve(const NexusId& nexus) {
    return Change(nexus, [](Reservations& next, const NexusId& by, const ReservationPorts&) {
      return next.Spc2Reserve(by);
    });
  }

  std::unique_ptr<ReservationState> state_ = *ReservationState::Open("");
  int published_ = 0;
};

TEST_F(ReservationStateTest, AViewIsRenewedOncePerState) {
  ReservationView view;
  EXPECT_NE(view.epoch(), state_->epoch()) << "a new nexus looks";
  state_->Renew(view, Nexus(0));
  EXPECT_EQ(view.epoch(), state_->epoch());
  EXPECT_TRUE(view.Allows(ReservationClass::kMediumWrite));
  Spc2Reserve(Nexus(1));
  EXPECT_NE(view.epoch(), state_->epoch());
  state_->Renew(view, Nexus(0));
  EXPECT_FALSE(view.Allows(ReservationClass::kMediumWrite));
}

TEST_F(ReservationStateTest, OnlyAChangeIsPublished) {
  const uint64_t epoch = state_->epoch();
  EXPECT_EQ(Register(Nexus(0), 0).outcome, kGood);
  EXPECT_EQ(state_->epoch(), epoch) << "nothing was registered";
  const auto before = state_->state();
  EXPECT_EQ(Spc2Reserve(Nexus(0)).outcome, kGood);
  EXPECT_EQ(Spc2Reserve(Nexus(1)).outcome, kReservationConflict);
  EXPECT_EQ(state_->epoch(), epoch + 1);
  EXPECT_FALSE(before->spc2_holder().has_value()) << "who looked before sees what was then";
  EXPECT_EQ(published_, 2) << "after each that was not refused";
}

TEST_F(ReservationStateTest, WithoutAFileNobodyIsPromisedThatItSurvives) {
  EXPECT_TRUE(Register(Nexus(0), 1, true).outcome.Is(kInvalidFieldInParameterList));
  EXPECT_TRUE(state_->state()->registrations().empty());
  EXPECT_EQ(published_, 0);
}

TEST_F(ReservationStateTest, ReserveIsReleasedForOneOrForWhoever) {
  state_->ReleaseSpc2();
  Spc2Reserve(Nexus(0));
  const uint64_t epoch = state_->epoch();
  state_->ReleaseSpc2(&Nexus(1));
  EXPECT_EQ(state_->state()->spc2_holder(), Nexus(0));
  EXPECT_EQ(state_->epoch(), epoch);
  state_->ReleaseSpc2(&Nexus(0));
  EXPECT_FALSE(state_->state()->spc2_holder().has_value());
  EXPECT_EQ(state_->epoch(), epoch + 1);
  Spc2Reserve(Nexus(1));
  state_->ReleaseSpc2();
  EXPECT_FALSE(state_->state()->spc2_holder().has_value());
}

class KeptReservationsTest : public Kept, public TwoHosts {
 protected:
  KeptReservationsTest() { Restart(path()); }
  ~KeptReservationsTest() override { Stop(); }
  Reservations OnFile() const {
    const auto loaded = ReservationStore(path()).Load();
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    return loaded->reservations;
  }
  uint64_t KeyOnFile() const { return OnFile().KeyOf(IdOf('a', 1)); }
  void RegisterPersistently(uint64_t key) {
    ASSERT_EQ(Pr(*a_, kRegisterAndIgnore, 0, key, 0, kAptpl), kGood);
  }
};

TEST_F(KeptReservationsTest, TheFileIsWrittenBeforeTheAnswer) {
  static TestCommand* command;
  static bool answered_at_last_step;
  answered_at_last_step = true;
  TestCommand registers(PrOut(kRegister), PrList(0, kA, kAptpl));
  command = &registers;
  AtomicFile::HookStepsForTest([](Step step) {
    if (step == Step::kSyncFolder) {
      usleep(50000);  // time enough for an answer that does not wait
      answered_at_last_step = command->count_done > 0;
    }
    return 0;
  });
  server_->Execute(*a_, registers);
  WaitFor(registers);
  EXPECT_EQ(registers.outcome(), kGood);
  EXPECT_FALSE(answered_at_last_step);
  EXPECT_EQ(KeyOnFile(), kA);
  EXPECT_EQ(Pr(*a_, kReserve, kA, 0, kEaAr), kGood);
  EXPECT_TRUE(OnFile().held().has_value());
}

TEST_F(KeptReservationsTest, APowerLossKeepsThemWithAptpl) {
  ASSERT_EQ(Pr(*b_, kRegister, 0, kB, 0, kAptpl), kGood);
  RegisterPersistently(kA);
  ASSERT_EQ(Pr(*a_, kReserve, kA, 0, kWeRo), kGood);
  Restart(path());
  EXPECT_EQ(Run(*b2_, Write16(0, 1), Filled(1, 1)), kReservationConflict);
  EXPECT_EQ(Run(*b_, Write16(0, 1), Filled(1, 1)), kGood);
  EXPECT_EQ(ReadKeys(*a_), (Keys{0, {kA, kB}}))
      << "PRGENERATION is 0 after power on (SPC-4 6.15.2)";
  EXPECT_EQ(ReadType(*a_), kWeRo);
  ASSERT_EQ(Run(*a_, {0x5e, 2, 0, 0, 0, 0, 0, 0, 8, 0}), kGood);
  EXPECT_EQ(found_[3] & 1, 1) << "PTPL_A";
  EXPECT_EQ(Pr(*b_, kPreempt, kB, kA, kWeRo), kGood);
  EXPECT_EQ(Told(*a_), Codes{0x2a05});
  EXPECT_EQ(ReadKeys(*a_), (Keys{1, {kB}}));
  Restart(path());
  EXPECT_EQ(ReadKeys(*a_), (Keys{0, {kB}}));
}

TEST_F(KeptReservationsTest, APowerLossForgetsThemWithout) {
  RegisterAll(kWe);
  Restart(path());
  EXPECT_EQ(ReadKeys(*a_), (Keys{0, {}}));
  RegisterPersistently(kA);
  ASSERT_EQ(Pr(*a_, kRegister, kA, kB), kGood) << "without APTPL: taken back";
  Restart(path());
  EXPECT_EQ(ReadKeys(*a_), (Keys{0, {}}));
  EXPECT_EQ(Run(*a_, {0x16, 0, 0, 0, 0, 0}), kGood);
  Restart(path());
  EXPECT_EQ(Run(*b_, Write16(0, 1), Filled(1, 1)), kGood);
}

// The last step only tidies up: by then the change is on the disk.
TEST_F(KeptReservationsTest, WhatCannotBeSavedDidNotHappen) {
  for (g_at_step = 0; g_at_step < kSteps - 1; ++g_at_step) {
    SCOPED_TRACE(g_at_step);
    RegisterPersistently(kA);
    ASSERT_EQ(Pr(*b_, kRegisterAndIgnore, 0, kB, 0, kAptpl), kGood);
    ASSERT_EQ(Pr(*a_, kReserve, kA, 0, kWeRo), kGood);
    const Keys before = ReadKeys(*a_);
    for (const int error : {ENOSPC, EROFS, EIO}) {
      static int injected;
      injected = error;
      AtomicFile::HookStepsForTest(
          [](Step step) { return static_cast<int>(step) == g_at_step ? injected : 0; });
      g_logged.clear();
      EXPECT_TRUE(Pr(*b_, kPreemptAndAbort, kB, kA, kEaRo).Is(kInternalTargetFailure));
      EXPECT_TRUE(Pr(*a_, kRegister, kA, 0, 0, kAptpl).Is(kInternalTargetFailure));
      EXPECT_TRUE(Pr(*a_, kClear, kA, 0).Is(kInternalTargetFailure));
      EXPECT_NE(g_logged.find(path()), std::string::npos);
      AtomicFile::HookStepsForTest(nullptr);
      EXPECT_EQ(ReadKeys(*b_), before) << "the generation, too";
      EXPECT_EQ(ReadType(*b_), kWeRo);
      EXPECT_EQ(KeyOnFile(), kA);
      for (ScsiNexus* const nexus : {a_.get(), b_.get()}) EXPECT_EQ(Told(*nexus), Codes{});
      EXPECT_EQ(Run(*a_, Write16(0, 1), Filled(1, 1)), kGood);
    }
    ASSERT_EQ(Pr(*a_, kClear, kA, 0), kGood);
    ASSERT_EQ(Told(*b_), Codes{0x2a03});
  }
}

TEST_F(KeptReservationsTest, DamageIsReportedAndTheCopyUsed) {
  RegisterPersistently(kA);
  RegisterPersistently(kB);
  Stop();
  std::fstream(path(), std::ios::in | std::ios::out).seekp(20).put('\x7f');
  g_logged.clear();
  Restart(path());
  EXPECT_NE(g_logged.find(path()), std::string::npos);
  EXPECT_EQ(ReadKeys(*a_).keys, std::vector<uint64_t>{kA}) << "one state older";
}

TEST_F(KeptReservationsTest, NoDiskWithoutTheReservationsThatItMustHave) {
  RegisterPersistently(kA);
  RegisterPersistently(kB);
  Stop();
  for (const std::string& file : {path(), path() + ".1"}) {
    std::ofstream(file, std::ios::trunc) << "?";
  }
  device_ = *Device::Create(*File::Open({.path = path_}), kBlockBytes);
  DeviceServer::Options options;
  options.reservation_file = path();
  const auto opened = DeviceServer::Create(*device_, options);
  EXPECT_TRUE(absl::IsDataLoss(opened.status()));
  EXPECT_NE(opened.status().message().find("move both away"), absl::string_view::npos);
}

// The disk of a process that ends while it saves.
class Doomed : public TwoHosts {
 public:
  explicit Doomed(const std::string& path) : TwoHosts(path) {}
  void TestBody() override {
    AtomicFile::HookStepsForTest([](Step step) {
      if (static_cast<int>(step) == g_at_step) _exit(7);
      return 0;
    });
    (void)Pr(*a_, kRegisterAndIgnore, 0, kB, 0, kAptpl);
    _exit(0);
  }
};
class Founding : public TwoHosts {
 public:
  explicit Founding(const std::string& path) : TwoHosts(path) {}
  void TestBody() override {
    EXPECT_EQ(Pr(*a_, kRegisterAndIgnore, 0, kA, 0, kAptpl), kGood);
    EXPECT_EQ(Pr(*a_, kReserve, kA, 0, kTypeWeRo), kGood);
  }
};
class Survived : public TwoHosts {
 public:
  Survived(const std::string& path, uint64_t* key) : TwoHosts(path), key_(key) {}
  void TestBody() override {
    const Keys keys = ReadKeys(*a_);
    ASSERT_EQ(keys.keys.size(), 1u);
    *key_ = keys.keys[0];
    EXPECT_EQ(ReadType(*a_), kTypeWeRo);
    EXPECT_EQ(Run(*b_, Write16(0, 1), Filled(1, 1)), kReservationConflict);
    EXPECT_EQ(Run(*a_, Write16(0, 1), Filled(1, 1)), kGood);
  }

 private:
  uint64_t* const key_;
};

TEST(CrashedReservationsTest, ACrashAtAnyStepLeavesTheOldStateOrTheNew) {
  for (g_at_step = 0; g_at_step < kSteps; ++g_at_step) {
    SCOPED_TRACE(g_at_step);
    const Kept kept;
    Founding(kept.path()).TestBody();
    const pid_t child = fork();
    if (child == 0) Doomed(kept.path()).TestBody();
    int result = 0;
    ASSERT_EQ(waitpid(child, &result, 0), child);
    ASSERT_TRUE(WIFEXITED(result));
    ASSERT_EQ(WEXITSTATUS(result), 7);
    uint64_t key = 0;
    Survived(kept.path(), &key).TestBody();
    EXPECT_EQ(key, g_at_step > static_cast<int>(Step::kReplace) ? 0xbu : 0xau);
  }
}

}  // namespace
}  // namespace quire
