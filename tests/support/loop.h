// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A file system of one's own on a loop device (or a tmpfs), mounted for one test and gone with it.
#pragma once

#include <cstdint>
#include <string>

namespace quire {

class LoopFileSystem {
 public:
  // `type` is "ext4", "xfs", "btrfs" or "tmpfs". Not mounted() where that is not possible; why()
  // says the reason, for a visible skip.
  LoopFileSystem(const std::string& type, uint64_t size_bytes);
  ~LoopFileSystem();
  LoopFileSystem(const LoopFileSystem&) = delete;
  LoopFileSystem& operator=(const LoopFileSystem&) = delete;

  bool mounted() const { return mounted_; }
  const std::string& why() const { return why_; }
  const std::string& folder() const { return folder_; }

 private:
  std::string base_;  // holds the image and the mount point
  std::string folder_;
  std::string why_;
  bool mounted_ = false;
};

// A loop device over a file; path() is empty where that is not possible, why() says the reason.
class LoopDevice {
 public:
  explicit LoopDevice(uint64_t size_bytes, uint32_t sector_bytes = 512);
  ~LoopDevice();
  LoopDevice(const LoopDevice&) = delete;
  LoopDevice& operator=(const LoopDevice&) = delete;

  const std::string& path() const { return path_; }
  const std::string& why() const { return why_; }

 private:
  std::string image_;
  std::string path_;
  std::string why_;
};

}  // namespace quire
