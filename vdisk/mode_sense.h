// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The data of MODE SENSE(6) and (10): header, block descriptor, mode pages.
// Threads: values, any thread. Source: SPC-4 6.11, 6.12 and 7.5, SBC-3 6.5.
#pragma once

#include "vdisk/cdb.h"
#include "vdisk/geometry.h"
#include "vdisk/mode_parameters.h"
#include "vdisk/response.h"
#include "vdisk/sense.h"

namespace quire {

// REQUIRES: `cdb` is a MODE SENSE.
Outcome WriteModeSense(const Cdb& cdb, const ModeState& state, const Geometry& geometry,
                       Response& response);

}  // namespace quire
