// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The data of REPORT TIMESTAMP.
// Threads: values, any thread. Source: SPC-4 6.38, 5.2.
#pragma once

#include <cstdint>

#include "vdisk/response.h"

namespace quire {

// `unix_ms`: milliseconds since 1970-01-01 00:00 UTC; the host's clock, which no SET TIMESTAMP
// moves.
void WriteTimestamp(uint64_t unix_ms, Response& response);

}  // namespace quire
