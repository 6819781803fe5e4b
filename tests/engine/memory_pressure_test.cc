// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: subscribers hear of memory that runs short, by whichever way this machine has.
// Method: a fake trigger; files that look like those of the kernel; and once for real: a child in a
// control group of its own that wants more memory than the group may have.
#include "engine/memory_pressure.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/clock.h"

namespace quire {
namespace {

struct Ear : MemoryPressure::Subscriber {
  Ear() {
    told = [](MemoryPressure::Subscriber& subscriber) { ++static_cast<Ear&>(subscriber).count; };
  }
  bool Hears(int wanted, uint64_t within_ns = 20 * kNsPerSecond) const {
    const uint64_t end_ns = Clock::System().NowNs() + within_ns;
    while (count.load() < wanted && Clock::System().NowNs() < end_ns) usleep(1000);
    return count.load() >= wanted;
  }
  std::atomic<int> count{0};
};

TEST(MemoryPressureTest, TellsEverybodyOnceAnEvent) {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  {
    MemoryPressure pressure({.fake_fd = fd});
    Ear first, second;
    pressure.Subscribe(first);
    pressure.Subscribe(second);
    ASSERT_EQ(eventfd_write(fd, 1), 0);
    EXPECT_TRUE(first.Hears(1));
    EXPECT_TRUE(second.Hears(1));
    pressure.Unsubscribe(first);
    ASSERT_EQ(eventfd_write(fd, 1), 0);
    EXPECT_TRUE(second.Hears(2));
    EXPECT_EQ(first.count, 1);
    pressure.Unsubscribe(second);
  }
  close(fd);
}

TEST(MemoryPressureTest, WithoutATriggerItLooks) {
  const auto meminfo = std::filesystem::temp_directory_path() / "quire-test-meminfo";
  std::ofstream(meminfo) << "MemTotal: 1000 kB\nMemFree: 7 kB\nMemAvailable: 500 kB\n";
  MemoryPressure pressure(
      {.system_psi = "", .groups = "", .meminfo = meminfo, .look_every_ns = 5 * kNsPerMs});
  EXPECT_EQ(pressure.description(), "a look at available memory each second");
  Ear ear;
  pressure.Subscribe(ear);
  EXPECT_FALSE(ear.Hears(1, 50 * kNsPerMs));
  std::ofstream(meminfo) << "MemTotal: 1000 kB\nMemFree: 7 kB\nMemAvailable: 40 kB\n";
  EXPECT_TRUE(ear.Hears(1));
  pressure.Unsubscribe(ear);
  std::filesystem::remove(meminfo);
}

TEST(MemoryPressureTest, AGroupsEventsAreNoticed) {
  const auto root = std::filesystem::temp_directory_path() / "quire-test-groups";
  std::filesystem::create_directories(root / "mine");
  std::ofstream(root / "groups") << "0::/mine\n";
  std::ofstream(root / "mine/memory.events") << "low 0\n";
  {
    MemoryPressure pressure({.system_psi = "", .groups = root / "groups", .group_root = root});
    EXPECT_EQ(pressure.description(), "memory.events of the group");
    Ear ear;
    pressure.Subscribe(ear);
    std::ofstream(root / "mine/memory.events") << "low 1\n";
    EXPECT_TRUE(ear.Hears(1));
    pressure.Unsubscribe(ear);
  }
  std::filesystem::remove_all(root);
}

// ---- For real ----

constexpr uint64_t kGroupBytes = 64 << 20;

bool WriteTo(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file);
  out << text;
  out.flush();
  return out.good();
}

// A group below the root with a limit, for either version; empty where that is not allowed.
std::filesystem::path MakeGroup() {
  const std::string name = "quire-test-" + std::to_string(getpid());
  const std::filesystem::path v1 = "/sys/fs/cgroup/memory";
  const std::filesystem::path v2 = "/sys/fs/cgroup";
  std::error_code error;
  const bool is_v1 = std::filesystem::exists(v1 / "memory.limit_in_bytes");
  if (!is_v1) static_cast<void>(WriteTo(v2 / "cgroup.subtree_control", "+memory"));
  const auto group = (is_v1 ? v1 : v2) / name;
  if (!std::filesystem::create_directory(group, error)) return {};
  const auto limit = group / (is_v1 ? "memory.limit_in_bytes" : "memory.max");
  if (WriteTo(limit, std::to_string(kGroupBytes))) return group;
  std::filesystem::remove(group, error);
  return {};
}

// Reads a file through the page cache until the group has to reclaim, or for 20 s.
int LiveShort() {
  MemoryPressure pressure;
  Ear ear;
  pressure.Subscribe(ear);
  char path[] = "/var/tmp/quire-pressure-XXXXXX";
  const int fd = mkstemp(path);
  unlink(path);
  std::vector<char> bytes(1 << 20, 'x');
  const uint64_t end_ns = Clock::System().NowNs() + 20 * kNsPerSecond;
  // Half of the group is memory that stays, the rest is fought for.
  std::vector<char> stays(kGroupBytes * 5 / 8, 'y');
  while (ear.count == 0 && Clock::System().NowNs() < end_ns) {
    for (int i = 0; i < 128 && ear.count == 0; ++i) {
      if (pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(i) << 20) < 0) break;
      for (size_t at = 0; at < stays.size(); at += 4096) ++stays[at];
    }
  }
  close(fd);
  pressure.Unsubscribe(ear);
  return ear.count > 0 ? 0 : 1;
}

TEST(MemoryPressureTest, ForRealInAGroupThatIsShort) {
  const std::filesystem::path group = MakeGroup();
  if (group.empty()) GTEST_SKIP() << "no control group with a memory limit can be made here";
  const pid_t child = fork();
  if (child == 0) {
    if (!WriteTo(group / "cgroup.procs", std::to_string(getpid()))) _exit(2);
    _exit(LiveShort());
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::error_code error;
  std::filesystem::remove(group, error);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "the group cannot be joined";
  EXPECT_EQ(WEXITSTATUS(status), 0) << "nothing was heard in 20 s";
}

}  // namespace
}  // namespace quire
