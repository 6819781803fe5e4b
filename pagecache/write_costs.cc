// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/write_costs.h"

#include <algorithm>
#include <bit>

#include "base/prng.h"
#include "pagecache/units.h"

namespace quire {
namespace {

using Way = WriteCosts::Way;

constexpr uint32_t kEnough = 16;
constexpr uint32_t kRemembered = 64;
constexpr uint32_t kMeasuredOneIn = 32;
constexpr uint64_t kSpotBytes = 64 * 1024;
constexpr uint64_t kCapNs = 100'000'000;
// An odd one (an interrupt, a lock) counts as no more than this many times the mean.
constexpr int64_t kOdd = 8;

// Until it is known: a store of little is the safe guess (the other way it can be 18 times dearer),
// a write of much (a store faults page by page).
Way Guess(uint64_t length_bytes) {
  constexpr uint64_t kMuch = 256 * 1024;
  return length_bytes < kMuch ? Way::kStore : Way::kWrite;
}

Way Other(Way way) { return way == Way::kStore ? Way::kWrite : Way::kStore; }

// The same answer for every request that starts in the spot.
bool Drawn(ByteRange range, uint64_t one_in) {
  const uint64_t spot = range.offset / std::max(kSpotBytes, std::bit_ceil(range.length));
  return Prng(spot).Next() % one_in == 0;
}

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

WriteCosts::Advice WriteCosts::Advise(ByteRange range) {
  const uint32_t store_ns = Get(Way::kStore, range.length);
  const uint32_t write_ns = Get(Way::kWrite, range.length);
  if (store_ns == 0 || write_ns == 0) {
    const Way guess = Guess(range.length);
    return {.way = Drawn(range, 4) ? Other(guess) : guess, .measure = true};
  }
  const Way cheaper = store_ns <= write_ns ? Way::kStore : Way::kWrite;
  const bool close = std::max(store_ns, write_ns) / 4 <= std::min(store_ns, write_ns);
  if (Drawn(range, close ? 64 : 512)) return {.way = Other(cheaper), .measure = true};
  std::atomic<uint32_t>& count = classes_[ClassOf(range.length)].count_requests;
  const uint32_t number = count.fetch_add(1, std::memory_order_relaxed);
  return {.way = cheaper, .measure = number % kMeasuredOneIn == 0};
}

void WriteCosts::Note(Way way, uint64_t length_bytes, uint64_t cost_ns) {
  Mean& mean = classes_[ClassOf(length_bytes)].means[static_cast<size_t>(way)];
  const uint32_t count = std::min(mean.count.load(std::memory_order_relaxed) + 1, kRemembered);
  mean.count.store(count, std::memory_order_relaxed);
  const int64_t old_ns = mean.ns.load(std::memory_order_relaxed);
  auto cost = static_cast<int64_t>(std::clamp<uint64_t>(cost_ns, 1, kCapNs));
  if (count >= kEnough) cost = std::min(cost, old_ns * kOdd);
  const int64_t new_ns = old_ns + (cost - old_ns) / int64_t{count};
  mean.ns.store(static_cast<uint32_t>(std::max<int64_t>(new_ns, 1)), std::memory_order_relaxed);
}

}  // namespace quire
