// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A logical unit backed by a file: checks a command, carries it out in the page cache, and takes
// the references back.
// Owns: the file. Lifetime: outlives its nexuses and commands.
// Threads: Execute on the nexus's reactor; OnFreeCommand any thread.
// Errors: every answer is an Outcome in the command.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "pagecache/file.h"
#include "vdisk/command.h"
#include "vdisk/geometry.h"
#include "vdisk/nexus.h"

namespace quire {

class Device {
 public:
  // `block_bytes` is 512 or 4096; the device is as long as whole blocks of the file.
  static absl::StatusOr<std::unique_ptr<Device>> Create(std::unique_ptr<File> file,
                                                        uint32_t block_bytes);

  Geometry geometry() const { return Geometry::ForSize(file_->size_bytes(), block_bytes_); }
  bool read_only() const { return !file_->traits().writable || file_->options().read_only; }
  File& file() { return *file_; }
  const BackingTraits& traits() const { return file_->traits(); }
  CacheMode cache() const { return file_->options().cache; }

  std::unique_ptr<Nexus> Connect(Reactor& reactor);

  // Starts `command`; it is answered by command.done. REQUIRES: idle.
  void Execute(Nexus& nexus, Command& command);

  // The single place where a command's references and buffers go back; runs exactly once per
  // command, after its last owner let go, on that owner's thread.
  void OnFreeCommand(Command& command);

  // Over all nexuses since the device was made. Equal when nothing is running or lent.
  struct Counts {
    uint64_t executed = 0;
    uint64_t freed = 0;
  };
  Counts counts() const;

 private:
  friend class Nexus;

  Device(std::unique_ptr<File> file, uint32_t block_bytes)
      : file_(std::move(file)), block_bytes_(block_bytes) {}
  void Enter(const Nexus& nexus);
  void Leave(const Nexus& nexus);
  int Refusal(const Command& command, const Geometry& geometry) const;
  int CopyRefusal(const Command& command) const;
  void StartCopy(FileChannel& channel, Command& command);
  static void Answer(Command& command, IoResult result, Direction direction);

  // Constant after construction.
  const std::unique_ptr<File> file_;
  const uint32_t block_bytes_;
  // Guarded. Nexuses are kept in view for their counts, which no two reactors share.
  mutable Mutex mutex_;
  std::vector<const Nexus*> nexuses_ QUIRE_GUARDED_BY(mutex_);
  Counts former_ QUIRE_GUARDED_BY(mutex_);  // of nexuses that are gone
};

}  // namespace quire
