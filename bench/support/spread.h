// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Medians and quartiles of repeated measurements, and of latencies.
// Threads: values, any thread.
#pragma once

#include <cstdint>
#include <vector>

namespace quire::bench {

struct Spread {
  double low = 0;  // first quartile
  double median = 0;
  double high = 0;  // third quartile
};

// Zeros for no values.
Spread SpreadOf(std::vector<double> values);

// The value that `fraction` (0 to 1) of all values do not exceed; 0 for no values. Sorts `values`.
uint64_t Percentile(std::vector<uint64_t>& values, double fraction);

}  // namespace quire::bench
