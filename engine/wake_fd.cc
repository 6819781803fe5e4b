// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/wake_fd.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"
#include "base/clock.h"

namespace quire {

WakeFd::~WakeFd() {
  if (fd_ >= 0) close(fd_);
}

absl::Status WakeFd::Open() {
  fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd_ < 0) return absl::ErrnoToStatus(errno, "eventfd; if files ran out, raise LimitNOFILE");
  return absl::OkStatus();
}

void WakeFd::Signal() {
  const uint64_t one = 1;
  // EAGAIN: the counter is full, so it is readable, which is all we want.
  const ssize_t written = write(fd_, &one, sizeof(one));
  QUIRE_DCHECK(written == sizeof(one) || errno == EAGAIN);
  static_cast<void>(written);
}

bool WakeFd::Drain() {
  uint64_t count = 0;
  return read(fd_, &count, sizeof(count)) == sizeof(count);
}

void WakeFd::Sleep(uint64_t timeout_ns) {
  pollfd waiting{fd_, POLLIN, 0};
  const timespec limit{static_cast<time_t>(timeout_ns / kNsPerSecond),
                       static_cast<long>(timeout_ns % kNsPerSecond)};
  // An early return (EINTR) is a spurious wake-up like any other.
  static_cast<void>(ppoll(&waiting, 1, &limit, nullptr));
}

}  // namespace quire
