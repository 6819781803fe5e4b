// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Which I_T nexus: an initiator port and the target port it comes through. Registrations and
// reservations belong to it whether or not it is connected (SPC-4 5.13.7).
// Threads: a value, any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <tuple>

#include "vdisk/transport_id.h"

namespace quire {

struct NexusId {
  TransportId initiator;     // a port, never a whole node
  uint16_t target_port = 0;  // relative target port identifier

  friend bool operator==(const NexusId&, const NexusId&) = default;
  friend std::strong_ordering operator<=>(const NexusId& a, const NexusId& b) {
    return std::tie(a.initiator, a.target_port) <=> std::tie(b.initiator, b.target_port);
  }
};

}  // namespace quire
