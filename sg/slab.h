// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One fixed piece of page-aligned memory cut into equal slots, handed out in contiguous runs.
// Owns: its memory. Lifetime: outlives every run taken from it; the destructor checks that all
// came back. Threads: Take and Release on any thread, without locks.
// Errors: "full" is an ordinary answer.
//
//   slot     0    1    2    3    4   ...          one bit a slot, 1 = taken;
//          [ r1 ][ r2      ][    ][ r3 ]          a run is `count` neighbouring slots
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "absl/status/statusor.h"

namespace quire {

class Slab {
 public:
  struct Layout {
    size_t slot_bytes = 128 * 1024;  // a multiple of the page size
    size_t count_slots = 192;        // 24 MiB in all, touched only as used
  };

  static absl::StatusOr<std::unique_ptr<Slab>> Create(const Layout& layout);
  ~Slab();
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  // Memory of at least `length_bytes`, cut to exactly that; none when there is no such run.
  std::optional<std::span<std::byte>> Take(size_t length_bytes);
  // `run` as Take returned it.
  void Release(std::span<std::byte> run);

  std::span<std::byte> memory() const { return memory_; }
  size_t count_taken() const { return count_taken_.load(std::memory_order_acquire); }
  // The longest request that an empty slab can serve.
  size_t max_bytes() const { return memory_.size(); }

 private:
  Slab(std::span<std::byte> memory, const Layout& layout);
  bool TryTake(size_t first, size_t count);
  void Clear(size_t first, size_t count);

  // Constant after construction.
  std::span<std::byte> memory_;
  Layout layout_;
  // Any thread.
  std::unique_ptr<std::atomic<bool>[]> taken_;
  std::atomic<size_t> count_taken_{0};
  std::atomic<size_t> next_{0};  // where the next search starts
};

}  // namespace quire
