// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The parameter list of SANITIZE with OVERWRITE: any bytes become a pattern and a count of passes,
// or a refusal.
// Threads: values, any thread. Errors: the outcome, with a pointer to the field at fault.
// Source: SBC-3 5.24.2.2.
#pragma once

#include <cstdint>
#include <span>

#include "vdisk/sense.h"

namespace quire {

struct OverwriteList {
  Outcome outcome = {};
  uint32_t count_passes = 0;
  // Every other pass writes the complement; the last one writes the pattern.
  bool invert = false;
  std::span<const uint8_t> pattern = {};  // of every block, again and again; not empty
};

// The bytes outlive the pattern.
OverwriteList ParseOverwriteList(std::span<const uint8_t> list, uint32_t block_bytes);

}  // namespace quire
