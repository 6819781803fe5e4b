// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What an owner does when another process gives a block back.
#pragma once

#include "sg/data_area.h"

namespace quire {

// With nothing of its own under way in the block. False when it was none to give back.
inline bool TakeBackAndRelease(DataArea& area, uint64_t untrusted_index) {
  const std::optional<uint32_t> block = area.TakeBack(untrusted_index);
  if (block.has_value()) area.Release(*block);
  return block.has_value();
}

}  // namespace quire
