// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Puts a file's pages into the state that a measurement is about.
// Threads: any thread. Errors: a state that cannot be reached ends the program.
#pragma once

#include "base/byte_range.h"

namespace quire::bench {

// Writes what is dirty and lets go of every page. Whoever maps the file gives its page tables back
// first: mapped pages stay.
void DropPages(int fd);

// Loads by large sequential reads: large folios, where the file system has them.
void LoadLargeFolios(int fd, ByteRange range);

// Loads as random 4 KiB reads do, into folios of one page.
void LoadSmallFolios(int fd, ByteRange range);

// Takes and gives back that much memory, so that fresh pages are ready: on a virtual machine the
// first touch of a page may cost microseconds on the host, whoever pays for it.
void TouchFreeMemory(uint64_t length_bytes);

// What the kernel says about a range, in bytes; both are 0 where it cannot tell (before Linux 6.5).
struct CacheState {
  uint64_t cached_bytes = 0;
  uint64_t dirty_bytes = 0;
};
CacheState LookAtCache(int fd, ByteRange range);

}  // namespace quire::bench
