// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/shared_extents.h"

#include <gtest/gtest.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <new>
#include <span>
#include <vector>

namespace quire {

uint64_t SharedBytes(int fd) {
  constexpr uint32_t kMost = 512;
  EXPECT_EQ(fsync(fd), 0);
  std::vector<std::byte> memory(sizeof(fiemap) + kMost * sizeof(fiemap_extent));
  auto* const map = new (memory.data()) fiemap{};
  map->fm_length = ~uint64_t{0};
  map->fm_extent_count = kMost;
  EXPECT_EQ(ioctl(fd, FS_IOC_FIEMAP, map), 0);
  EXPECT_LT(map->fm_mapped_extents, kMost);
  uint64_t shared_bytes = 0;
  for (const fiemap_extent& extent : std::span(map->fm_extents, map->fm_mapped_extents)) {
    const bool shared = (extent.fe_flags & FIEMAP_EXTENT_SHARED) != 0;
    shared_bytes += shared ? extent.fe_length : 0;
  }
  return shared_bytes;
}

}  // namespace quire
