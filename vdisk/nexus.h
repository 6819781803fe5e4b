// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One initiator's relationship with one logical unit (SAM-5: I_T_L nexus), on one reactor.
// Owns: its channel into the backing file. Lifetime: the device and the reactor outlive it; no
// command of it is running or lent when it goes. Threads: the reactor's.
#pragma once

#include <atomic>

#include "base/counter.h"
#include "pagecache/file_channel.h"

namespace quire {

class Device;

class Nexus {
 public:
  Nexus(Device& device, File& file, Reactor& reactor);
  ~Nexus();
  Nexus(const Nexus&) = delete;
  Nexus& operator=(const Nexus&) = delete;

 private:
  friend class Device;

  Device& device_;
  FileChannel channel_;
  Counter executed_;                // the reactor's
  std::atomic<uint64_t> freed_{0};  // any thread's, as a rule the reactor's
};

}  // namespace quire
