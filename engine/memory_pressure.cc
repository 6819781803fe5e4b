// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/memory_pressure.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>

#include "base/clock.h"
#include "base/log.h"
#include "engine/signals.h"

namespace quire {
namespace {

constexpr char kPsiTrigger[] = "some 100000 2000000";
constexpr uint64_t kMinAvailablePercent = 5;

// The group of this process in the hierarchy of `controller` ("" for version 2), from lines like
// "4:memory:/user.slice" and "0::/user.slice"; empty when there is none.
std::string GroupOf(const std::string& groups, const std::string& controller) {
  std::ifstream in(groups);
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string number;
    std::string controllers;
    std::string path;
    std::getline(fields, number, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, path);
    const bool found =
        controller.empty()
            ? number == "0" && controllers.empty()
            : ("," + controllers + ",").find("," + controller + ",") != std::string::npos;
    if (found) return path;
  }
  return {};
}

}  // namespace

MemoryPressure::MemoryPressure(const Options& options) : options_(options) {
  if (const absl::Status opened = stop_.Open(); !opened.ok()) {
    Log(LogLevel::kWarning, "memory pressure is not watched, idle memory goes by its age only: " +
                                std::string(opened.message()));
    description_ = "nothing";
    return;
  }
  if (options_.fake_fd >= 0) {
    watches_.push_back({.fd = options_.fake_fd, .events = POLLIN, .drain = true, .owned = false});
    description_ = "what it was given";
  } else {
    WatchPsi(options_.system_psi, "PSI of the system");
    WatchGroup();
  }
  if (watches_.empty()) description_ = "a look at available memory each second";
  thread_ = std::thread([this] { Run(); });
}

MemoryPressure::~MemoryPressure() {
  stopping_.store(true);
  if (thread_.joinable()) {
    stop_.Signal();
    thread_.join();
  }
  for (const Watch& watch : watches_) {
    if (watch.owned) close(watch.fd);
  }
  for (const int fd : held_fds_) close(fd);
  MutexLock lock(mutex_);
  QUIRE_CHECK(subscribers_.empty());
}

void MemoryPressure::Describe(const char* what) {
  description_ += (description_.empty() ? "" : ", ") + std::string(what);
}

bool MemoryPressure::WatchPsi(const std::string& path, const char* what) {
  if (path.empty()) return false;
  const int fd = open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return false;
  // The terminating zero is part of what the kernel wants.
  if (write(fd, kPsiTrigger, sizeof(kPsiTrigger)) < 0) {
    close(fd);
    return false;
  }
  watches_.push_back({.fd = fd, .events = POLLPRI});
  Describe(what);
  return true;
}

void MemoryPressure::WatchEvents(const std::string& path) {
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return;
  if (inotify_add_watch(fd, path.c_str(), IN_MODIFY) < 0) {
    close(fd);
    return;
  }
  watches_.push_back({.fd = fd, .events = POLLIN, .drain = true});
  Describe("memory.events of the group");
}

void MemoryPressure::WatchGroup() {
  if (options_.groups.empty()) return;
  if (const std::string v1 = GroupOf(options_.groups, "memory"); !v1.empty()) {
    const std::string root = options_.group_root + "/memory";
    WatchGroupV1(root + v1);
    // In a container the path is that of the host.
    if (description_.find("pressure_level") == std::string::npos) WatchGroupV1(root);
  } else if (const std::string v2 = GroupOf(options_.groups, ""); !v2.empty()) {
    const std::string directory = options_.group_root + v2;
    if (!WatchPsi(directory + "/memory.pressure", "PSI of the group")) {
      WatchEvents(directory + "/memory.events");
    }
  }
}

void MemoryPressure::WatchGroupV1(const std::string& directory) {
  const int level = open((directory + "/memory.pressure_level").c_str(), O_RDONLY | O_CLOEXEC);
  if (level < 0) return;
  const int control = open((directory + "/cgroup.event_control").c_str(), O_WRONLY | O_CLOEXEC);
  const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  const std::string order = std::to_string(event) + " " + std::to_string(level) + " medium";
  const bool ordered =
      control >= 0 && event >= 0 &&
      write(control, order.data(), order.size()) == static_cast<ssize_t>(order.size());
  if (control >= 0) close(control);
  if (!ordered) {
    if (event >= 0) close(event);
    close(level);
    return;
  }
  held_fds_.push_back(level);
  watches_.push_back({.fd = event, .events = POLLIN, .drain = true});
  Describe("memory.pressure_level of the group");
}

void MemoryPressure::Run() {
  LeaveSignalsToTheProgram();
  std::vector<pollfd> fds;
  fds.push_back({stop_.fd(), POLLIN, 0});
  for (const Watch& watch : watches_) fds.push_back({watch.fd, watch.events, 0});
  size_t count_watches = watches_.size();
  while (!stopping_.load()) {
    const int timeout_ms =
        count_watches == 0 ? static_cast<int>(options_.look_every_ns / kNsPerMs) : -1;
    const int count = poll(fds.data(), fds.size(), timeout_ms);
    if (count < 0 || stopping_.load()) continue;
    bool short_of_memory = count == 0 && LooksShort();
    for (size_t i = 1; i < fds.size(); ++i) {
      if (fds[i].revents == 0) continue;
      if ((fds[i].revents & POLLERR) != 0) {  // the group is gone
        fds[i].fd = -1;
        --count_watches;
        continue;
      }
      std::array<char, 4096> events;
      if (watches_[i - 1].drain && read(fds[i].fd, events.data(), events.size()) < 0) continue;
      short_of_memory = true;
    }
    if (short_of_memory) Tell();
  }
}

bool MemoryPressure::LooksShort() const {
  std::ifstream in(options_.meminfo);
  uint64_t total = 0;
  uint64_t available = 0;
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string name;
    uint64_t kibibytes = 0;
    fields >> name >> kibibytes;
    if (name == "MemTotal:") total = kibibytes;
    if (name == "MemAvailable:") available = kibibytes;
  }
  return total > 0 && available * 100 < total * kMinAvailablePercent;
}

void MemoryPressure::Tell() {
  count_events_.fetch_add(1, std::memory_order_relaxed);
  MutexLock lock(mutex_);
  for (Subscriber* one = subscribers_.Front(); one != nullptr; one = subscribers_.Next(*one)) {
    one->told(*one);
  }
}

void MemoryPressure::Subscribe(Subscriber& subscriber) {
  MutexLock lock(mutex_);
  subscribers_.PushBack(subscriber);
}

void MemoryPressure::Unsubscribe(Subscriber& subscriber) {
  MutexLock lock(mutex_);
  subscribers_.Remove(subscriber);
}

}  // namespace quire
