// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Tells reactors when the system, or the control group that this process is in, runs short of
// memory, so that idle buffers go back at once. Uses what this machine has:
//
//   the whole system      /proc/pressure/memory   a PSI trigger: 100 ms of stalls in 2 s
//   control groups v2     memory.pressure         the same for the group, where we may write it
//                         memory.events           a change of it, by inotify
//   control groups v1     memory.pressure_level   "medium", by an eventfd
//   none of them          /proc/meminfo           looked at each second: less than 5 % available
//
// (An unprivileged process may only have windows that are a multiple of 2 s.)
// Owns: a thread that sleeps in poll(2), and its descriptors. Lifetime: outlives its subscribers.
// Threads: Subscribe and Unsubscribe any thread; `told` runs on the watching thread.
// Errors: what cannot be watched is left out; describe() says what is.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/intrusive_list.h"
#include "base/mutex.h"
#include "engine/wake_fd.h"

namespace quire {

class MemoryPressure {
 public:
  struct Subscriber : ListNode<Subscriber> {
    void (*told)(Subscriber& subscriber) = nullptr;
  };
  // Where to look; the defaults are this machine's. An empty path is not watched.
  struct Options {
    std::string system_psi = "/proc/pressure/memory";
    std::string groups = "/proc/self/cgroup";  // names the groups of this process
    std::string group_root = "/sys/fs/cgroup";
    std::string meminfo = "/proc/meminfo";
    int fake_fd = -1;  // instead of all: readable when memory is short; the caller's
    uint64_t look_every_ns = 1'000'000'000;
  };

  explicit MemoryPressure(const Options& options);
  MemoryPressure() : MemoryPressure(Options()) {}
  ~MemoryPressure();
  MemoryPressure(const MemoryPressure&) = delete;
  MemoryPressure& operator=(const MemoryPressure&) = delete;

  void Subscribe(Subscriber& subscriber);
  // `told` does not run any more when this returns. Not from `told`.
  void Unsubscribe(Subscriber& subscriber);

  // "PSI of the system, memory.pressure_level of the group"
  const std::string& description() const { return description_; }
  uint64_t count_events() const { return count_events_.load(std::memory_order_relaxed); }

 private:
  struct Watch {
    int fd = -1;
    short events = 0;
    bool drain = false;  // an eventfd or inotify, to be read
    bool owned = true;
  };

  bool WatchPsi(const std::string& path, const char* whose);
  void WatchEvents(const std::string& path);
  void Describe(const char* what);
  void WatchGroup();
  void WatchGroupV1(const std::string& directory);
  void Run();
  bool LooksShort() const;
  void Tell();

  // Constant after construction.
  const Options options_;
  std::vector<Watch> watches_;
  std::vector<int> held_fds_;  // what a watch depends on
  std::string description_;
  WakeFd stop_;
  // Any thread.
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> count_events_{0};
  Mutex mutex_;  // held while subscribers are told
  IntrusiveList<Subscriber, Subscriber> subscribers_ QUIRE_GUARDED_BY(mutex_);
  std::thread thread_;  // last: everything else is there when it starts
};

}  // namespace quire
