// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One owner per backing file: an open-file-description lock, and the name of whoever holds it.
// Threads: at open.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace quire {

// Locks the whole file for writing (or for reading, which several may) until UnlockFile. The error
// names the process that holds the lock; where there is none, because the kernel has yet to let go
// of the rings of one that ended, waits for up to 2 s. Blocks.
absl::Status LockFile(int fd, const std::string& path, bool read_only);
// To be called before `fd` is closed: a ring that had it registered keeps the file, and with it the
// lock, for a while.
void UnlockFile(int fd);

}  // namespace quire
