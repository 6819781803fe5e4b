// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What a disk can do in one command and how it is provisioned: handlers keep to it, INQUIRY tells
// it. Threads: values, any thread. Source: SBC-3 6.6, SBC-4 6.6 (atomic writes).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "vdisk/response.h"

namespace quire {

// The Block Limits page, counts in blocks; 0 is "no limit told" unless said otherwise.
struct BlockLimits {
  bool write_same_needs_count = false;  // WSNZ: a count of 0 is refused
  uint8_t max_compare_and_write = 0;    // 0: not supported
  uint16_t optimal_granularity = 0;
  uint32_t max_transfer = 0;
  uint32_t optimal_transfer = 0;
  uint32_t max_prefetch = 0;
  uint32_t max_unmap = 0;  // all descriptors together; 0: not supported
  uint32_t max_unmap_descriptors = 0;
  uint32_t unmap_granularity = 0;
  std::optional<uint32_t> unmap_alignment = {};
  uint64_t max_write_same = 0;
  uint32_t max_atomic = 0;  // 0: WRITE ATOMIC(16) is not supported
  uint32_t atomic_alignment = 0;
  uint32_t atomic_granularity = 0;
  uint32_t max_atomic_with_boundary = 0;
  uint32_t max_atomic_boundary = 0;
};

// PROVISIONING TYPE (SBC-3 6.6).
enum class ProvisioningType : uint8_t { kFull = 0, kResource = 1, kThin = 2 };

// The Logical Block Provisioning page.
struct Provisioning {
  ProvisioningType type = ProvisioningType::kFull;
  bool unmap = false;              // LBPU
  bool write_same16 = false;       // LBPWS: WRITE SAME(16) with UNMAP
  bool write_same10 = false;       // LBPWS10
  bool reads_zeroes = false;       // LBPRZ: unmapped blocks read as zeros
  bool anchor = false;             // ANC_SUP
  uint8_t threshold_exponent = 0;  // thresholds count sets of 2^n blocks; 0: no thresholds
  // DP: the NAA of what several disks allocate from.
  std::optional<std::array<uint8_t, 16>> group = {};

  // LBPME of READ CAPACITY(16) (SBC-3 5.16).
  bool managed() const { return type != ProvisioningType::kFull; }
};

// MEDIUM ROTATION RATE (SBC-3 6.6).
constexpr uint16_t kNonRotatingMedium = 1;

// VPD pages B0h, B1h and B2h, from their fifth byte on.
void WriteBlockLimits(const BlockLimits& limits, Response& response);
void WriteBlockDeviceCharacteristics(uint16_t rotation_rate, Response& response);
void WriteProvisioning(const Provisioning& provisioning, Response& response);

}  // namespace quire
