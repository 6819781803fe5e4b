// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A counter that one thread writes and any thread reads, without a locked instruction.
// Threads: Add by one owner; value() by any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace quire {

class Counter {
 public:
  void Add(uint64_t by = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace quire
