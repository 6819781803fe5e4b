// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The designation descriptors of the Device Identification page: by which names a disk, the port
// and the device it is reached through are known. Threads: values, any thread. Source: SPC-4 7.8.6.
#pragma once

#include <cstdint>
#include <span>

#include "vdisk/identity.h"
#include "vdisk/response.h"

namespace quire {

// A name of a logical unit that somebody gives (SPC-4 7.8.6.1). Lifetime: the bytes outlive it.
struct Designator {
  uint8_t code_set = 0;
  uint8_t type = 0;
  std::span<const uint8_t> bytes;
};

// VPD page 83h, from its fifth byte on: T10 vendor ID, NAA, EUI-64 and SCSI name string of the
// logical unit; then of the port what `port` tells.
void WriteDesignators(const Identity& identity, const TargetPortIdentity& port, Response& response);

// The logical unit itself (not its port) has this name in that page.
bool IsNamed(const Identity& identity, const Designator& designator);

}  // namespace quire
