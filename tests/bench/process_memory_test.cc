// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: private memory and memory of a memfd are found where they belong.
// Method: both are touched, and looked for in what the kernel says afterwards.
#include "bench/support/process_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace quire::bench {
namespace {

constexpr size_t kBytes = 32 << 20;
constexpr uint64_t kMost = kBytes * 3 / 4;  // the kernel's sums lag a little behind

void* Touched(int flags, int fd) {
  void* const memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (memory != MAP_FAILED) std::memset(memory, 1, kBytes);
  return memory;
}

TEST(ProcessMemory, CountsPrivateMemory) {
  const ProcessMemory before = ReadProcessMemory();
  void* const memory = Touched(MAP_PRIVATE | MAP_ANONYMOUS, -1);
  ASSERT_NE(memory, MAP_FAILED);
  const ProcessMemory after = ReadProcessMemory();
  EXPECT_GE(after.anonymous_bytes, before.anonymous_bytes + kMost);
  EXPECT_LT(after.shared_bytes, before.shared_bytes + kMost);
  EXPECT_GE(after.used_bytes(), before.used_bytes() + kMost);
  munmap(memory, kBytes);
}

TEST(ProcessMemory, CountsMemfds) {
  const int fd = memfd_create("test", MFD_CLOEXEC);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(ftruncate(fd, kBytes), 0);
  const ProcessMemory before = ReadProcessMemory();
  void* const memory = Touched(MAP_SHARED, fd);
  ASSERT_NE(memory, MAP_FAILED);
  const ProcessMemory after = ReadProcessMemory();
  EXPECT_GE(after.shared_bytes, before.shared_bytes + kMost);
  EXPECT_LT(after.anonymous_bytes, before.anonymous_bytes + kMost);
  munmap(memory, kBytes);
  close(fd);
}

TEST(ProcessMemory, HasPageTables) { EXPECT_GT(ReadProcessMemory().page_tables_bytes, 0u); }

TEST(ProcessMemory, ControlGroupUsesSomethingIfItTells) {
  const std::optional<uint64_t> bytes = ControlGroupBytes();
  if (!bytes.has_value()) GTEST_SKIP() << "no control group tells its memory";
  EXPECT_GT(*bytes, 0u);
}

}  // namespace
}  // namespace quire::bench
