// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The disks of this process, shared by its jobs: several jobs on one file have one disk.
// Owns: nothing; a disk, and what jobs share, go with the last job that uses them.
// Threads: any thread. Errors: Status that says what to do.
//
// Jobs with thread=1 are threads of one process. Without it each job is a process, has a table of
// its own, and meets the others at the file's lock.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "engine/worker_pool.h"
#include "host/disk.h"
#include "host/memory.h"

namespace quire::fio {

class DiskTable {
 public:
  static DiskTable& OfProcess();

  // Told for every job before any of them runs, so that the first to open knows what all need.
  void Announce(const std::string& path, bool writes);

  struct Request {
    DiskOptions disk;     // its read_only is set here, by what was announced
    bool writes = false;  // this job writes
    int fd = -1;          // the file itself: a path may meanwhile name another one
    bool report = false;  // print how it went, once the last job has let go
  };
  absl::StatusOr<std::shared_ptr<Disk>> Open(Request request);

  // What the reactors of all jobs use.
  struct Common {
    WorkerPool workers;
    std::unique_ptr<Memory> memory;
  };
  absl::StatusOr<std::shared_ptr<Common>> common();

 private:
  using Inode = std::pair<dev_t, ino_t>;
  struct SharedDisk {
    std::unique_ptr<Disk> disk;
    DiskOptions options;
    std::atomic<bool> report{false};
  };

  void Close(SharedDisk* shared, Inode inode);

  Mutex mutex_;
  std::set<std::string> written_ QUIRE_GUARDED_BY(mutex_);
  // A disk that is being closed stays here until it is: the file is locked until then.
  std::map<Inode, std::weak_ptr<SharedDisk>> disks_ QUIRE_GUARDED_BY(mutex_);
  std::condition_variable_any closed_;
  std::weak_ptr<Common> common_ QUIRE_GUARDED_BY(mutex_);
};

}  // namespace quire::fio
