// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Runs several ways of doing the same requests side by side and measures each.
//
// Rounds are interleaved (A B C, B C A, ...), so that whatever else the machine does meets all of
// them; reported are medians and quartiles over the rounds. CPU time is that of the whole process:
// worker threads and io_uring's own are in it. System calls are counted in one more round that is
// not timed, because counting them slows them down.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bench/support/spread.h"

namespace quire::bench {

// Requests of one length.
struct Batch {
  std::span<const uint64_t> offsets;
  uint64_t length_bytes = 0;
  bool consume = false;  // reads: the caller looks at every byte
};

// One way of doing requests. Errors end the program.
class Way {
 public:
  virtual ~Way() = default;
  virtual std::string name() const = 0;
  // Does all of `batch`; returns the sum of all words when they are consumed, else 0.
  virtual uint64_t Run(const Batch& batch) = 0;
  // System calls so far, by this way's own account: used where the kernel does not count them.
  virtual uint64_t own_system_calls() const = 0;
};

struct Measured {
  std::string name;
  uint64_t count_requests = 0;
  // Per request.
  Spread cpu_ns;
  Spread wall_ns;
  std::vector<double> cpu_ns_by_round = {};
  double system_calls = 0;
  double user_copied_bytes = 0;    // copied in user space
  double kernel_copied_bytes = 0;  // copied by the kernel between the page cache and our memory
};

struct Comparison {
  int count_rounds = 5;
  // Before every run, not measured: brings the page cache into the wanted state, and may choose
  // the offsets. `lane` numbers the ways 0, 1, ...; `round` counts up, the counting one included.
  std::function<Batch(int round, size_t lane, Way& way)> prepare;
  bool same_data = true;  // check that all ways sum up the same bytes
};

std::vector<Measured> Compare(std::span<Way* const> ways, const Comparison& comparison);

// CPU time of all threads of this process so far.
uint64_t ProcessCpuNs();

// True when the kernel counts system calls for us, false where they are estimated.
bool KernelCountsSystemCalls();

}  // namespace quire::bench
