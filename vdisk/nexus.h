// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One initiator's relationship with one logical unit (SAM-5: I_T_L nexus), on one reactor.
// Owns: its channel into the backing file. Lifetime: the device and the reactor outlive it; no
// command of it is running when it goes. Threads: the reactor's.
#pragma once

#include "pagecache/file_channel.h"

namespace quire {

class Nexus {
 public:
  Nexus(File& file, Reactor& reactor) : channel_(file, reactor) {}

 private:
  friend class Device;
  FileChannel channel_;
};

}  // namespace quire
