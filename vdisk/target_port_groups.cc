// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/target_port_groups.h"

#include "base/check.h"

namespace quire {

void WriteTargetPortGroups(const Cdb& cdb, std::span<const TargetPortGroup> groups,
                           uint8_t transition_seconds, Response& response) {
  QUIRE_DCHECK(cdb.operation() == Operation::kReportTargetPortGroups);
  constexpr uint8_t kPref = 0x80;
  constexpr uint8_t kExtendedFormat = 0x10;
  response.Zeros(4);
  if (cdb.parameter_data_format() == 1) {
    response.Byte(kExtendedFormat);
    response.Byte(transition_seconds);
    response.Zeros(2);
  }
  for (const TargetPortGroup& group : groups) {
    QUIRE_CHECK(group.relative_ports.size() <= 0xff);
    response.Byte(
        static_cast<uint8_t>(static_cast<uint8_t>(group.state) | (group.preferred ? kPref : 0)));
    response.Byte(group.supported_states);
    response.Big<2>(group.id);
    response.Byte(0);
    response.Byte(static_cast<uint8_t>(group.status));
    response.Byte(0);
    response.Byte(static_cast<uint8_t>(group.relative_ports.size()));
    for (const uint16_t port : group.relative_ports) response.Big<4>(port);
  }
  response.SetBig<4>(0, response.full_bytes() - 4);
}

}  // namespace quire
