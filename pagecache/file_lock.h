// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One owner per backing file: an open-file-description lock, and the name of whoever holds it.
// Threads: at open.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace quire {

// Locks the whole file for writing (or for reading, which several may) until `fd` is closed.
// The error names the process that holds the lock.
absl::Status LockFile(int fd, const std::string& path, bool read_only);

}  // namespace quire
