// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One descriptor for an embedder's loop, readable when a reactor was woken or a timer is due.
//
//   wake_fd (mailbox, completions) --+
//                                    +--> epoll descriptor: fd()
//   timerfd (the next timer)       --+
//
// Owns: the epoll and the timer descriptor. Lifetime: the wake descriptor outlives it.
// Threads: the reactor's.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"

namespace quire {

class EventSource {
 public:
  static absl::StatusOr<std::unique_ptr<EventSource>> Create(int wake_fd);
  ~EventSource();
  EventSource(const EventSource&) = delete;
  EventSource& operator=(const EventSource&) = delete;

  int fd() const { return epoll_fd_; }
  // Readable from `due_ns` of CLOCK_MONOTONIC on; 0 = no timer. A system call only on a change.
  void SetTimer(uint64_t due_ns);

 private:
  EventSource() = default;

  int epoll_fd_ = -1;
  int timer_fd_ = -1;
  uint64_t due_ns_ = 0;
};

}  // namespace quire
