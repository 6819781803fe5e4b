// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/write_costs.h"

#include <algorithm>
#include <bit>

#include "pagecache/units.h"

namespace quire {

size_t WriteCosts::ClassOf(uint64_t length_bytes) {
  const uint64_t pages = std::max<uint64_t>(1, length_bytes / kPageBytes);
  return std::min<size_t>(static_cast<size_t>(std::bit_width(pages)) - 1, kClasses - 1);
}

uint32_t WriteCosts::Get(Way way, uint64_t length_bytes) const {
  const Class& entry = classes_[ClassOf(length_bytes)];
  return entry.mean_ns[static_cast<size_t>(way)].load(std::memory_order_relaxed);
}

void WriteCosts::Note(Way way, uint64_t length_bytes, uint64_t cost_ns) {
  // One preempted request must not turn the choice round.
  constexpr uint64_t kCapNs = 1'000'000;
  const auto cost = static_cast<int64_t>(std::clamp<uint64_t>(cost_ns, 1, kCapNs));
  auto& mean = classes_[ClassOf(length_bytes)].mean_ns[static_cast<size_t>(way)];
  const auto old_mean = static_cast<int64_t>(mean.load(std::memory_order_relaxed));
  const int64_t new_mean = old_mean == 0 ? cost : old_mean + (cost - old_mean) / 8;
  mean.store(static_cast<uint32_t>(std::max<int64_t>(new_mean, 1)), std::memory_order_relaxed);
}

WriteCosts::Costs WriteCosts::ToChooseBy(uint64_t length_bytes) {
  Class& entry = classes_[ClassOf(length_bytes)];
  const Costs costs{Get(Way::kStore, length_bytes), Get(Way::kWrite, length_bytes)};
  const uint32_t cheap = std::min(costs.store_ns, costs.write_ns);
  const uint32_t dear = std::max(costs.store_ns, costs.write_ns);
  const uint32_t every = cheap == 0 ? 8 : dear > 2 * cheap ? 4096 : 64;
  const uint32_t asked = entry.asked.fetch_add(1, std::memory_order_relaxed) + 1;
  if (asked % every != 0) return costs;
  // The other way round, once. Unknown is 0, the least: a way never tried is tried first.
  const bool store_is_next = cheap == 0 ? costs.store_ns == 0 : costs.store_ns == dear;
  return store_is_next ? Costs{1, 2} : Costs{2, 1};
}

}  // namespace quire
