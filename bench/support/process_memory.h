// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What this process has in memory, as the kernel accounts it.
// Threads: any thread.
#pragma once

#include <cstdint>
#include <optional>

namespace quire::bench {

struct ProcessMemory {
  uint64_t anonymous_bytes = 0;  // heap, stacks, private mappings
  uint64_t shared_bytes = 0;     // memfds and files on tmpfs: buffers of ours are the former
  uint64_t page_tables_bytes = 0;

  uint64_t used_bytes() const { return anonymous_bytes + shared_bytes; }
};
ProcessMemory ReadProcessMemory();

// What the control group of this process uses, its page cache included; nothing where none is told.
std::optional<uint64_t> ControlGroupBytes();

}  // namespace quire::bench
