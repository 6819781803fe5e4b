// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The memory that the reactors of a process share: the regions that all buffers come from, and the
// watch that tells when the system runs short.
// Owns: both. Lifetime: outlives its reactors.
// Threads: any thread. Errors: Status at Create; then "full" is an ordinary answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/intrusive_list.h"
#include "base/mutex.h"
#include "engine/memory_pressure.h"
#include "sg/memory_stats.h"
#include "sg/page_source.h"
#include "sg/regions.h"

namespace quire {

class ReactorMemory;

class SharedMemory {
 public:
  struct Options {
    uint64_t max_bytes = uint64_t{1} << 30;  // of buffers; at least 4 MiB
    // And of those mapped on their own, see Regions.
    uint64_t max_mapped_bytes = uint64_t{64} << 20;
    uint64_t soft_limit_bytes = uint64_t{2} << 30;  // of the data area, see DataAreaFamily
    uint64_t purge_ns = 60 * kNsPerSecond;          // what is idle for so long goes back
    PageSource* source = nullptr;  // where vectors get their pages instead; outlives this
    // nullopt: memory goes back by its age only.
    std::optional<MemoryPressure::Options> pressure = MemoryPressure::Options();
    const Clock* clock = &Clock::System();
  };
  static absl::StatusOr<std::unique_ptr<SharedMemory>> Create(const Options& options);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  Regions& regions() { return *regions_; }
  // What the reactors' vectors are made of: the regions, or an embedder's own memory.
  PageSource& source() { return options_.source != nullptr ? *options_.source : *regions_; }
  uint64_t purge_ns() const { return options_.purge_ns; }
  MemoryPressure* pressure() { return pressure_.has_value() ? &*pressure_ : nullptr; }

  // Asks all reactors but one for what is idle with them: it found nothing left.
  void CallIn(const ReactorMemory& who);

  // Fills in all but the budgets, over all reactors that are and were.
  MemoryStats stats() const;

 private:
  friend class ReactorMemory;

  explicit SharedMemory(const Options& options)
      : options_(options), family_(options.soft_limit_bytes) {}
  void Enter(ReactorMemory& memory);
  void Leave(ReactorMemory& memory);

  // Constant after construction.
  const Options options_;
  DataAreaFamily family_;
  std::unique_ptr<Regions> regions_;
  std::optional<MemoryPressure> pressure_;
  // Guarded.
  mutable Mutex mutex_;
  mutable IntrusiveList<ReactorMemory, ReactorMemory> reactors_ QUIRE_GUARDED_BY(mutex_);
  MemoryStats former_ QUIRE_GUARDED_BY(mutex_);  // counts of reactors that are gone
};

}  // namespace quire
