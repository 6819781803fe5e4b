// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "sg/copy.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

namespace quire {
namespace {

// Counters are striped so that copying threads do not share a cache line.
constexpr size_t kStripes = 16;
struct alignas(64) Stripe {
  std::atomic<uint64_t> user_bytes{0};
  std::atomic<uint64_t> kernel_bytes{0};
};
std::array<Stripe, kStripes> g_stripes;
std::atomic<size_t> g_next_stripe{0};

Stripe& MyStripe() {
  thread_local Stripe& stripe =
      g_stripes[g_next_stripe.fetch_add(1, std::memory_order_relaxed) % kStripes];
  return stripe;
}

}  // namespace

uint64_t CopyBytes(std::span<std::byte> target, std::span<const std::byte> source) {
  const size_t length = std::min(target.size(), source.size());
  if (length == 0) return 0;
  std::memcpy(target.data(), source.data(), length);
  MyStripe().user_bytes.fetch_add(length, std::memory_order_relaxed);
  return length;
}

uint64_t CopySg(SgView target, SgView source) {
  SgCursor to(target);
  SgCursor from(source);
  uint64_t left = std::min(target.length_bytes(), source.length_bytes());
  const uint64_t total = left;
  while (left > 0) {
    const Segment piece = to.Take(left);
    size_t done = 0;
    while (done < piece.size_bytes) {
      const Segment part = from.Take(piece.size_bytes - done);
      CopyBytes({piece.data + done, part.size_bytes}, {part.data, part.size_bytes});
      done += part.size_bytes;
    }
    left -= piece.size_bytes;
  }
  return total;
}

void CountKernelCopy(uint64_t length_bytes) {
  MyStripe().kernel_bytes.fetch_add(length_bytes, std::memory_order_relaxed);
}

CopyCounts ReadCopyCounts() {
  CopyCounts sum;
  for (const Stripe& stripe : g_stripes) {
    sum.user_bytes += stripe.user_bytes.load(std::memory_order_relaxed);
    sum.kernel_bytes += stripe.kernel_bytes.load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace quire
