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

absl::StatusOr<std::shared_ptr<Disk>> DiskTable::Open(Request request) QUIRE_NO_THREAD_ANALYSIS {
  struct stat file = {};
  if (fstat(request.fd, &file) != 0) return absl::ErrnoToStatus(errno, request.disk.path);
  const Inode inode = {file.st_dev, file.st_ino};

  std::unique_lock<Mutex> lock(mutex_);
  while (disks_.contains(inode) && disks_[inode].expired()) closed_.wait(lock);
  std::shared_ptr<SharedDisk> shared = disks_.contains(inode) ? disks_[inode].lock() : nullptr;
  if (shared == nullptr) {
    request.disk.read_only = !request.writes && !written_.contains(request.disk.path);
    absl::StatusOr<std::unique_ptr<Disk>> disk = Disk::Open(request.disk);
    if (!disk.ok()) return disk.status();
    auto opened = std::make_unique<SharedDisk>();
    opened->disk = *std::move(disk);
    opened->options = request.disk;
    shared = std::shared_ptr<SharedDisk>(opened.release(),
                                         [this, inode](SharedDisk* last) { Close(last, inode); });
    disks_[inode] = shared;
  } else if (shared->options.cache != request.disk.cache ||
             shared->options.hints != request.disk.hints) {
    return absl::InvalidArgumentError(
        absl::StrCat(request.disk.path,
                     " is open by another job with other options; jobs on one file need the same "
                     "direct=, quire_cache= and quire_hints="));
  } else if (request.writes && shared->options.read_only) {
    return absl::InvalidArgumentError(
        absl::StrCat(request.disk.path,
                     " is open read-only by a job that began before it was known that another "
                     "writes it; name the file alike in all jobs, or put the writing job first"));
  }
  if (request.report) shared->report = true;
  return std::shared_ptr<Disk>(shared, shared->disk.get());
}

// Closing takes milliseconds: without the lock, but nobody opens the file meanwhile.
void DiskTable::Close(SharedDisk* shared, Inode inode) {
  if (shared->report) PrintReport(*shared->disk);
  delete shared;
  MutexLock lock(mutex_);
  disks_.erase(inode);
  closed_.notify_all();
}

absl::StatusOr<std::shared_ptr<DiskTable::Common>> DiskTable::common() {
  MutexLock lock(mutex_);
  std::shared_ptr<Common> common = common_.lock();
  if (common != nullptr) return common;
  absl::StatusOr<std::unique_ptr<Memory>> memory = Memory::Create({});
  if (!memory.ok()) return memory.status();
  common = std::make_shared<Common>();
  common->memory = *std::move(memory);
  common_ = common;
  return common;
}

}  // namespace quire::fio
