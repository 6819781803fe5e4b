// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// /sys/dev/block/<major>:<minor>/stat, its seventh number.
#include "bench/support/device_bytes.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <fstream>
#include <string>

namespace quire::bench {

std::optional<uint64_t> DeviceWrittenBytes(int fd) {
  constexpr int kSectorsWritten = 7;
  constexpr uint64_t kSectorBytes = 512;
  struct stat info = {};
  if (fstat(fd, &info) != 0) return std::nullopt;
  std::ifstream file("/sys/dev/block/" + std::to_string(major(info.st_dev)) + ":" +
                     std::to_string(minor(info.st_dev)) + "/stat");
  uint64_t number = 0;
  for (int i = 0; i < kSectorsWritten; ++i) file >> number;
  if (!file) return std::nullopt;
  return number * kSectorBytes;
}

}  // namespace quire::bench
