// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What became of a command that was answered before it was carried out (IMMED): its nexus hears of
// it with its next command, which is not carried out for that, once (SPC-4 4.5.5).
//
// Of several errors the first is told: it is the cause, as a rule.
// Threads: any thread; a command in flight pays one load.
#pragma once

#include <atomic>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "vdisk/sense.h"

namespace quire {

class DeferredError {
 public:
  bool pending() const { return pending_.load(std::memory_order_relaxed); }

  void Post(const Outcome& outcome) {
    MutexLock lock(mutex_);
    if (outcome_.has_value()) return;
    outcome_ = outcome.Deferred();
    pending_.store(true, std::memory_order_relaxed);
  }
  std::optional<Outcome> Take() {
    MutexLock lock(mutex_);
    pending_.store(false, std::memory_order_relaxed);
    return std::exchange(outcome_, std::nullopt);
  }

 private:
  Mutex mutex_;
  std::optional<Outcome> outcome_ QUIRE_GUARDED_BY(mutex_);
  std::atomic<bool> pending_{false};  // written under the mutex
};

}  // namespace quire
