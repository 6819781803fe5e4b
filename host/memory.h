// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The memory for buffers of the whole process: what its reactors share, and how much of it the data
// of initiators may take.
//
//   limit   [ chunks: data that initiators send, and reads ...... ][ mapped: for the engine only ]
//
// Both draw on the chunks; where they have no run of pages left for a read that misses or for
// O_DIRECT, it is mapped on its own. Data of initiators is charged to the budget, private bytes of
// reads are not.
//
// Owns: both. Lifetime: outlives reactors and sessions. Threads: any thread.
// Errors: Status that says what to do.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "engine/shared_memory.h"
#include "target/admission.h"

namespace quire {

class Memory {
 public:
  struct Options {
    uint64_t limit_bytes = uint64_t{1} << 30;    // of all buffers, in whole 4 MiB
    uint64_t engine_bytes = uint64_t{64} << 20;  // of these, for what the engine itself needs
    uint64_t initiator_limit_bytes = ~uint64_t{0};
    uint64_t device_limit_bytes = ~uint64_t{0};
    uint64_t purge_ns = 60 * kNsPerSecond;  // what is idle for so long goes back to the system
  };
  static absl::StatusOr<std::unique_ptr<Memory>> Create(const Options& options);

  // For ReactorOptions.
  SharedMemory& shared() { return *shared_; }
  // For Session::Options.
  Admission& admission() { return admission_; }
  MemoryStats stats();

 private:
  Memory(std::unique_ptr<SharedMemory> shared, const Admission::Options& admission)
      : shared_(std::move(shared)), admission_(admission) {}

  const std::unique_ptr<SharedMemory> shared_;
  Admission admission_;
};

}  // namespace quire
