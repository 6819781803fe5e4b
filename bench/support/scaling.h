// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What a second thread gains: the same work on one thread and on two, each on a processor of its
// own, beside what a loop gains that only computes.
//
// Rounds are short and interleaved; only the calm ones count, in which nobody else was given a
// thread's processor and both ran at the same time.
// Threads: two of its own. Errors: end the program.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "bench/support/report.h"

namespace quire::bench {

// What a thread does again and again. Made, used and destroyed on that thread.
class Work {
 public:
  virtual ~Work() = default;
  virtual void Step() = 0;
};

struct ScalingLane {
  std::string name;
  std::function<std::unique_ptr<Work>(size_t thread)> make;
  double requests_per_step = 1;
  std::optional<double> limit = std::nullopt;  // of the loop's gain by this one's
};

// Whether there are two processors. False: it has told so.
bool CanScale();
inline constexpr int kCannotScale = 77;  // an exit code

void MeasureScaling(std::span<const ScalingLane> lanes, int count_rounds, Report& report);

}  // namespace quire::bench
