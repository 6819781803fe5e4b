// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Watches the room that is left to a thinly provisioned disk: when it falls to a threshold, that is
// found out within a second of the write that took it, once, and again only after room came back.
//
//   write --> its nexus's lookout: a look is due --> timer, one second --> look, on a worker -->
//   told
//
// A write pays one relaxed load; a disk that nobody writes pays nothing.
// Lifetime: the file outlives it, it outlives its lookouts. Threads: any thread, except where it
// says otherwise. Source: SBC-3 4.7.3.7 (thresholds).
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"
#include "engine/timer_queue.h"
#include "pagecache/file.h"

namespace quire {

class RoomWatch {
 public:
  RoomWatch(File& file, uint64_t threshold_bytes)
      : file_(file), threshold_bytes_(threshold_bytes) {}

  // True: it has just fallen to the threshold. Blocks.
  bool Look();

 private:
  friend class RoomLookout;

  // Constant after construction.
  File& file_;
  const uint64_t threshold_bytes_;
  // Any thread.
  std::atomic<bool> look_is_due_{false};  // some lookout's timer is armed
  std::atomic<bool> reached_{false};
};

// One nexus's part in it.
// Owns: its timer and work order. Lifetime: the watch and the reactor outlive it. Threads: the
// reactor's.
class RoomLookout {
 public:
  // `reached(owner)` runs on the reactor.
  using Reached = void (*)(void* owner);
  RoomLookout(RoomWatch& watch, Reactor& reactor, Reached reached, void* owner);
  ~RoomLookout();
  RoomLookout(const RoomLookout&) = delete;
  RoomLookout& operator=(const RoomLookout&) = delete;

  // After each write. One that misses a look just begun by another thread has the next write's.
  void NoteWritten() {
    if (!watch_.look_is_due_.load(std::memory_order_relaxed)) Arm();
  }

 private:
  static constexpr uint64_t kPauseNs = kNsPerSecond;

  struct OwnTimer : Timer {
    RoomLookout* lookout = nullptr;
  };
  struct Order : WorkOp {
    RoomLookout* lookout = nullptr;
    bool busy = false;
    bool found = false;
  };

  void Arm();
  void Look();

  RoomWatch& watch_;
  Reactor& reactor_;
  const Reached reached_;
  void* const owner_;
  OwnTimer timer_;
  Order order_;
};

}  // namespace quire
