// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/write_costs.h"

#include <algorithm>
#include <bit>

#include "base/prng.h"
#include "pagecache/path_choice.h"
#include "pagecache/units.h"

namespace quire {
namespace {

constexpr uint32_t kEnough = 16;
constexpr uint32_t kRemembered = 64;
constexpr uint64_t kStretchBytes = 2 * 1024 * 1024;
constexpr uint64_t kCapNs = 100'000'000;

}  // namespace

size_t WriteCosts::ClassOf(uint64_t length_bytes) {
  const uint64_t pages = std::max<uint64_t>(1, length_bytes / kPageBytes);
  return std::min<size_t>(static_cast<size_t>(std::bit_width(pages)) - 1, kClasses - 1);
}

uint32_t WriteCosts::Get(Way way, uint64_t length_bytes) const {
  const Mean& mean = classes_[ClassOf(length_bytes)].means[static_cast<size_t>(way)];
  if (mean.count.load(std::memory_order_relaxed) < kEnough) return 0;
  return mean.ns.load(std::memory_order_relaxed);
}

bool WriteCosts::WorthMeasuring(uint64_t length_bytes) {
  if (Get(Way::kStore, length_bytes) == 0 || Get(Way::kWrite, length_bytes) == 0) return true;
  std::atomic<uint32_t>& count = classes_[ClassOf(length_bytes)].count_requests;
  return count.fetch_add(1, std::memory_order_relaxed) % 32 == 0;
}

void WriteCosts::Note(Way way, uint64_t length_bytes, uint64_t cost_ns) {
  Mean& mean = classes_[ClassOf(length_bytes)].means[static_cast<size_t>(way)];
  const uint32_t count = std::min(mean.count.load(std::memory_order_relaxed) + 1, kRemembered);
  mean.count.store(count, std::memory_order_relaxed);
  const int64_t old_ns = mean.ns.load(std::memory_order_relaxed);
  const auto cost = static_cast<int64_t>(std::clamp<uint64_t>(cost_ns, 1, kCapNs));
  const int64_t new_ns = old_ns + (cost - old_ns) / int64_t{count};
  mean.ns.store(static_cast<uint32_t>(std::max<int64_t>(new_ns, 1)), std::memory_order_relaxed);
}

WriteCosts::Costs WriteCosts::ToChooseBy(ByteRange range) const {
  const Costs costs{Get(Way::kStore, range.length), Get(Way::kWrite, range.length)};
  const uint32_t cheap = std::min(costs.store_ns, costs.write_ns);
  const uint32_t dear = std::max(costs.store_ns, costs.write_ns);
  const bool known = cheap != 0;
  const uint64_t one_in = !known ? 16 : dear / 4 > cheap ? 512 : 64;
  const uint64_t drawn = Prng(range.offset / kStretchBytes).Next();
  if (drawn % one_in == 0) {
    const bool try_store =
        known ? costs.store_ns > costs.write_ns : range.length >= kWriteUnknownMinBytes;
    return try_store ? Costs{1, 2} : Costs{2, 1};
  }
  return known ? costs : Costs{0, 0};
}

}  // namespace quire
