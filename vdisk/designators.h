// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The designation descriptors of the Device Identification page: by which names a disk, the port
// and the device it is reached through are known. Threads: values, any thread. Source: SPC-4 7.8.6.
#pragma once

#include "vdisk/identity.h"
#include "vdisk/response.h"

namespace quire {

// VPD page 83h, from its fifth byte on: T10 vendor ID, NAA, EUI-64 and SCSI name string of the
// logical unit; then of the port what `port` tells.
void WriteDesignators(const Identity& identity, const TargetPortIdentity& port, Response& response);

}  // namespace quire
