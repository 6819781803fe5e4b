// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Every word of the pattern is a hash of its place.
#include "bench/support/pattern.h"

#include <cstring>

#include "base/prng.h"

namespace quire::bench {
namespace {

constexpr size_t kWord = sizeof(uint64_t);

uint64_t WordAt(uint64_t offset, uint64_t version) { return Prng(offset + (version << 56)).Next(); }

uint64_t Load(const std::byte* from) {
  uint64_t word;
  std::memcpy(&word, from, kWord);
  return word;
}

}  // namespace

void FillPattern(std::span<std::byte> target, uint64_t offset, uint64_t version) {
  for (size_t at = 0; at + kWord <= target.size(); at += kWord) {
    const uint64_t word = WordAt(offset + at, version);
    std::memcpy(target.data() + at, &word, kWord);
  }
}

bool HasPattern(SgView bytes, uint64_t offset, uint64_t version) {
  for (const Segment& segment : bytes.segments()) {
    for (size_t at = 0; at + kWord <= segment.size_bytes; at += kWord) {
      if (Load(segment.data + at) != WordAt(offset + at, version)) return false;
    }
    offset += segment.size_bytes;
  }
  return true;
}

uint64_t SumWords(std::span<const std::byte> bytes) {
  uint64_t sums[4] = {};
  size_t at = 0;
  for (; at + 4 * kWord <= bytes.size(); at += 4 * kWord) {
    for (size_t i = 0; i < 4; ++i) sums[i] += Load(bytes.data() + at + i * kWord);
  }
  for (; at + kWord <= bytes.size(); at += kWord) sums[0] += Load(bytes.data() + at);
  return sums[0] + sums[1] + sums[2] + sums[3];
}

uint64_t SumWords(SgView bytes) {
  uint64_t sum = 0;
  for (const Segment& segment : bytes.segments()) {
    sum += SumWords({segment.data, segment.size_bytes});
  }
  return sum;
}

}  // namespace quire::bench
