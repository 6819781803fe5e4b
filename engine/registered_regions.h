// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The chunks of the shared regions as fixed buffers of one ring. A chunk is registered when a
// transfer first uses it, which pins its 4 MiB, and unregistered once it is to retire.
// Owns: its slots. Lifetime: the reactor and the regions outlive it. Threads: the reactor's.
// Errors: -1 means "use it unregistered": no ring, no slot left, or RLIMIT_MEMLOCK refuses (said in
// one log line, and asked again after a while).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/registered.h"
#include "sg/regions.h"

namespace quire {

class RegisteredRegions {
 public:
  RegisteredRegions(Reactor& reactor, Regions& regions);
  ~RegisteredRegions();
  RegisteredRegions(const RegisteredRegions&) = delete;
  RegisteredRegions& operator=(const RegisteredRegions&) = delete;

  // The fixed buffer that all of `memory` lies in. REQUIRES: what lies in the regions is taken.
  int32_t IndexOf(std::span<const std::byte> memory);

  // A large block, which lies in no chunk, is registered on its own, until it is removed.
  void Add(std::span<std::byte> large);
  void Remove(std::span<std::byte> large);

  // Lets go of chunks that are retiring: at most so many, each of which takes about a millisecond.
  // Returns how many went.
  uint32_t LetGo(uint32_t max_chunks);
  uint32_t count_registered() const { return count_registered_; }

 private:
  struct Slot {
    FixedBuffer buffer;
    uint64_t refused_until_ns = 0;  // not asked again before
  };
  struct Large {
    std::span<std::byte> memory;
    FixedBuffer buffer;
  };

  int32_t Register(uint32_t chunk);
  int32_t IndexOfLarge(std::span<const std::byte> memory) const;

  // Constant after construction.
  Reactor& reactor_;
  Regions& regions_;
  // The reactor's.
  std::vector<Slot> slots_;  // one per chunk
  std::vector<Large> large_;
  uint32_t count_registered_ = 0;
};

}  // namespace quire
