// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Divides a chunk of 1024 units into blocks of 2^order units, by a buddy tree. Pure arithmetic: it
// knows offsets, no memory.
//
//   node 1                    [         order 10          ]      value of a node:
//   nodes 2, 3                [   order 9   ][   order 9  ]        1 + the order of the largest
//   ...                                                            free block below it,
//   nodes 1024 ... 2047       [0][0][0][0] ...         [0]         0 where there is none
//
// A block is taken by setting the value of its one node to 0; what lies below keeps the values of
// free memory. So the first 0 on the way up from a unit is the block that this unit was taken with.
// That is all its state: 2048 bytes.
// Owns: nothing. Threads: one owner at a time.
// Errors: "full" is an ordinary answer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/check.h"

namespace quire {

class Buddy {
 public:
  static constexpr uint32_t kMaxOrder = 10;
  static constexpr uint32_t kUnits = 1u << kMaxOrder;

  Buddy();

  // Whether a block of `order` can be had: one comparison.
  bool CanTake(uint32_t order) const { return tree_[1] > static_cast<int8_t>(order); }
  // True when nothing is taken.
  bool empty() const { return tree_[1] == kMaxOrder + 1; }
  // The order of the largest block that can be had; nothing when full.
  std::optional<uint32_t> largest() const {
    if (tree_[1] == 0) return std::nullopt;
    return static_cast<uint32_t>(tree_[1]) - 1;
  }
  // A walk over the tree.
  uint32_t CountFreeUnits() const { return CountFreeUnits(1, kMaxOrder); }

  // The first unit of the leftmost block that is large enough. REQUIRES: order <= kMaxOrder.
  std::optional<uint32_t> Take(uint32_t order);
  // Gives back the block that Take answered `unit` for; returns its order.
  uint32_t Release(uint32_t unit);

  // Checks every node against its children.
  void CheckInvariants() const;

 private:
  static constexpr int8_t FullValue(uint32_t order) { return static_cast<int8_t>(order + 1); }
  // Computes the values of all nodes above `node`, which has `order`, until one stays as it is.
  void Climb(uint32_t node, uint32_t order);
  uint32_t CountFreeUnits(uint32_t node, uint32_t order) const;

  std::array<int8_t, 2 * kUnits> tree_;
};
static_assert(sizeof(Buddy) == 2048);

// The smallest order whose blocks have at least `count_units`. REQUIRES: count_units > 0.
constexpr uint32_t OrderOf(uint64_t count_units) {
  uint32_t order = 0;
  while ((uint64_t{1} << order) < count_units) ++order;
  return order;
}

}  // namespace quire
