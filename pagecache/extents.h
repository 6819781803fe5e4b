// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Which bytes of a file have room of their own in its file system.
//
// Room is every extent, whether it has been written or only set aside (fallocate, zeroed in place),
// and what is dirty in the page cache and about to get one; all else is a hole. SEEK_DATA would
// take what is only set aside for a hole, holds up everybody else's lseek of the descriptor while
// it walks, and walks on for as long as extents touch each other. So it is asked only where there
// is no FIEMAP (tmpfs, NFS). Who has neither (a block device) has room for everything. Owns:
// nothing. Threads: any thread but a reactor's; it reads the file system's tables.
#pragma once

#include <cstdint>
#include <span>

#include "base/byte_range.h"

namespace quire {

// Fills `found` with the parts of `range` that have room, in ascending order, touching ones not
// joined; how many. Fewer than `found` can take: there are no more. A negative errno on failure.
int64_t FindMapped(int fd, ByteRange range, std::span<ByteRange> found);

}  // namespace quire
