// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Numbers as SCSI and iSCSI write them: the most significant byte first, at any address.
// Threads: values, any thread. Source: SPC-4 3.4.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quire {

// The number in the first `kBytes` bytes (1 to 8).
template <size_t kBytes>
constexpr uint64_t LoadBig(const uint8_t* bytes) {
  static_assert(kBytes >= 1 && kBytes <= 8);
  uint64_t value = 0;
  for (size_t i = 0; i < kBytes; ++i) value = value << 8 | bytes[i];
  return value;
}

// The low `kBytes` bytes of the number.
template <size_t kBytes>
constexpr void StoreBig(uint8_t* bytes, uint64_t value) {
  static_assert(kBytes >= 1 && kBytes <= 8);
  for (size_t i = kBytes; i-- > 0; value >>= 8) bytes[i] = static_cast<uint8_t>(value);
}

}  // namespace quire
