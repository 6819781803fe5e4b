// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/event_source.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"
#include "base/clock.h"

namespace quire {

absl::StatusOr<std::unique_ptr<EventSource>> EventSource::Create(int wake_fd) {
  std::unique_ptr<EventSource> source(new EventSource());
  source->epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  if (source->epoll_fd_ < 0) return absl::ErrnoToStatus(errno, "epoll_create1");
  source->timer_fd_ = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (source->timer_fd_ < 0) return absl::ErrnoToStatus(errno, "timerfd_create");
  for (const int fd : {wake_fd, source->timer_fd_}) {
    epoll_event readable{};
    readable.events = EPOLLIN;
    if (epoll_ctl(source->epoll_fd_, EPOLL_CTL_ADD, fd, &readable) != 0) {
      return absl::ErrnoToStatus(errno, "epoll_ctl");
    }
  }
  return source;
}

EventSource::~EventSource() {
  if (epoll_fd_ >= 0) close(epoll_fd_);
  if (timer_fd_ >= 0) close(timer_fd_);
}

void EventSource::SetTimer(uint64_t due_ns) {
  if (due_ns == due_ns_) return;
  due_ns_ = due_ns;
  itimerspec when{};  // all zero: disarmed
  when.it_value.tv_sec = static_cast<time_t>(due_ns / kNsPerSecond);
  when.it_value.tv_nsec = static_cast<long>(due_ns % kNsPerSecond);
  const int result = timerfd_settime(timer_fd_, TFD_TIMER_ABSTIME, &when, nullptr);
  QUIRE_CHECK(result == 0);
}

}  // namespace quire
