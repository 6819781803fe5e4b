// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Builds a disk out of a configuration: backing file, device, target; and tells about it.
// No request passes through here; a session is handed out and used directly.
// Owns: the file, the device, the target. Lifetime: outlives its sessions, which end on their
// reactor's thread and not inside a callback.
// Threads: any thread; Open and Grow block.
// Errors: Status that says what to do.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/reactor.h"
#include "target/session.h"
#include "target/target.h"
#include "vdisk/device.h"

namespace quire {

struct DiskOptions {
  enum class Cache : uint8_t { kWriteback, kWritethrough, kNone };

  std::string path;  // a regular file, a block device, or "null"
  Cache cache = Cache::kWriteback;
  bool read_only = false;
  bool share = false;  // opens though another owner may have the file
  bool hints = true;   // believe residency hints: a cached read costs no system call
  uint32_t block_bytes = 512;
  uint64_t null_size_bytes = uint64_t{1} << 40;  // of the path "null", otherwise unused
};

// Counted since the disk was opened.
struct DiskStats {
  uint64_t commands_executed = 0;
  uint64_t commands_freed = 0;
  uint64_t reads = 0, writes = 0, flushes = 0, discards = 0;
  uint64_t read_bytes = 0, written_bytes = 0;
  uint64_t referenced_bytes = 0;  // of read_bytes, answered by page references
  uint64_t hint_hits = 0;         // reads answered without a system call
  uint64_t hints_renewed = 0;     // reads answered after one question about a whole region
  uint64_t waits = 0;             // requests that waited for an overlapping one
  uint64_t references_lent = 0;   // now
  uint64_t references_revoked = 0;
  uint64_t made_private = 0;      // stable reads copied because a write met them
  uint64_t page_table_bytes = 0;  // now
  // How requests went, and why: name and count, zeros left out.
  std::vector<std::pair<std::string, uint64_t>> read_paths, write_paths, write_reasons;
};

class Disk {
 public:
  // The longest read or write.
  static constexpr uint64_t kMaxTransferBytes = quire::kMaxTransferBytes;

  static absl::StatusOr<std::unique_ptr<Disk>> Open(const DiskOptions& options);

  uint64_t size_bytes() const { return device_->geometry().size_bytes(); }
  uint32_t block_bytes() const { return device_->geometry().block_bytes; }
  bool read_only() const { return device_->read_only(); }
  // One line: file system, cache mode, what was found out at open.
  std::string Describe() const { return device_->file().Describe(); }

  // A session on `reactor`, which outlives it.
  std::unique_ptr<Session> Connect(Reactor& reactor, Session::Options options);

  absl::Status Grow(uint64_t size_bytes) { return device_->file().Grow(size_bytes); }
  DiskStats stats() const;
  // Gives back the page tables of everything that nobody uses now, so that the kernel may evict it.
  // Blocks.
  void LetGoOfCache() { device_->file().RetireAll(); }

 private:
  explicit Disk(std::unique_ptr<Device> device);

  const std::unique_ptr<Device> device_;
  Target target_;
};

}  // namespace quire
