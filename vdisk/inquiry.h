// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// INQUIRY data: the standard data and the vital product data pages of a disk.
// Threads: values, any thread. Source: SPC-4 6.6 and 7.8, SBC-3 6.6.
#pragma once

#include <cstdint>

#include "vdisk/block_limits.h"
#include "vdisk/identity.h"
#include "vdisk/response.h"
#include "vdisk/sense.h"

namespace quire {

// TPGS (SPC-4 6.6.2).
enum class TargetPortGroupSupport : uint8_t { kNone = 0, kImplicit = 1, kExplicit = 2, kBoth = 3 };

struct InquiryTraits {
  bool removable = false;         // RMB
  bool third_party_copy = false;  // 3PC
  bool multiple_ports = false;    // MULTIP
  TargetPortGroupSupport port_groups = TargetPortGroupSupport::kNone;
  uint16_t transport_version = 0x0960;  // version descriptor; iSCSI, no version claimed
  uint16_t rotation_rate = kNonRotatingMedium;
};

// All that INQUIRY tells about a disk that is reached through one port.
// Lifetime: what it refers to outlives it.
struct InquirySource {
  const Identity& identity;
  const InquiryTraits& traits;
  const TargetPortIdentity& port;
  const BlockLimits& limits;
  const Provisioning& provisioning;
  uint32_t block_bytes = 512;
};

// SPC-4 6.6.2: 96 bytes.
void WriteStandardInquiry(const InquirySource& source, Response& response);
// For a LUN where no disk is: peripheral qualifier 011b, device type 1Fh (SPC-4 6.6.2).
void WriteAbsentInquiry(Response& response);

// The pages 00h, 80h, 83h, 86h, 8Fh (with 3PC), B0h, B1h and B2h. Another one is an invalid field
// in the CDB.
Outcome WriteVitalProductData(uint8_t page_code, const InquirySource& source, Response& response);

}  // namespace quire
