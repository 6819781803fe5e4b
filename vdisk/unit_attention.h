// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What a logical unit has to tell an initiator before it does anything else for it: the unit
// attention conditions of one I_T_L nexus, first in, first out.
//
// Each condition is queued once, so the queue is as long as there are conditions. POWER ON says it
// all: it clears what was queued before it, and a reset or nexus loss after it tells nothing new
// (SAM-5 6.2, precedence of unit attention conditions).
// Source: SAM-5 5.14 and 6.2; codes: SPC-4 annex D.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/mutex.h"
#include "vdisk/sense.h"

namespace quire {

enum class UnitAttention : uint8_t {
  kMediumChanged,           // 28/00 not ready to ready change, medium may have changed
  kPowerOn,                 // 29/00 power on, reset, or bus device reset occurred
  kUnitReset,               // 29/03 bus device reset function occurred
  kNexusLoss,               // 29/07 I_T nexus loss occurred
  kModeParametersChanged,   // 2A/01
  kReservationsPreempted,   // 2A/03
  kReservationsReleased,    // 2A/04
  kRegistrationsPreempted,  // 2A/05
  kCapacityChanged,         // 2A/09
  kCommandsCleared,         // 2F/00 commands cleared by another initiator
  kThinThreshold,           // 38/07 thin provisioning soft threshold reached
  kInquiryChanged,          // 3F/03
  kReportedLunsChanged,     // 3F/0E
};
inline constexpr size_t kUnitAttentions = 13;

// CHECK CONDITION with this condition's sense data, and back.
Outcome OutcomeOf(UnitAttention attention);
std::optional<UnitAttention> AttentionOf(const Outcome& outcome);

// A value. Threads: one at a time.
class UnitAttentionList {
 public:
  void Post(UnitAttention attention);
  std::optional<UnitAttention> Take();
  std::optional<UnitAttention> TakeReset();
  void Clear(UnitAttention attention);
  bool Has(UnitAttention attention) const;
  size_t count() const { return count_; }

 private:
  size_t Find(UnitAttention attention) const;
  void RemoveAt(size_t place);

  // INVARIANT: the first count_ are pairwise different.
  std::array<UnitAttention, kUnitAttentions> attentions_{};
  size_t count_ = 0;
};

// Threads: any thread.
class UnitAttentionQueue {
 public:
  // One relaxed load: all that the data path pays. A condition posted by what has happened before
  // the command was received is seen.
  bool pending() const { return count_.load(std::memory_order_relaxed) != 0; }
  void Post(UnitAttention attention);
  // The oldest condition, which is thereby cleared.
  std::optional<UnitAttention> Take();
  // The oldest of POWER ON, BUS DEVICE RESET FUNCTION and I_T NEXUS LOSS OCCURRED: those that
  // prevail over RESERVATION CONFLICT (SAM-5 5.3.3).
  std::optional<UnitAttention> TakeReset();
  void Clear(UnitAttention attention);
  // A copy of what is queued, for a nexus that goes away.
  UnitAttentionList list() const;

 private:
  mutable Mutex mutex_;
  UnitAttentionList list_ QUIRE_GUARDED_BY(mutex_);
  std::atomic<size_t> count_{0};  // written under the mutex
};

}  // namespace quire
