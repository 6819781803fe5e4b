// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A file system of its own on a loop device, so that what the device reads is this program's doing.
// Owns: the image, the device and the mount point, until it goes. Threads: one.
#pragma once

#include <cstdint>
#include <string>

namespace quire::bench {

class LoopMount {
 public:
  // `type` is "xfs" or "btrfs". Not mounted() where that is not possible; why() says the reason.
  LoopMount(const std::string& dir, const std::string& type, uint64_t size_bytes);
  ~LoopMount();
  LoopMount(const LoopMount&) = delete;
  LoopMount& operator=(const LoopMount&) = delete;

  bool mounted() const { return mounted_; }
  const std::string& why() const { return why_; }
  const std::string& folder() const { return folder_; }
  // Read from the device since it was made.
  uint64_t device_read_bytes() const;

 private:
  std::string base_;
  std::string folder_;
  std::string device_;  // "/dev/loop3"
  std::string why_;
  bool mounted_ = false;
};

}  // namespace quire::bench
