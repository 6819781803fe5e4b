// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/medium.h"

#include <algorithm>

#include "base/check.h"
#include "vdisk/outcomes.h"

namespace quire {

Outcome Medium::OutcomeOf(State state) const {
  switch (state) {
    case State::kReady:
      return kGood;
    case State::kStopped:
      return kInitializingCommandRequired;
    case State::kAbsent:
      return kMediumNotPresent;
    case State::kFormatting:
      return kLogicalUnitNotReadyFormat.WithProgress(progress_.load(std::memory_order_relaxed));
    case State::kSanitizing:
      return kLogicalUnitNotReadySanitize.WithProgress(progress_.load(std::memory_order_relaxed));
    case State::kFormatCorrupt:
      return kMediumFormatCorrupted;
    case State::kSanitizeFailed:
      return kSanitizeCommandFailed;
  }
  return kInternalTargetFailure;
}

Outcome Medium::Start() {
  MutexLock lock(mutex_);
  if (state() == State::kStopped) SetState(State::kReady);
  return Refusal();
}

// A medium that is not there, or not well, is at rest as it is.
Outcome Medium::Stop() {
  MutexLock lock(mutex_);
  if (busy()) return Refusal();
  if (ready()) SetState(State::kStopped);
  return kGood;
}

Outcome Medium::Eject() {
  if (!removable_) return kInvalidFieldInCdb.AtCdbField(4, 1);
  MutexLock lock(mutex_);
  if (state() == State::kAbsent) return kGood;
  if (!preventing_.empty()) return kMediumRemovalPrevented;
  // What failed stays here: another medium would not be a way out of it.
  if (!ready() && state() != State::kStopped) return Refusal();
  SetState(State::kAbsent);
  return kGood;
}

Outcome Medium::Load(bool* loaded) {
  *loaded = false;
  if (!removable_) return kInvalidFieldInCdb.AtCdbField(4, 1);
  MutexLock lock(mutex_);
  *loaded = state() == State::kAbsent;
  if (*loaded || state() == State::kStopped) SetState(State::kReady);
  return Refusal();
}

// In the restricted mode only another restricted sanitize operation ends a failure (SBC-3 4.11.3).
Outcome Medium::Begin(Work work) {
  MutexLock lock(mutex_);
  const bool sanitize = work != Work::kFormat;
  switch (state()) {
    case State::kReady:
    case State::kFormatCorrupt:
      break;
    case State::kSanitizeFailed:
      if (!sanitize) return Refusal();
      if (work == Work::kSanitizeUnrestricted && work_ == Work::kSanitize) {
        return kInvalidFieldInCdb.AtCdbField(1, 5);
      }
      break;
    default:
      return Refusal();
  }
  work_ = work;
  progress_.store(0, std::memory_order_relaxed);
  SetState(sanitize ? State::kSanitizing : State::kFormatting);
  return kGood;
}

void Medium::EndWork(bool good) {
  MutexLock lock(mutex_);
  QUIRE_CHECK(busy());
  if (good) {
    SetState(State::kReady);
  } else {
    SetState(work_ == Work::kFormat ? State::kFormatCorrupt : State::kSanitizeFailed);
  }
}

Outcome Medium::ExitFailureMode() {
  MutexLock lock(mutex_);
  switch (state()) {
    case State::kSanitizeFailed:
      if (work_ == Work::kSanitize) return kInvalidFieldInCdb.AtCdbField(1, 4);
      SetState(State::kReady);
      return kGood;
    case State::kReady:  // nothing to exit from
      return kGood;
    default:
      return Refusal();
  }
}

void Medium::RestoreFailed(Work work) {
  MutexLock lock(mutex_);
  QUIRE_CHECK(ready());
  work_ = work;
  SetState(work == Work::kFormat ? State::kFormatCorrupt : State::kSanitizeFailed);
}

void Medium::Prevent(const ScsiNexus& nexus) {
  MutexLock lock(mutex_);
  if (std::ranges::find(preventing_, &nexus) == preventing_.end()) preventing_.push_back(&nexus);
}

void Medium::Allow(const ScsiNexus& nexus) {
  MutexLock lock(mutex_);
  std::erase(preventing_, &nexus);
}

void Medium::AllowAll() {
  MutexLock lock(mutex_);
  preventing_.clear();
}

}  // namespace quire
