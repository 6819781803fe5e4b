// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The file that a benchmark works on: made full of the pattern (version 0), or one that is there.
// Owns: its descriptor; the file, when it made it. Threads: any thread after construction.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "bench/support/args.h"

namespace quire::bench {

class WorkFile {
 public:
  // Called with the bytes written so far.
  using Progress = std::function<void(uint64_t done_bytes)>;

  // Makes `size_bytes` (args.size_bytes where that is given); removed by the destructor.
  // REQUIRES: a whole number of MiB.
  WorkFile(const Args& args, uint64_t size_bytes, const Progress& progress = {});
  ~WorkFile();
  WorkFile(const WorkFile&) = delete;
  WorkFile& operator=(const WorkFile&) = delete;

  const std::string& path() const { return path_; }
  uint64_t size_bytes() const { return size_bytes_; }
  int fd() const { return fd_; }

 private:
  void FillWithPattern(const Progress& progress) const;

  std::string path_;
  uint64_t size_bytes_ = 0;
  int fd_ = -1;
  bool made_ = false;
};

}  // namespace quire::bench
