// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "sg/buddy.h"

#include <algorithm>
#include <bit>

namespace quire {

Buddy::Buddy() {
  tree_[0] = 0;
  for (uint32_t order = 0; order <= kMaxOrder; ++order) {
    const uint32_t first = kUnits >> order;
    std::fill_n(tree_.begin() + first, first, FullValue(order));
  }
}

std::optional<uint32_t> Buddy::Take(uint32_t order) {
  QUIRE_DCHECK(order <= kMaxOrder);
  if (!CanTake(order)) return std::nullopt;
  const int8_t wanted = FullValue(order);
  uint32_t node = 1;
  for (uint32_t at = kMaxOrder; at > order; --at) {
    node *= 2;
    if (tree_[node] < wanted) ++node;
  }
  tree_[node] = 0;
  Climb(node, order);
  return (node << order) - kUnits;
}

uint32_t Buddy::Release(uint32_t unit) {
  QUIRE_CHECK(unit < kUnits);
  uint32_t node = kUnits + unit;
  uint32_t order = 0;
  while (tree_[node] != 0) {
    node /= 2;
    ++order;
    QUIRE_CHECK(node > 0);  // nothing was taken there
  }
  QUIRE_CHECK((node << order) == kUnits + unit);  // not the first unit of its block
  tree_[node] = FullValue(order);
  Climb(node, order);
  return order;
}

void Buddy::Climb(uint32_t node, uint32_t order) {
  while (node > 1) {
    const int8_t left = tree_[node & ~1u];
    const int8_t right = tree_[node | 1u];
    const int8_t full = FullValue(order);
    node /= 2;
    ++order;
    const int8_t value = left == full && right == full ? FullValue(order) : std::max(left, right);
    if (tree_[node] == value) return;
    tree_[node] = value;
  }
}

uint32_t Buddy::CountFreeUnits(uint32_t node, uint32_t order) const {
  if (tree_[node] == 0) return 0;
  if (tree_[node] == FullValue(order)) return 1u << order;
  return CountFreeUnits(2 * node, order - 1) + CountFreeUnits(2 * node + 1, order - 1);
}

void Buddy::CheckInvariants() const {
  for (uint32_t node = 1; node < kUnits; ++node) {
    const uint32_t order = kMaxOrder + 1 - static_cast<uint32_t>(std::bit_width(node));
    const int8_t left = tree_[2 * node];
    const int8_t right = tree_[2 * node + 1];
    const int8_t full = FullValue(order - 1);
    if (left == full && right == full) {
      QUIRE_CHECK(tree_[node] == FullValue(order) || tree_[node] == 0);  // free, or taken as one
    } else {
      QUIRE_CHECK(tree_[node] == std::max(left, right));
    }
  }
}

}  // namespace quire
