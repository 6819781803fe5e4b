// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What the device under a file was made to write.
// Threads: any thread.
#pragma once

#include <cstdint>
#include <optional>

namespace quire::bench {

// Written by everybody since the machine was started, by the device that `fd`'s file lies on;
// nothing where the kernel does not tell (tmpfs, btrfs).
std::optional<uint64_t> DeviceWrittenBytes(int fd);

}  // namespace quire::bench
