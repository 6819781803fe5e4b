// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A file served as a disk inside this process, with requests at a fixed depth: our side of every
// comparison.
// Owns: the reactor, the disk, the session, the commands. Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "host/disk.h"

namespace quire::bench {

class ServedDisk {
 public:
  ServedDisk(const DiskOptions& options, uint32_t depth);
  ~ServedDisk();

  // Sets what a command asks for, except its callbacks.
  using Prepare = std::function<void(Command& command)>;
  // Looks at the answer before the command is freed. Optional.
  using Inspect = std::function<void(Command& command)>;
  // Runs `count` commands, as many at a time as the depth allows; ends the program when one fails.
  void Run(uint64_t count, const Prepare& prepare, const Inspect& inspect = {});

  Disk& disk() { return *disk_; }
  Reactor& reactor() { return *reactor_; }

 private:
  struct Slot : Command {
    ServedDisk* disk = nullptr;
  };
  static void OnDone(Command& command);
  static void OnFreed(Command& command);

  WorkerPool workers_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Session> session_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> free_;
  uint64_t count_done_ = 0;
  const Inspect* inspect_ = nullptr;
};

// A range of `length` at a multiple of `length` (a power of two) below `size`, as blocks.
BlockRange BlocksAt(uint64_t offset, uint64_t length);

}  // namespace quire::bench
