// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/timer_queue.h"

namespace quire {

void TimerQueue::Arm(Timer& timer, uint64_t due_ns) {
  QUIRE_CHECK(!timer.armed());
  QUIRE_CHECK(timer.callback != nullptr);
  timer.due_ns = due_ns;
  for (Timer* later = timers_.Front(); later != nullptr; later = timers_.Next(*later)) {
    if (later->due_ns <= due_ns) continue;
    timers_.InsertBefore(*later, timer);
    return;
  }
  timers_.PushBack(timer);
}

void TimerQueue::Cancel(Timer& timer) {
  if (timer.armed()) timers_.Remove(timer);
}

uint32_t TimerQueue::RunDue(uint64_t now_ns) {
  // Those due leave the queue first: what a callback arms waits for the next call, and what it
  // cancels, due or not, is unlinked from whichever list it is on.
  IntrusiveList<Timer> due;
  while (Timer* timer = timers_.Front()) {
    if (timer->due_ns > now_ns) break;
    timers_.Remove(*timer);
    due.PushBack(*timer);
  }
  uint32_t count_ran = 0;
  while (Timer* timer = due.PopFront()) {
    ++count_ran;
    timer->callback(*timer);
  }
  return count_ran;
}

std::optional<uint64_t> TimerQueue::next_due_ns() {
  const Timer* first = timers_.Front();
  return first == nullptr ? std::nullopt : std::optional(first->due_ns);
}

}  // namespace quire
