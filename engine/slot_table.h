// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Which entries of one of the ring's fixed tables are taken: at most 64, the lowest free one first.
// Threads: the reactor's.
#pragma once

#include <bit>
#include <cstdint>

#include "base/check.h"

namespace quire {

class SlotTable {
 public:
  static constexpr uint32_t kMaxSlots = 64;

  constexpr explicit SlotTable(uint32_t count) : count_(count) { QUIRE_DCHECK(count <= kMaxSlots); }

  uint32_t count() const { return count_; }

  // -1 when all are taken.
  int32_t Acquire() {
    const int slot = std::countr_one(taken_);
    if (slot >= static_cast<int>(count_)) return -1;
    taken_ |= uint64_t{1} << slot;
    return slot;
  }
  void Release(int32_t slot) {
    const uint64_t bit = uint64_t{1} << slot;
    QUIRE_DCHECK((taken_ & bit) != 0);
    taken_ &= ~bit;
  }

 private:
  uint32_t count_;
  uint64_t taken_ = 0;
};

}  // namespace quire
