// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A reactor's private memory: a pool of ready-made vectors over the shared regions, the chunks that
// its ring has registered, and small buffers for headers. Housekeeping by a timer that runs only
// while there is something to keep, and at once when memory gets short. Owns: the pools. Lifetime:
// the shared memory outlives it; every vector comes back first. Threads: the reactor's; vectors are
// returned on any thread (SgvPool::Return). Errors: "none left" is an ordinary answer.
#pragma once

#include <atomic>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "engine/completion.h"
#include "engine/registered_regions.h"
#include "engine/shared_memory.h"
#include "engine/timer_queue.h"
#include "sg/headroom_pool.h"
#include "sg/sgv_pool.h"

namespace quire {

class ReactorMemory : public ListNode<class ReactorMemory> {
 public:
  // `shared` nullptr: 32 MiB of its own.
  ReactorMemory(Reactor& reactor, SharedMemory* shared);
  ~ReactorMemory();
  ReactorMemory(const ReactorMemory&) = delete;
  ReactorMemory& operator=(const ReactorMemory&) = delete;

  absl::Status Open();
  // From now on nothing is posted any more. True when something was: it is in the reactor's
  // mailbox.
  bool Close();

  // A vector, or one of a single segment; nullptr when there is none.
  Sgv* Take(uint64_t length_bytes);
  Sgv* TakeContiguous(uint64_t length_bytes);
  // The fixed buffer of this ring that `memory` lies in, registered now if need be; -1: none.
  int32_t FixedBufferOf(std::span<const std::byte> memory) { return registered_->IndexOf(memory); }

  SharedMemory& shared() { return *shared_; }
  RegisteredRegions& registered() { return *registered_; }
  const SgvPool& pool() const { return *pool_; }
  // For headers and control data.
  HeadroomPool& headroom() { return headroom_; }
  // Gives idle memory back: all vectors, or at most a quarter of them, and a few chunks.
  void Shrink(bool all);
  // The same, soon and on any thread.
  void Kick(bool all);

 private:
  struct Tick : Timer {
    ReactorMemory* memory = nullptr;
  };
  struct Kicked : Completion {
    ReactorMemory* memory = nullptr;
  };
  struct Told : MemoryPressure::Subscriber {
    ReactorMemory* memory = nullptr;
  };

  Sgv* CallInUnless(Sgv* vector);
  void Arm(uint64_t in_ns);
  void OnTick();
  bool NothingToKeep() const;
  static void OnPressure(MemoryPressure::Subscriber& subscriber);

  // Constant after construction.
  Reactor& reactor_;
  std::unique_ptr<SharedMemory> own_;
  SharedMemory* shared_;
  // The reactor's.
  std::unique_ptr<SgvPool> pool_;
  std::unique_ptr<RegisteredRegions> registered_;
  HeadroomPool headroom_;
  Tick tick_;
  Told told_;
  // Any thread.
  std::atomic<bool> kicked_{false}, kicked_for_all_{false};
  Kicked kick_;
};

}  // namespace quire
