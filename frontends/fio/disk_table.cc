// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "frontends/fio/disk_table.h"

#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "frontends/fio/report.h"

namespace quire::fio {

DiskTable& DiskTable::OfProcess() {
  static DiskTable table;
  return table;
}

void DiskTable::Announce(const std::string& path, bool writes) {
  if (!writes) return;
  MutexLock lock(mutex_);
  written_.insert(path);
}

absl::StatusOr<std::shared_ptr<Disk>> DiskTable::Open(Request request) {
  struct stat file = {};
  if (fstat(request.fd, &file) != 0) return absl::ErrnoToStatus(errno, request.disk.path);
  const Inode inode = {file.st_dev, file.st_ino};

  MutexLock lock(mutex_);
  std::shared_ptr<SharedDisk> shared = disks_[inode].lock();
  if (shared == nullptr) {
    request.disk.read_only = !written_.contains(request.disk.path);
    absl::StatusOr<std::unique_ptr<Disk>> disk = Disk::Open(request.disk);
    if (!disk.ok()) return disk.status();
    shared = std::make_shared<SharedDisk>();
    shared->disk = *std::move(disk);
    shared->options = request.disk;
    disks_[inode] = shared;
  } else if (shared->options.cache != request.disk.cache ||
             shared->options.hints != request.disk.hints) {
    return absl::InvalidArgumentError(
        absl::StrCat(request.disk.path,
                     " is open by another job with other options; jobs on one file need the same "
                     "direct=, quire_cache= and quire_hints="));
  }
  if (request.report) shared->report = true;
  return std::shared_ptr<Disk>(shared, shared->disk.get());
}

DiskTable::SharedDisk::~SharedDisk() {
  if (report) PrintReport(*disk);
}

std::shared_ptr<WorkerPool> DiskTable::workers() {
  MutexLock lock(mutex_);
  std::shared_ptr<WorkerPool> workers = workers_.lock();
  if (workers == nullptr) {
    workers = std::make_shared<WorkerPool>();
    workers_ = workers;
  }
  return workers;
}

}  // namespace quire::fio
