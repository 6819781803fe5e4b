// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/block_limits.h"

namespace quire {
namespace {

constexpr size_t kPageBytes = 64;  // of B0h and B1h

}  // namespace

// Page B0h (SBC-3 6.6, SBC-4 6.6).
void WriteBlockLimits(const BlockLimits& limits, Response& response) {
  constexpr uint32_t kUgavalid = 0x80000000u;
  response.Byte(limits.write_same_needs_count ? 0x01 : 0);
  response.Byte(limits.max_compare_and_write);
  response.Big<2>(limits.optimal_granularity);
  response.Big<4>(limits.max_transfer);
  response.Big<4>(limits.optimal_transfer);
  response.Big<4>(limits.max_prefetch);
  response.Big<4>(limits.max_unmap);
  response.Big<4>(limits.max_unmap_descriptors);
  response.Big<4>(limits.unmap_granularity);
  response.Big<4>(limits.unmap_alignment ? kUgavalid | *limits.unmap_alignment : 0);
  response.Big<8>(limits.max_write_same);
  response.Big<4>(limits.max_atomic);
  response.Big<4>(limits.atomic_alignment);
  response.Big<4>(limits.atomic_granularity);
  response.Big<4>(limits.max_atomic_with_boundary);
  response.Big<4>(limits.max_atomic_boundary);
}

// Page B1h (SBC-3 6.6).
void WriteBlockDeviceCharacteristics(uint16_t rotation_rate, Response& response) {
  constexpr uint8_t kFuab = 0x02;   // FUA and SYNCHRONIZE CACHE reach the medium
  constexpr uint8_t kVbuls = 0x01;  // VERIFY compares unmapped blocks too
  response.Big<2>(rotation_rate);
  response.Zeros(2);  // product type, nominal form factor: not told
  response.Byte(kFuab | kVbuls);
  response.PadTo(kPageBytes);
}

// Page B2h (SBC-3 6.6).
void WriteProvisioning(const Provisioning& provisioning, Response& response) {
  response.Byte(provisioning.threshold_exponent);
  response.Byte(static_cast<uint8_t>(
      (provisioning.unmap ? 0x80 : 0) | (provisioning.write_same16 ? 0x40 : 0) |
      (provisioning.write_same10 ? 0x20 : 0) | (provisioning.reads_zeroes ? 0x04 : 0) |
      (provisioning.anchor ? 0x02 : 0) | (provisioning.group ? 0x01 : 0)));
  response.Byte(static_cast<uint8_t>(provisioning.type));
  response.Byte(0);  // threshold percentage: not told
  if (!provisioning.group) return;
  response.Byte(0x01);  // a binary NAA designator (SPC-4 7.8.6.6)
  response.Byte(0x03);
  response.Byte(0);
  response.Byte(static_cast<uint8_t>(provisioning.group->size()));
  response.Bytes(*provisioning.group);
}

}  // namespace quire
