// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The descriptor that wakes a sleeping reactor: an eventfd.
// Owns: the descriptor. Threads: Signal any thread, the rest the reactor's.
#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace quire {

class WakeFd {
 public:
  WakeFd() = default;
  ~WakeFd();
  WakeFd(const WakeFd&) = delete;
  WakeFd& operator=(const WakeFd&) = delete;

  absl::Status Open();
  int fd() const { return fd_; }

  void Signal();
  // Takes all signals so far; false when there was none.
  bool Drain();
  // Sleeps until there is a signal, at most `timeout_ns`; leaves it there.
  void Sleep(uint64_t timeout_ns);

 private:
  int fd_ = -1;
};

}  // namespace quire
