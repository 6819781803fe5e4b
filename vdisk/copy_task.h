// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What an EXTENDED COPY works on while it runs: its segments, and the disks they are between.
// Owns: that other disks cannot go. Lifetime: the bytes of the list outlive it; gone before the
// command is answered. Threads: the nexus's reactor.
#pragma once

#include <cstdint>
#include <vector>

#include "vdisk/copy_list.h"
#include "vdisk/copy_results.h"
#include "vdisk/logical_units.h"

namespace quire {

struct CopyTask {
  void NoteEnd(const Outcome& outcome) const {
    if (result == nullptr) return;
    result->running = false;
    result->outcome = outcome;
  }

  CopyList list;
  std::vector<DeviceServer*> units;  // one for each CSCD descriptor
  std::vector<LogicalUnits::Use> uses;
  CopyResult* result = nullptr;  // of the nexus, where the copy has an identifier
  uint64_t piece_bytes = 0;      // of the piece that is being copied
};

}  // namespace quire
