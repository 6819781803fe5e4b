// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "base/clock.h"

#include <time.h>

namespace quire {
namespace {

uint64_t Read(clockid_t id) {
  timespec now;
  clock_gettime(id, &now);
  return static_cast<uint64_t>(now.tv_sec) * kNsPerSecond + static_cast<uint64_t>(now.tv_nsec);
}

class SystemClock final : public Clock {
 public:
  uint64_t NowNs() const override { return Read(CLOCK_MONOTONIC); }
  uint64_t NowCoarseNs() const override { return Read(CLOCK_MONOTONIC_COARSE); }
};

}  // namespace

uint64_t ThreadCpuNs() { return Read(CLOCK_THREAD_CPUTIME_ID); }

const Clock& Clock::System() {
  static const SystemClock clock;
  return clock;
}

}  // namespace quire
