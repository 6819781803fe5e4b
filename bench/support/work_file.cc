// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Makes the file by large writes and flushes it, so that nothing is dirty when measuring starts.
#include "bench/support/work_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "bench/support/die.h"
#include "bench/support/pattern.h"

namespace quire::bench {

WorkFile::WorkFile(const Args& args, uint64_t size_bytes, const Progress& progress)
    : path_(args.file), size_bytes_(args.size_bytes != 0 ? args.size_bytes : size_bytes) {
  made_ = path_.empty();
  if (made_) path_ = args.dir + "/quire-bench-" + std::to_string(getpid()) + ".dat";
  fd_ = open(path_.c_str(), O_RDWR | O_CLOEXEC | (made_ ? O_CREAT | O_EXCL : 0), 0600);
  if (fd_ < 0) DieErrno("cannot open " + path_);
  struct stat info = {};
  if (fstat(fd_, &info) != 0) DieErrno("cannot stat " + path_);
  if (!made_ && static_cast<uint64_t>(info.st_size) < size_bytes_) {
    Die(path_ + " is too small; it must have " + std::to_string(size_bytes_ >> 20) + " MiB");
  }
  FillWithPattern(progress);
}

WorkFile::~WorkFile() {
  close(fd_);
  if (made_) unlink(path_.c_str());
}

void WorkFile::FillWithPattern(const Progress& progress) const {
  std::vector<std::byte> piece(1 << 20);
  for (uint64_t offset = 0; offset < size_bytes_; offset += piece.size()) {
    FillPattern(piece, offset, 0);
    if (pwrite(fd_, piece.data(), piece.size(), static_cast<off_t>(offset)) !=
        static_cast<ssize_t>(piece.size())) {
      if (made_) unlink(path_.c_str());
      DieErrno("cannot write " + path_);
    }
    if (progress) progress(offset + piece.size());
  }
  if (fsync(fd_) != 0) DieErrno("cannot flush " + path_);
}

}  // namespace quire::bench
