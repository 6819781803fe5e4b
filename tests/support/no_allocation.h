// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A scope in which the calling thread may not allocate: at its end the test fails when it did, and
// names the first caller.
//
// Every program that links this counts `operator new`, its shared libraries included. Under the
// address and thread sanitizers, which have an allocator of their own, malloc is counted as well.
// Owns: nothing. Threads: one; allocations of other threads are not counted.
#pragma once

#include <cstdint>

namespace quire {

class NoAllocation {
 public:
  NoAllocation();
  ~NoAllocation();
  NoAllocation(const NoAllocation&) = delete;
  NoAllocation& operator=(const NoAllocation&) = delete;

  // Ends the scope early; how many allocations there were. They fail no test then.
  uint64_t End();
};

}  // namespace quire
