// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// How a disk is configured as a logical unit; what its file cannot do is not promised.
// Threads: values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vdisk/identity.h"
#include "vdisk/reservations.h"

namespace quire {

class LogicalUnits;
class Reactor;

struct UnitOptions {
  IdentityOptions identity = {};  // `name` empty: the path of the file
  bool removable = false;
  uint8_t physical_exponent = 0;  // a physical block has 2^n logical ones
  bool thin = true;               // where the file can have holes
  // The one size that WRITE ATOMIC(16) takes where the file has such writes, as a power of two:
  // what a database writes at a time. The file's limits go before it.
  uint32_t atomic_bytes = 16 * 1024;
  std::string reservation_file = {};  // where reservations survive; empty: they do not
  std::string mode_file = {};         // where saved mode parameters do; empty: none can be saved
  // Where it is kept that FORMAT UNIT or SANITIZE is under way; empty: nowhere, so that after a
  // crash nobody knows how much of the medium was erased.
  std::string medium_file = {};
  // Of a thin disk: every nexus is told when no more than this is left to it; 0: never.
  uint64_t threshold_bytes = 0;
  // Where what was answered before it was done (IMMED) goes on; outlives the server, which is
  // made and destroyed on its thread, not inside a turn. nullptr: IMMED is answered at the end.
  Reactor* home = nullptr;
  std::vector<TargetPort> ports = {{1, TransportProtocol::kIscsi}};
  // The disks that copies may be between, and this one among them; nullptr: within this one only.
  // Outlives it.
  LogicalUnits* units = nullptr;
};

}  // namespace quire
