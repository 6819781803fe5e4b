// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What one nexus may do under one published state of the reservations: an answer it looks up once
// per state and keeps, so that a command costs one shift however many are registered.
//
//   Device   mutex { shared_ptr<const Reservations> state; }   atomic epoch: one more per state
//   Nexus    view; for each command:
//              if (view.epoch() != device.epoch()) view = state->ViewOf(nexus_id, epoch);
//              if (!view.Allows(command_class)) RESERVATION CONFLICT
//
// Threads: a value; the nexus's reactor.
#pragma once

#include <cstdint>

#include "vdisk/reservation_class.h"

namespace quire {

class ReservationView {
 public:
  // Of the state in which nothing is reserved, which has epoch 0.
  constexpr ReservationView() = default;
  constexpr ReservationView(ReservationStanding standing, uint64_t epoch)
      : epoch_(epoch), allowed_(AllowedClasses(standing)) {}

  constexpr bool Allows(ReservationClass command) const {
    return (allowed_ >> static_cast<uint32_t>(command) & 1) != 0;
  }
  constexpr uint64_t epoch() const { return epoch_; }

 private:
  uint64_t epoch_ = 0;
  uint32_t allowed_ = AllowedClasses(ReservationStanding::kFree);
};

}  // namespace quire
