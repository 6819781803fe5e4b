// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The parameter list of FORMAT UNIT: any bytes become what to initialize the medium with, or a
// refusal. There is no protection information and there are no defects to list.
// Threads: values, any thread. Errors: the outcome, with a pointer to the field at fault.
// Source: SBC-3 5.3.2.
#pragma once

#include <cstdint>
#include <span>

#include "vdisk/sense.h"

namespace quire {

struct FormatList {
  Outcome outcome = {};
  bool immed = false;
  std::span<const uint8_t> pattern =
      {};  // of every block, again and again; empty: the default, zeros
};

// `long_header`: LONGLIST. The bytes outlive the pattern.
FormatList ParseFormatList(std::span<const uint8_t> list, bool long_header, uint32_t block_bytes);

}  // namespace quire
