// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Sense data as bytes: an Outcome in the fixed or the descriptor format.
// Threads: values, any thread. Source: SPC-4 4.5.
//
//   fixed (18 bytes)                         descriptor (8 to 28 bytes)
//     0  VALID | 70h, deferred 71h             0  72h, deferred 73h
//     2  sense key                             1  sense key
//     3  information, 32 bits                  2  ASC  3  ASCQ
//     7  additional length, 10                 7  additional length
//    12  ASC  13  ASCQ                         8  information (type 00h), 12 bytes
//    15  sense-key specific, 3 bytes           .  sense-key specific (type 02h), 8 bytes
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "vdisk/sense.h"

namespace quire {

// D_SENSE of the control mode page, or DESC of REQUEST SENSE (SPC-4 7.5.8, 6.39).
enum class SenseFormat : uint8_t { kFixed, kDescriptor };

class SenseData {
 public:
  // The most that MAXIMUM SUPPORTED SENSE DATA LENGTH promises (SPC-4 7.8.7).
  static constexpr size_t kMaxBytes = 28;

  // An outcome without sense data gives that of NO SENSE (SPC-4 6.39).
  static SenseData Encode(const Outcome& outcome, SenseFormat format);

  std::span<const uint8_t> bytes() const { return std::span(bytes_).first(size_bytes_); }

 private:
  void EncodeFixed(const Outcome& outcome);
  void EncodeDescriptors(const Outcome& outcome);

  std::array<uint8_t, kMaxBytes> bytes_{};
  size_t size_bytes_ = 0;
};

}  // namespace quire
