// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Timers of one reactor: caller-owned nodes, fired in order of their time.
// Owns: nothing. Lifetime: a timer outlives its time in the queue; its destructor checks that it
// is not armed. Threads: the reactor's.
#pragma once

#include <cstdint>
#include <optional>

#include "base/intrusive_list.h"

namespace quire {

struct Timer : ListNode<> {
  using Callback = void (*)(Timer& timer);
  Callback callback = nullptr;
  uint64_t due_ns = 0;  // on the reactor's clock
  bool armed() const { return linked(); }
};

// Sorted by due time; a reactor has a handful of timers, so insertion walks from the front.
class TimerQueue {
 public:
  // REQUIRES: not armed, callback set. It may be armed again from its callback.
  void Arm(Timer& timer, uint64_t due_ns);
  void Cancel(Timer& timer);  // does nothing when not armed
  // Runs every timer due at `now_ns` that was armed before this call; returns how many ran.
  uint32_t RunDue(uint64_t now_ns);
  bool empty() const { return timers_.empty(); }
  std::optional<uint64_t> next_due_ns();

 private:
  IntrusiveList<Timer> timers_;
};

}  // namespace quire
