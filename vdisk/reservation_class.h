// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// How a command stands to somebody else's reservation: one value per row of the conflict tables.
// Threads: values, any thread. Source: SPC-4 5.12.1, SBC-3 4.17, SPC-2 5.5.1.
#pragma once

#include <cstdint>

namespace quire {

enum class ReservationClass : uint8_t {
  kRead,                  // reads the medium: conflicts with exclusive access
  kWrite,                 // changes the medium: conflicts with both
  kModeSense,             // reads the unit's state: as kRead
  kModeSelect,            // changes the unit's state: as kWrite
  kAlways,                // INQUIRY and its like: never conflicts
  kStartStop,             // never with START = 1 and POWER CONDITION = 0, else as kWrite
  kPreventAllow,          // never with PREVENT = 0, else as kWrite
  kPersistentReserveOut,  // by service action (SPC-4 5.12.1)
  kReserveRelease,        // SPC-2 reservations, which persistent ones exclude (SPC-4 5.12.3)
};

}  // namespace quire
