// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A lock of one byte for a few dozen instructions: where hundreds of them lie beside what they
// guard, or are held at once. Everywhere else base/mutex.h is right.
// Threads: any thread. Not held where anything is allocated, called back or waited for.
#pragma once

#include <atomic>
#include <thread>

#include "base/mutex.h"

namespace quire {

class QUIRE_ANNOTATE(capability("mutex")) SpinLock {
 public:
  void lock() QUIRE_ANNOTATE(acquire_capability()) {
    while (locked_.exchange(true, std::memory_order_acquire)) Await();
  }
  void unlock() QUIRE_ANNOTATE(release_capability()) {
    locked_.store(false, std::memory_order_release);
  }

 private:
  // The holder is done in a moment, unless it lost its processor.
  void Await() const {
    for (int i = 0; locked_.load(std::memory_order_relaxed); ++i) {
      if (i >= 100) std::this_thread::yield();
    }
  }

  std::atomic<bool> locked_{false};
};

}  // namespace quire
