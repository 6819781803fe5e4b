// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Counts the system calls of this process, by the kernel where it lets us.
// Owns: its perf events. Threads: one; counts the calls of all threads.
// Errors: by_kernel() is false where tracepoints are not permitted; the caller then estimates.
#pragma once

#include <cstdint>
#include <vector>

namespace quire::bench {

// Counting slows every call down: not to be used around what is timed.
class SystemCallCounter {
 public:
  SystemCallCounter();  // counts from here on
  ~SystemCallCounter();
  SystemCallCounter(const SystemCallCounter&) = delete;
  SystemCallCounter& operator=(const SystemCallCounter&) = delete;

  bool by_kernel() const { return !events_.empty(); }
  // Since the construction; the counter's own calls are left out. REQUIRES: by_kernel().
  uint64_t Read() const;

 private:
  std::vector<int> events_;  // one a thread; threads that start later inherit theirs
};

}  // namespace quire::bench
