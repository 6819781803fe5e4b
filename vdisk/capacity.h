// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The data of READ CAPACITY(10) and (16).
// Threads: values, any thread. Source: SBC-3 5.15, 5.16.
#pragma once

#include <cstdint>

#include "vdisk/block_limits.h"
#include "vdisk/geometry.h"
#include "vdisk/response.h"

namespace quire {

// What initiators align to.
struct PhysicalBlocks {
  uint8_t exponent = 0;         // a physical block has 2^n logical ones (4 bits)
  uint16_t lowest_aligned = 0;  // the first LBA at the start of one (14 bits)
};

// FFFFFFFFh when the last LBA does not fit: the initiator must ask for 16.
// REQUIRES: the disk has a block.
void WriteReadCapacity10(const Geometry& geometry, Response& response);
void WriteReadCapacity16(const Geometry& geometry, const PhysicalBlocks& physical,
                         const Provisioning& provisioning, Response& response);

}  // namespace quire
