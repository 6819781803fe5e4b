// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/capacity.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace quire {

void WriteReadCapacity10(const Geometry& geometry, Response& response) {
  QUIRE_CHECK(geometry.count.value > 0);
  constexpr uint64_t kAskFor16 = std::numeric_limits<uint32_t>::max();
  response.Big<4>(std::min(geometry.count.value - 1, kAskFor16));
  response.Big<4>(geometry.block_bytes);
}

void WriteReadCapacity16(const Geometry& geometry, const PhysicalBlocks& physical,
                         const Provisioning& provisioning, Response& response) {
  QUIRE_CHECK(geometry.count.value > 0);
  QUIRE_CHECK(physical.exponent <= 0x0f);
  QUIRE_CHECK(physical.lowest_aligned <= 0x3fff);
  constexpr uint16_t kLbpme = 0x8000;
  constexpr uint16_t kLbprz = 0x4000;
  response.Big<8>(geometry.count.value - 1);
  response.Big<4>(geometry.block_bytes);
  response.Byte(0);  // no protection information
  response.Byte(physical.exponent);
  response.Big<2>((provisioning.managed() ? kLbpme : 0u) |
                  (provisioning.managed() && provisioning.reads_zeroes ? kLbprz : 0u) |
                  physical.lowest_aligned);
  response.PadTo(32);
}

}  // namespace quire
