// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What READ BUFFER tells of the buffers there are: the echo buffer and no other.
// Threads: values, any thread. Source: SPC-4 6.18.
#pragma once

#include <cstdint>

#include "vdisk/response.h"

namespace quire {

constexpr uint16_t kMaxEchoBufferBytes = 4096;  // BUFFER CAPACITY has 13 bits

// Mode 03h: all zeros for a buffer that is not there (SPC-4 6.18.5).
void WriteBufferDescriptor(Response& response);
// Mode 0Bh; EBOS: what one nexus wrote is not overwritten by another's (SPC-4 6.18.10).
void WriteEchoBufferDescriptor(uint16_t capacity_bytes, bool own_per_nexus, Response& response);

}  // namespace quire
