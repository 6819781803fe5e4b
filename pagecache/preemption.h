// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Tells a thread that was made to wait from one that others had pushed off the processor: the
// kernel counts the time that a thread was ready to run and did not (/proc/thread-self/schedstat).
// Threads: the one that it asks about.
#pragma once

#include <cstdint>
#include <string_view>

namespace quire {

// The second number of a schedstat line, ns; 0 when there is none.
uint64_t ParseRunDelay(std::string_view schedstat);

class Preemption {
 public:
  // Time spent ready but not running since the last call, ns; 0 where the kernel does not count.
  // Costs microseconds: for after the fact.
  uint64_t Since();

 private:
  uint64_t last_ns_ = 0;
};

}  // namespace quire
