// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What state the medium is in, and who prevents its removal.
//
//            Stop                    Eject (removable, nobody prevents it)
//   stopped <----- ready <-------------------------------------> absent
//           -----> | ^ ^           Load
//            Start | | '-- EndWork, good
//                  v |
//         formatting, sanitizing --EndWork, failed--> format corrupt, sanitize failed
//                  ^------- begun anew (or EXIT FAILURE MODE -> ready) -------'
//
// Owns: the state. Threads: any thread; a command in flight pays one load.
// Errors: the outcome that the asking command ends with.
// Source: SBC-3 4.11 (sanitize), 5.3 (FORMAT UNIT), 5.10, 5.25.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/mutex.h"
#include "vdisk/operation.h"
#include "vdisk/sense.h"

namespace quire {

class ScsiNexus;

// Commands that do not are carried out whatever state the medium is in: they are about the unit
// (INQUIRY, mode and log pages, reservations), or decide themselves (START STOP UNIT, FORMAT UNIT,
// SANITIZE).
constexpr bool NeedsMedium(Operation operation) {
  switch (operation) {
    case Operation::kTestUnitReady:
    case Operation::kReadCapacity10:
    case Operation::kReadCapacity16:
    case Operation::kRead:
    case Operation::kWrite:
    case Operation::kWriteAndVerify:
    case Operation::kVerify:
    case Operation::kSynchronizeCache:
    case Operation::kPreFetch:
    case Operation::kWriteSame:
    case Operation::kUnmap:
    case Operation::kGetLbaStatus:
    case Operation::kCompareAndWrite:
    case Operation::kOrWrite:
    case Operation::kWriteAtomic:
    case Operation::kExtendedCopy:
    case Operation::kReadDefectData:
      return true;
    default:
      return false;
  }
}

class Medium {
 public:
  enum class State : uint8_t {
    kReady,
    kStopped,
    kAbsent,
    kFormatting,
    kSanitizing,
    kFormatCorrupt,
    kSanitizeFailed,
  };
  // What was begun: a plain value that survives a loss of power where somebody keeps it.
  enum class Work : uint8_t { kFormat, kSanitize, kSanitizeUnrestricted };

  explicit Medium(bool removable) : removable_(removable) {}

  bool removable() const { return removable_; }
  bool ready() const { return state() == State::kReady; }
  // It is being made anew.
  bool busy() const { return state() == State::kFormatting || state() == State::kSanitizing; }
  State state() const { return state_.load(std::memory_order_acquire); }
  // Whether the command may go on.
  Outcome Check(Operation operation) const {
    if (ready()) [[likely]]
      return Outcome{};
    return NeedsMedium(operation) ? Refusal() : Outcome{};
  }
  // Why it is not ready, with the progress of what is under way; GOOD when it is.
  Outcome Refusal() const { return OutcomeOf(state()); }

  // START STOP UNIT. What is so already is GOOD.
  Outcome Start();
  Outcome Stop();
  Outcome Eject();
  // `*loaded`: it was absent, and initiators have to hear that it may have changed.
  Outcome Load(bool* loaded);

  // One at a time: good when it is the caller's to carry out.
  Outcome Begin(Work work);
  void SetProgress(uint16_t of_65536) { progress_.store(of_65536, std::memory_order_relaxed); }
  void EndWork(bool good);
  // SANITIZE with EXIT FAILURE MODE (SBC-3 4.11.3).
  Outcome ExitFailureMode();
  // As EndWork left it before a loss of power.
  void RestoreFailed(Work work);

  // PREVENT ALLOW MEDIUM REMOVAL, each for its nexus.
  void Prevent(const ScsiNexus& nexus);
  // Also by a nexus that is lost, reset, or preempted and aborted.
  void Allow(const ScsiNexus& nexus);
  // LOGICAL UNIT RESET.
  void AllowAll();

 private:
  Outcome OutcomeOf(State state) const;
  void SetState(State state) QUIRE_REQUIRES(mutex_) {
    state_.store(state, std::memory_order_release);
  }

  // Constant after construction.
  const bool removable_;
  // Any thread. Written under mutex_.
  std::atomic<State> state_{State::kReady};
  std::atomic<uint16_t> progress_{0};
  // Guarded.
  Mutex mutex_;
  Work work_ QUIRE_GUARDED_BY(mutex_) = Work::kFormat;  // the last begun
  std::vector<const ScsiNexus*> preventing_ QUIRE_GUARDED_BY(mutex_);
};

}  // namespace quire
