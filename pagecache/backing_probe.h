// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Finds out at open what a file and its file system can do. Nothing of the file's data is changed.
// Threads: at open.
#pragma once

#include "pagecache/backing.h"

namespace quire {

// `fd` is open for buffered I/O as `writable` says.
BackingTraits ProbeBacking(int fd, bool writable);

}  // namespace quire
