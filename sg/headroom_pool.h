// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Small buffers for headers and control data that a network may hold on to: a few allocated once,
// more while the network holds them all, never more than a cap.
//
//   free --Take--> in use --its owner drops it--> parked --the last reference drops--> free
//                                                 (the network still reads it)
//
// A buffer is reusable only when its last reference has dropped: for a zero-copy send that is its
// notification, not the reply. What was allocated beyond the fixed ones goes when it comes back.
//
// Teardown is bounded: Close() waits for a while; what is still referenced then is
// quarantined: never reused, never freed, logged. A reference that drops later touches nothing
// else.
//
// Owns: its buffers. Lifetime: buffers may outlive it, see above.
// Threads: one owner; Keep and Drop on any thread.
// Errors: "all held" is an ordinary answer.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/counter.h"

namespace quire {

class HeadroomPool;

// Fills 64 bytes of its own, so that the bytes behind it share no cache line with it.
class alignas(64) HeadroomBuffer {
 public:
  HeadroomBuffer(const HeadroomBuffer&) = delete;
  HeadroomBuffer& operator=(const HeadroomBuffer&) = delete;

  std::span<std::byte> memory() { return {reinterpret_cast<std::byte*>(this + 1), size_bytes_}; }
  // Another reference, for example of a send whose notification is still to come.
  void Keep() { references_.fetch_add(1, std::memory_order_relaxed); }
  // Gives one reference back; the last one gives the buffer back.
  void Drop();

 private:
  friend class HeadroomPool;
  static constexpr uint32_t kQuarantined = 1u << 31;

  HeadroomBuffer(HeadroomPool& home, uint32_t size_bytes) : home_(home), size_bytes_(size_bytes) {}

  HeadroomPool& home_;  // not to be used once it is quarantined
  HeadroomBuffer* next_ = nullptr;
  std::atomic<uint32_t> references_{0};
  const uint32_t size_bytes_;
  bool fixed_ = false;
  bool parked_ = false;  // the owner said so
};

class HeadroomPool {
 public:
  struct Options {
    uint32_t buffer_bytes = 512;  // a multiple of 64
    uint32_t count_fixed = 64;
    uint32_t max_buffers = 256;  // the fixed ones included
  };
  struct Stats {
    uint32_t buffers = 0, free = 0, parked = 0;   // now
    uint64_t taken = 0, grown = 0, released = 0;  // released: beyond the fixed ones, given back
    uint64_t refused = 0;                         // all held, and no more allowed
  };

  // A network that holds a buffer for longer at the end of a connection has lost it.
  static constexpr uint64_t kPatienceNs = 100'000'000;

  explicit HeadroomPool(const Options& options);
  // Closes.
  ~HeadroomPool();
  HeadroomPool(const HeadroomPool&) = delete;
  HeadroomPool& operator=(const HeadroomPool&) = delete;

  // A buffer with one reference, the caller's; nullptr when the network holds as many as may be.
  HeadroomBuffer* Take();
  // The caller's own Drop, where others may keep the buffer: it is counted as parked until then.
  void Park(HeadroomBuffer& buffer);

  // Takes in what has come back. True when nothing is out: the pool can go without a quarantine.
  bool Settle();
  // Waits for what is out, at most for so long, and quarantines what still is. Returns how many.
  uint32_t Close(uint64_t patience_ns = kPatienceNs);

  // Settles first.
  Stats stats();
  // As it is, on any thread.
  Stats snapshot() const;
  // Of all pools of this process, ever.
  static uint64_t CountQuarantined();

 private:
  friend class HeadroomBuffer;

  HeadroomBuffer* Allocate(bool fixed);
  static void Deallocate(HeadroomBuffer& buffer);
  void GiveBack(HeadroomBuffer& buffer);

  const Options options_;
  // The owner's.
  HeadroomBuffer* free_ = nullptr;
  std::vector<HeadroomBuffer*> all_;
  // Written by the owner, read by any thread.
  struct {
    std::atomic<uint32_t> buffers{0}, free{0}, parked{0};
    Counter taken, grown, released, refused;
  } stats_;
  // Any thread.
  std::atomic<HeadroomBuffer*> returned_{nullptr};  // a stack
};

}  // namespace quire
