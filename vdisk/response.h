// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Writes data for an initiator into a buffer as long as the allocation length: what does not fit is
// left out, while the lengths inside tell all that there is (SPC-4 4.2.5.6).
// Owns: nothing. Lifetime: the buffer outlives it. Threads: one owner.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/big_endian.h"

namespace quire {

class Response {
 public:
  explicit Response(std::span<uint8_t> buffer) : buffer_(buffer) {}

  void Byte(uint8_t value) {
    if (full_bytes_ < buffer_.size()) buffer_[full_bytes_] = value;
    ++full_bytes_;
  }
  // A number of `kBytes` bytes.
  template <size_t kBytes>
  void Big(uint64_t value) {
    std::array<uint8_t, kBytes> bytes;
    StoreBig<kBytes>(bytes.data(), value);
    Bytes(bytes);
  }
  void Bytes(std::span<const uint8_t> bytes) {
    for (const uint8_t byte : bytes) Byte(byte);
  }
  void Zeros(size_t count) {
    for (size_t i = 0; i < count; ++i) Byte(0);
  }
  // Left-aligned and filled with spaces (SPC-4 4.3.1). REQUIRES: not longer than that.
  void Text(std::string_view text, size_t width_bytes) {
    for (size_t i = 0; i < width_bytes; ++i) {
      Byte(i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{' '});
    }
  }
  // Zeros until there are `count` bytes since the first.
  void PadTo(size_t count) { Zeros(count - std::min(count, full_bytes_)); }

  // Changes a number that was written before, as far as it is there: a length, once it is known.
  template <size_t kBytes>
  void SetBig(size_t offset, uint64_t value) {
    std::array<uint8_t, kBytes> bytes;
    StoreBig<kBytes>(bytes.data(), value);
    for (size_t i = 0; i < kBytes && offset + i < buffer_.size(); ++i)
      buffer_[offset + i] = bytes[i];
  }

  // All that there is to say, and how much of it the buffer holds.
  size_t full_bytes() const { return full_bytes_; }
  size_t written_bytes() const { return std::min(full_bytes_, buffer_.size()); }
  // Nothing more fits.
  bool full() const { return full_bytes_ >= buffer_.size(); }

 private:
  const std::span<uint8_t> buffer_;
  size_t full_bytes_ = 0;
};

}  // namespace quire
