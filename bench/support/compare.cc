// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Interleaved rounds, then one that counts.
#include "bench/support/compare.h"

#include <ctime>

#include "base/clock.h"
#include "bench/support/die.h"
#include "bench/support/system_calls.h"
#include "sg/copy.h"

namespace quire::bench {
namespace {

struct Series {
  std::vector<double> cpu_ns, wall_ns;
};

uint64_t TimeOnce(Way& way, const Batch& batch, Series& series) {
  const auto count = static_cast<double>(batch.offsets.size());
  const uint64_t wall_ns = Clock::System().NowNs();
  const uint64_t cpu_ns = ProcessCpuNs();
  const uint64_t sum = way.Run(batch);
  series.cpu_ns.push_back(static_cast<double>(ProcessCpuNs() - cpu_ns) / count);
  series.wall_ns.push_back(static_cast<double>(Clock::System().NowNs() - wall_ns) / count);
  return sum;
}

void CountOnce(Way& way, const Batch& batch, Measured& measured) {
  const auto count = static_cast<double>(batch.offsets.size());
  const CopyCounts copied = ReadCopyCounts();
  const uint64_t own = way.own_system_calls();
  const SystemCallCounter counter;
  way.Run(batch);
  const uint64_t calls = counter.by_kernel() ? counter.Read() : way.own_system_calls() - own;
  const CopyCounts after = ReadCopyCounts();
  measured.count_requests = batch.offsets.size();
  measured.system_calls = static_cast<double>(calls) / count;
  measured.user_copied_bytes = static_cast<double>(after.user_bytes - copied.user_bytes) / count;
  measured.kernel_copied_bytes =
      static_cast<double>(after.kernel_bytes - copied.kernel_bytes) / count;
}

}  // namespace

uint64_t ProcessCpuNs() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<uint64_t>(time.tv_sec) * kNsPerSecond + static_cast<uint64_t>(time.tv_nsec);
}

bool KernelCountsSystemCalls() {
  static const bool counts = SystemCallCounter().by_kernel();
  return counts;
}

std::vector<Measured> Compare(std::span<Way* const> ways, const Comparison& comparison) {
  std::vector<Series> series(ways.size());
  for (int round = 0; round < comparison.count_rounds; ++round) {
    std::vector<uint64_t> sums(ways.size());
    for (size_t i = 0; i < ways.size(); ++i) {
      const size_t lane = (i + static_cast<size_t>(round)) % ways.size();
      const Batch batch = comparison.prepare(round, lane, *ways[lane]);
      sums[lane] = TimeOnce(*ways[lane], batch, series[lane]);
    }
    for (const uint64_t sum : sums) {
      if (comparison.same_data && sum != sums[0]) Die("two ways have read different bytes");
    }
  }
  std::vector<Measured> results(ways.size());
  for (size_t lane = 0; lane < ways.size(); ++lane) {
    results[lane] = {.name = ways[lane]->name(),
                     .cpu_ns = SpreadOf(series[lane].cpu_ns),
                     .wall_ns = SpreadOf(series[lane].wall_ns),
                     .cpu_ns_by_round = series[lane].cpu_ns};
    const Batch batch = comparison.prepare(comparison.count_rounds, lane, *ways[lane]);
    CountOnce(*ways[lane], batch, results[lane]);
  }
  return results;
}

}  // namespace quire::bench
