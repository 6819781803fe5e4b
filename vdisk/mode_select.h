// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The parameter list of MODE SELECT(6) and (10): any bytes become new parameters or a refusal.
// Threads: values, any thread. Errors: the outcome, with a pointer to the byte at fault.
// Source: SPC-4 6.9, 6.10 and 7.5, SBC-3 6.5.
#pragma once

#include <cstdint>
#include <span>

#include "vdisk/cdb.h"
#include "vdisk/geometry.h"
#include "vdisk/mode_parameters.h"
#include "vdisk/sense.h"

namespace quire {

struct ModeSelection {
  Outcome outcome;
  ModeParameters parameters;  // as they are from now on; the current ones in a refusal
  bool save = false;          // SP: they are the saved ones too, before the answer
};

// All or nothing: one wrong bit, and nothing changes. REQUIRES: `cdb` is a MODE SELECT.
ModeSelection ParseModeSelect(const Cdb& cdb, std::span<const uint8_t> list, const ModeState& state,
                              const Geometry& geometry);

}  // namespace quire
