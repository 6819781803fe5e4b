// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: slots are handed out once, lowest first, and "full" is said exactly when it is true.
// Method: tables of every size, filled, holed and filled again.
#include "engine/slot_table.h"

#include <gtest/gtest.h>

namespace quire {
namespace {

TEST(SlotTable, EverySize) {
  for (const uint32_t count : {0, 1, 63, 64, 65, 512, 4097}) {
    SlotTable slots(count);
    const auto size = static_cast<int32_t>(count);
    for (int32_t i = 0; i < size; ++i) ASSERT_EQ(slots.Acquire(), i);
    ASSERT_EQ(slots.Acquire(), -1);
    for (int32_t i = 0; i < size; i += 3) slots.Release(i);
    for (int32_t i = 0; i < size; i += 3) ASSERT_EQ(slots.Acquire(), i);
    ASSERT_EQ(slots.Acquire(), -1);
  }
}

}  // namespace
}  // namespace quire
