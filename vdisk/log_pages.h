// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// LOG SENSE data: which pages there are, temperature, informational exceptions, and how much room
// is left to a thinly provisioned disk. Threads: values, any thread. Source: SPC-4 6.8 and 7.3,
// SBC-3 6.4.
#pragma once

#include <cstdint>
#include <optional>

#include "vdisk/cdb.h"
#include "vdisk/response.h"
#include "vdisk/sense.h"

namespace quire {

// SCOPE of a resource count (SBC-3 6.4).
enum class ResourceScope : uint8_t { kNotReported = 0, kDedicated = 1, kShared = 2 };

// In blocks; told in threshold sets of 2^exponent blocks, available ones rounded down. What is used
// is this disk's alone.
struct MappingResources {
  uint64_t available = 0;
  uint64_t used = 0;
  uint8_t threshold_exponent = 0;
  ResourceScope available_scope = ResourceScope::kNotReported;
};

struct LogState {
  std::optional<MappingResources> mapping = {};  // with it there is a page 0Ch
};

// REQUIRES: `cdb` is a LOG SENSE.
Outcome WriteLogSense(const Cdb& cdb, const LogState& state, Response& response);

}  // namespace quire
