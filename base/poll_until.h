// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Waits for what others bring about, by looking every 100 us: for management, so that nobody on the
// path of a request has to wake anyone. Threads: one that may block.
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

#include "base/clock.h"

namespace quire {

// How long management waits for requests in flight before it gives up and says so.
inline constexpr uint64_t kPatienceNs = 10 * kNsPerSecond;

// False when `patience_ns` have passed and `condition()` is still false.
template <typename Condition>
bool PollUntil(Condition condition, uint64_t patience_ns) {
  const uint64_t started_ns = Clock::System().NowNs();
  while (!condition()) {
    if (Clock::System().NowNs() - started_ns >= patience_ns) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return true;
}

}  // namespace quire
