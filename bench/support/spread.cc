// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Order statistics by sorting: benchmarks have few values.
#include "bench/support/spread.h"

#include <algorithm>
#include <cmath>

namespace quire::bench {
namespace {

// Between the two nearest ranks. REQUIRES: sorted, not empty.
double At(const std::vector<double>& sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

}  // namespace

Spread SpreadOf(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  return {At(values, 0.25), At(values, 0.5), At(values, 0.75)};
}

uint64_t Percentile(std::vector<uint64_t>& values, double fraction) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const auto rank = static_cast<size_t>(std::ceil(fraction * static_cast<double>(values.size())));
  return values[std::clamp<size_t>(rank, 1, values.size()) - 1];
}

}  // namespace quire::bench
