// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Which bytes of a file lie in blocks that another file, or another place of it, has as well.
#pragma once

#include <cstdint>

namespace quire {

// Writes the file back first: the kernel does not tell before. REQUIRES: at most 512 extents.
uint64_t SharedBytes(int fd);

}  // namespace quire
