// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Numbers as SCSI and iSCSI write them: the most significant byte first, at any address.
// Threads: values, any thread. Source: SPC-4 3.4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace quire {
namespace internal {

// Written out, not as loops: the compiler makes one instruction of each.
template <size_t... kIndex>
constexpr uint64_t LoadBig(const uint8_t* bytes, std::index_sequence<kIndex...>) {
  return (... | (uint64_t{bytes[kIndex]} << 8 * (sizeof...(kIndex) - 1 - kIndex)));
}
template <size_t... kIndex>
constexpr void StoreBig(uint8_t* bytes, uint64_t value, std::index_sequence<kIndex...>) {
  (..., (bytes[kIndex] = static_cast<uint8_t>(value >> 8 * (sizeof...(kIndex) - 1 - kIndex))));
}

}  // namespace internal

// The number in the first `kBytes` bytes (1 to 8).
template <size_t kBytes>
constexpr uint64_t LoadBig(const uint8_t* bytes) {
  static_assert(kBytes >= 1 && kBytes <= 8);
  return internal::LoadBig(bytes, std::make_index_sequence<kBytes>());
}

// The low `kBytes` bytes of the number.
template <size_t kBytes>
constexpr void StoreBig(uint8_t* bytes, uint64_t value) {
  static_assert(kBytes >= 1 && kBytes <= 8);
  internal::StoreBig(bytes, value, std::make_index_sequence<kBytes>());
}

}  // namespace quire
