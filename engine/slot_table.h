// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Which entries of one of the ring's fixed tables are taken; the lowest free one first.
// Owns: a few words per table, allocated once. Threads: the reactor's.
#pragma once

#include <cstdint>

#include "sg/number_set.h"

namespace quire {

class SlotTable {
 public:
  explicit SlotTable(uint32_t count) : free_(count) {
    for (uint32_t slot = 0; slot < count; ++slot) free_.Insert(slot);
  }

  // -1 when all are taken.
  int32_t Acquire() {
    const auto slot = free_.Lowest();
    if (!slot.has_value()) return -1;
    free_.Remove(*slot);
    return static_cast<int32_t>(*slot);
  }
  void Release(int32_t slot) { free_.Insert(static_cast<uint64_t>(slot)); }

 private:
  NumberSet free_;
};

}  // namespace quire
