// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The one place that copies payload bytes, and the count of all it ever copied.
// Threads: any thread; the count is exact once the copying threads are quiet.
#pragma once

#include <cstdint>
#include <span>

#include "sg/sg_view.h"

namespace quire {

// Copies min(target, source) bytes and returns how many.
uint64_t CopyBytes(std::span<std::byte> target, std::span<const std::byte> source);
uint64_t CopySg(SgView target, SgView source);

// Counts bytes that the kernel copied for us between the page cache and memory of ours (a buffered
// read or write): not copied here, but copied all the same.
void CountKernelCopy(uint64_t length_bytes);

struct CopyCounts {
  uint64_t user_bytes = 0;    // copied by CopyBytes and CopySg
  uint64_t kernel_bytes = 0;  // copied by buffered reads and writes
};
// Sums over all threads since the start of the process.
CopyCounts ReadCopyCounts();

}  // namespace quire
