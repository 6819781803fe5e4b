// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a change is on the disk or it did not happen, and damage is said aloud, never guessed at.
// Method: the topology of reservation_fixture.h on a real file; each step of saving fails, then the
// process ends before each; each byte of the file is damaged.

#include "vdisk/reservation_store.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/big_endian.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "base/log.h"
#include "tests/vdisk/reservation_fixture.h"
#include "vdisk/reservation_file.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;
using Step = AtomicFile::Step;
constexpr int kSteps = static_cast<int>(Step::kRetire) + 1;

int g_at_step = 0;  // where Save fails or dies

class ReservationStoreTest : public ReservationTest {
 protected:
  ReservationStoreTest() : folder_(testing::TempDir() + "/reservations.XXXXXX") {
    QUIRE_CHECK(mkdtemp(folder_.data()) != nullptr);
    SetLogSink([](LogLevel, std::string_view) {});
  }
  ~ReservationStoreTest() override {
    AtomicFile::HookStepsForTest(nullptr);
    SetLogSink(nullptr);
    std::filesystem::remove_all(folder_);
  }

  std::string path() const { return folder_ + "/disk"; }
  std::string previous_path() const { return path() + ".1"; }
  ReservationStore Store() const { return ReservationStore(path()); }

  // Registered and persistent: one state per key.
  void Become(uint64_t key) {
    ReserveOut request = Request(ReserveOutAction::kRegisterAndIgnore, 0, key);
    request.aptpl = true;
    ASSERT_TRUE(Do(a1, request).outcome.good());
  }
  static Bytes ReadAll(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(file), {});
  }
  static void WriteAll(const std::string& path, const Bytes& bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  uint64_t LoadedKey() const {
    const auto loaded = Store().Load();
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_TRUE(loaded->damage.ok()) << loaded->damage;
    return loaded->reservations.KeyOf(a1);
  }

  std::string folder_;
};

TEST_F(ReservationStoreTest, NothingIsReservedOnANewDisk) {
  const auto loaded = Store().Load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_TRUE(loaded->damage.ok());
  EXPECT_EQ(loaded->reservations, Reservations());
}

TEST_F(ReservationStoreTest, WhatIsSavedIsLoaded) {
  Become(kA);
  Reserve(a1, kA, kEaAr);
  ASSERT_TRUE(Store().Save(state).ok());
  EXPECT_EQ(Store().Load()->reservations, state);
  EXPECT_EQ(Store().Load()->reservations.generation(), 1u);
}

TEST_F(ReservationStoreTest, OnlyWhatPersistsConcernsIt) {
  const Reservations empty;
  Register(a1, 0, kB);
  EXPECT_FALSE(ReservationStore::Concerns(empty, state)) << "APTPL was never asked for";
  const Reservations volatile_state = state;
  Become(kA);
  EXPECT_TRUE(ReservationStore::Concerns(volatile_state, state));
  const Reservations persistent = state;
  EXPECT_FALSE(ReservationStore::Concerns(persistent, state)) << "no change";
  Reserve(a1, kA, kWe);
  EXPECT_TRUE(ReservationStore::Concerns(persistent, state));
  RegisterAndIgnore(a1, kB);
  EXPECT_TRUE(ReservationStore::Concerns(persistent, state)) << "APTPL was taken back";
  Reservations spc2 = *Reservations::Restore({5, true, {}, {}});
  const Reservations before = spc2;
  spc2.Spc2Reserve(a1);
  EXPECT_FALSE(ReservationStore::Concerns(before, spc2)) << "SPC-2 reservations never persist";
}

// The caller's side of all-or-nothing: a copy is changed, saved, and only then published.
TEST_F(ReservationStoreTest, AFailureAtAnyStepIsNoChange) {
  Become(kA);
  ASSERT_TRUE(Store().Save(state).ok());
  Become(kB);
  ASSERT_TRUE(Store().Save(state).ok());
  for (g_at_step = 0; g_at_step < kSteps; ++g_at_step) {
    SCOPED_TRACE(g_at_step);
    Reservations published = state;
    Become(kC);
    AtomicFile::HookStepsForTest(
        [](Step step) { return static_cast<int>(step) == g_at_step ? ENOSPC : 0; });
    const absl::Status status = Store().Save(state);
    AtomicFile::HookStepsForTest(nullptr);
    if (status.ok()) published = state;
    EXPECT_EQ(status.ok(), g_at_step == static_cast<int>(Step::kRetire));
    EXPECT_EQ(Store().Load()->reservations, published);
    Become(kB);
    ASSERT_TRUE(Store().Save(state).ok());
  }
}

TEST_F(ReservationStoreTest, ACrashAtAnyStepLeavesOneOfBoth) {
  for (g_at_step = 0; g_at_step < kSteps; ++g_at_step) {
    SCOPED_TRACE(g_at_step);
    Become(kA);
    ASSERT_TRUE(Store().Save(state).ok());
    Become(kB);
    const pid_t child = fork();
    if (child == 0) {
      AtomicFile::HookStepsForTest([](Step step) {
        if (static_cast<int>(step) == g_at_step) _exit(7);
        return 0;
      });
      (void)Store().Save(state);
      _exit(0);
    }
    int result = 0;
    ASSERT_EQ(waitpid(child, &result, 0), child);
    ASSERT_EQ(WEXITSTATUS(result), 7);
    EXPECT_EQ(LoadedKey(), g_at_step > static_cast<int>(Step::kReplace) ? kB : kA);
  }
}

TEST_F(ReservationStoreTest, DamageIsReportedAndTheCopyUsed) {
  Become(kA);
  ASSERT_TRUE(Store().Save(state).ok());
  const Reservations before = state;
  Become(kB);
  ASSERT_TRUE(Store().Save(state).ok());
  const Bytes whole = ReadAll(path());
  for (size_t at = 0; at < whole.size(); ++at) {
    Bytes bytes = whole;
    bytes[at] ^= 0x10;
    WriteAll(path(), bytes);
    const auto loaded = Store().Load();
    ASSERT_TRUE(loaded.ok()) << at;
    EXPECT_EQ(loaded->reservations, before);
    EXPECT_TRUE(absl::IsDataLoss(loaded->damage));
    EXPECT_NE(loaded->damage.message().find(path()), absl::string_view::npos);
  }
  std::filesystem::remove(path());
  EXPECT_EQ(Store().Load()->reservations, before);
  EXPECT_TRUE(absl::IsNotFound(Store().Load()->damage)) << "a file that is gone is damage, too";
}

TEST_F(ReservationStoreTest, AFileTooLongIsDamage) {
  Become(kA);
  ASSERT_TRUE(Store().Save(state).ok());
  ASSERT_TRUE(Store().Save(state).ok());
  std::filesystem::resize_file(path(), kMaxReservationFileBytes + 1);
  EXPECT_EQ(Store().Load()->reservations, state);
  EXPECT_FALSE(Store().Load()->damage.ok());
}

TEST_F(ReservationStoreTest, NothingIsGuessedWhenBothAreDamaged) {
  Become(kA);
  ASSERT_TRUE(Store().Save(state).ok());
  WriteAll(path(), {'?'});
  EXPECT_TRUE(absl::IsDataLoss(Store().Load().status())) << "there is no copy yet";
  WriteAll(previous_path(), {'?'});
  const absl::Status status = Store().Load().status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_NE(status.message().find(previous_path()), absl::string_view::npos);
  EXPECT_NE(status.message().find("move both away"), absl::string_view::npos);
  std::filesystem::remove(path());
  EXPECT_TRUE(absl::IsDataLoss(Store().Load().status()));
}

TEST_F(ReservationStoreTest, ALaterVersionIsRefused) {
  Become(kA);
  ASSERT_TRUE(Store().Save(state).ok());
  ASSERT_TRUE(Store().Save(state).ok());
  Bytes bytes = ReadAll(path());
  bytes[11] = 2;
  StoreBig<4>(&bytes[bytes.size() - 4], Crc32c(std::span(bytes).first(bytes.size() - 4)));
  WriteAll(path(), bytes);
  EXPECT_TRUE(absl::IsFailedPrecondition(Store().Load().status())) << "though there is a copy";
}

TEST_F(ReservationStoreTest, AGoodCopySurvivesTheSavingAfterDamage) {
  Become(kA);
  ASSERT_TRUE(Store().Save(state).ok());
  ASSERT_TRUE(Store().Save(state).ok());
  WriteAll(path(), {'?'});
  Become(kB);
  for (g_at_step = 0; g_at_step < kSteps - 1; ++g_at_step) {
    AtomicFile::HookStepsForTest(
        [](Step step) { return static_cast<int>(step) == g_at_step ? EIO : 0; });
    EXPECT_FALSE(Store().Save(state).ok());
    AtomicFile::HookStepsForTest(nullptr);
    EXPECT_EQ(Store().Load()->reservations.KeyOf(a1), kA);
  }
  ASSERT_TRUE(Store().Save(state).ok());
  EXPECT_EQ(LoadedKey(), kB);
}

}  // namespace
}  // namespace quire
