// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "host/memory.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1 << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<Memory>> Memory::Create(const Options& options) {
  constexpr uint64_t kLeast = SgvPool::kMaxPooledBytes;
  // Whole chunks, as the regions have them.
  const uint64_t chunks_bytes =
      (options.limit_bytes - std::min(options.limit_bytes, options.engine_bytes)) / kLeast * kLeast;
  if (options.engine_bytes < kLeast || chunks_bytes == 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "memory for buffers: a limit of %d MiB with %d MiB for the engine leaves less than %d MiB "
        "for one of the two; raise the limit",
        options.limit_bytes / kMiB, options.engine_bytes / kMiB, kLeast / kMiB));
  }
  if (std::min(options.initiator_limit_bytes, options.device_limit_bytes) < kLeast) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "memory for buffers: an initiator and a device need %d MiB each, for the longest transfer; "
        "raise their limits",
        kLeast / kMiB));
  }
  absl::StatusOr<std::unique_ptr<SharedMemory>> shared =
      SharedMemory::Create({.max_bytes = chunks_bytes,
                            .max_mapped_bytes = options.engine_bytes,
                            .purge_ns = options.purge_ns});
  if (!shared.ok()) return shared.status();
  return std::unique_ptr<Memory>(
      new Memory(*std::move(shared), {.limit_bytes = chunks_bytes,
                                      .initiator_limit_bytes = options.initiator_limit_bytes,
                                      .device_limit_bytes = options.device_limit_bytes}));
}

MemoryStats Memory::stats() {
  MemoryStats stats = shared_->stats();
  stats.budget = admission_.budget().stats();
  return stats;
}

}  // namespace quire
