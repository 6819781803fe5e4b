// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The data of REPORT TARGET PORT GROUPS: which ports reach the disk, and how well.
// Threads: values, any thread. Source: SPC-4 6.37, 5.15 (asymmetric access).
#pragma once

#include <cstdint>
#include <span>

#include "vdisk/cdb.h"
#include "vdisk/response.h"

namespace quire {

// ASYMMETRIC ACCESS STATE (SPC-4 6.37).
enum class AccessState : uint8_t {
  kActiveOptimized = 0x0,
  kActiveNonOptimized = 0x1,
  kStandby = 0x2,
  kUnavailable = 0x3,
  kOffline = 0xe,
  kTransitioning = 0xf,
};

// STATUS CODE: what changed the state last (SPC-4 6.37).
enum class AccessStatus : uint8_t { kNone = 0, kSetTargetPortGroups = 1, kImplicit = 2 };

// Lifetime: the ports outlive it.
struct TargetPortGroup {
  uint16_t id = 0;
  AccessState state = AccessState::kActiveOptimized;
  bool preferred = false;
  AccessStatus status = AccessStatus::kNone;
  uint8_t supported_states = 0x0f;  // T_SUP 80h, O_SUP 40h, U_SUP 08h, S_SUP 04h, AN_SUP, AO_SUP
  std::span<const uint16_t> relative_ports = {};
};

// REQUIRES: `cdb` is a REPORT TARGET PORT GROUPS.
void WriteTargetPortGroups(const Cdb& cdb, std::span<const TargetPortGroup> groups,
                           uint8_t transition_seconds, Response& response);

}  // namespace quire
