// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Says that some bytes in memory are also bytes of a file, for those who splice.
// Owns: nothing; the descriptor belongs to the disk and outlives the reference.
#pragma once

#include "base/byte_range.h"

namespace quire {

struct FileRange {
  int fd = -1;  // -1: the bytes are private and lie in no file
  ByteRange range;

  bool known() const { return fd >= 0; }
};

}  // namespace quire
