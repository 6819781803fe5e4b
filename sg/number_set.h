// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A set of small numbers as a radix tree of 64 bits a node: each level marks which words below it
// have a member. The lowest and the highest member are found in O(log n), 3 steps for a quarter of
// a million numbers.
//
//   level 2   [1.......]                     one word
//   level 1   [1..1....][........] ...       a bit per word below: has members
//   level 0   [.11.....][........][..1.....] a bit per number
//
// Owns: its words, allocated once. Threads: one owner at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/check.h"

namespace quire {

class NumberSet {
 public:
  // For numbers below `count`.
  explicit NumberSet(uint64_t count) : count_(count) {
    do {
      count = (count + 63) / 64;
      levels_.emplace_back(count);
    } while (count > 1);
  }

  bool empty() const { return size_ == 0; }
  uint64_t size() const { return size_; }

  bool Contains(uint64_t number) const {
    return number < count_ && (levels_[0][number / 64] >> (number % 64) & 1) != 0;
  }
  // REQUIRES: not contained, below the count.
  void Insert(uint64_t number) {
    QUIRE_CHECK(number < count_);
    QUIRE_CHECK(!Contains(number));
    ++size_;
    for (std::vector<uint64_t>& level : levels_) {
      uint64_t& word = level[number / 64];
      const bool marked = word != 0;
      word |= uint64_t{1} << (number % 64);
      if (marked) return;
      number /= 64;
    }
  }
  // REQUIRES: contained.
  void Remove(uint64_t number) {
    QUIRE_CHECK(Contains(number));
    --size_;
    for (std::vector<uint64_t>& level : levels_) {
      uint64_t& word = level[number / 64];
      word &= ~(uint64_t{1} << (number % 64));
      if (word != 0) return;
      number /= 64;
    }
  }

  std::optional<uint64_t> Lowest() const {
    return Descend([](uint64_t word) { return std::countr_zero(word); });
  }
  std::optional<uint64_t> Highest() const {
    return Descend([](uint64_t word) { return 63 - std::countl_zero(word); });
  }

 private:
  template <typename Choose>
  std::optional<uint64_t> Descend(Choose choose) const {
    if (size_ == 0) return std::nullopt;
    uint64_t number = 0;
    for (size_t level = levels_.size(); level-- > 0;) {
      number = number * 64 + static_cast<uint64_t>(choose(levels_[level][number]));
    }
    return number;
  }

  uint64_t count_;
  uint64_t size_ = 0;
  std::vector<std::vector<uint64_t>> levels_;  // the numbers themselves first
};

}  // namespace quire
