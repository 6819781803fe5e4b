// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The tracepoint raw_syscalls:sys_enter, counted by perf events.
#include "bench/support/system_calls.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace quire::bench {
namespace {

using TracepointId = std::optional<uint64_t>;

TracepointId ReadIdBelow(const std::string& tracefs) {
  std::ifstream file(tracefs + "/events/raw_syscalls/sys_enter/id");
  uint64_t id = 0;
  if (file >> id) return id;
  return std::nullopt;
}

// Where nobody has mounted tracefs: a child mounts it in a name space of its own and tells.
TracepointId AskInPrivateMount() {
  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) return std::nullopt;
  const pid_t child = fork();
  if (child == 0) {
    uint64_t id = 0;
    if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, "") == 0 &&
        mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, "") == 0) {
      id = ReadIdBelow("/sys/kernel/tracing").value_or(0);
    }
    _exit(write(pipe_fds[1], &id, sizeof(id)) == sizeof(id) ? 0 : 1);
  }
  close(pipe_fds[1]);
  uint64_t id = 0;
  const bool told = child > 0 && read(pipe_fds[0], &id, sizeof(id)) == sizeof(id);
  close(pipe_fds[0]);
  if (child > 0) waitpid(child, nullptr, 0);
  return told && id != 0 ? TracepointId(id) : std::nullopt;
}

TracepointId FindTracepoint() {
  static const TracepointId found = [] {
    TracepointId id = ReadIdBelow("/sys/kernel/tracing");
    if (!id.has_value()) id = ReadIdBelow("/sys/kernel/debug/tracing");
    return id.has_value() ? id : AskInPrivateMount();
  }();
  return found;
}

int OpenEvent(uint64_t id, pid_t thread) {
  perf_event_attr attributes = {};
  attributes.type = PERF_TYPE_TRACEPOINT;
  attributes.size = sizeof(attributes);
  attributes.config = id;
  attributes.inherit = 1;
  return static_cast<int>(
      syscall(SYS_perf_event_open, &attributes, thread, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

}  // namespace

SystemCallCounter::SystemCallCounter() {
  const TracepointId id = FindTracepoint();
  if (!id.has_value()) return;
  std::vector<pid_t> threads;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    threads.push_back(std::stoi(entry.path().filename()));
  }
  for (const pid_t thread : threads) {
    const int event = OpenEvent(*id, thread);
    if (event >= 0) events_.push_back(event);
  }
  for (const int event : events_) ioctl(event, PERF_EVENT_IOC_RESET, 0);
}

SystemCallCounter::~SystemCallCounter() {
  for (const int event : events_) close(event);
}

uint64_t SystemCallCounter::Read() const {
  uint64_t sum = 0;
  uint64_t own = 0;  // resets of the later events, and reads of the earlier ones
  for (const int event : events_) {
    uint64_t count = 0;
    if (read(event, &count, sizeof(count)) == sizeof(count)) sum += count;
  }
  own = events_.size();
  return sum > own ? sum - own : 0;
}

}  // namespace quire::bench
