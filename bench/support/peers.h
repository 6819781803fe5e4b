// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The ways that everybody has: pread, pwrite, plain io_uring, a store into a mapping.
// Owns: buffers and rings; the descriptor stays the caller's. Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bench/support/compare.h"

namespace quire::bench {

// How many requests a batching way has under way at once.
inline constexpr uint32_t kDepth = 32;
inline constexpr uint64_t kMaxRequestBytes = 1 << 20;

enum class Transfer : uint8_t { kRead, kWrite };

// One pread or pwrite per request into one buffer, which therefore stays in the CPU's caches.
std::unique_ptr<Way> MakePlain(int fd, Transfer transfer);
// IORING_OP_READ or WRITE, kDepth at a time, a buffer each; one system call per batch.
// nullptr where io_uring is refused.
std::unique_ptr<Way> MakeUring(int fd, Transfer transfer);

// Copies into a shared mapping of the file, or sums it up, without asking anything.
class MappedWay : public Way {
 public:
  MappedWay(int fd, uint64_t size_bytes, Transfer transfer);
  ~MappedWay() override;

  std::string name() const override { return "mapping"; }
  uint64_t Run(const Batch& batch) override;
  uint64_t own_system_calls() const override { return 0; }
  // Gives the page tables back.
  void Retire();

 private:
  std::byte* base_ = nullptr;
  const uint64_t size_bytes_;
  const Transfer transfer_;
  std::vector<std::byte> source_;
};

}  // namespace quire::bench
