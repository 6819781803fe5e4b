// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The outcomes and unit attentions that reservations have a say in.
// Threads: values, any thread. Source: SPC-4 annex D.
#pragma once

#include "vdisk/sense.h"

namespace quire {

inline constexpr Outcome kReservationConflict = {Status::kReservationConflict};

inline constexpr Outcome IllegalReserve(uint8_t asc, uint8_t ascq) {
  return {Status::kCheckCondition, SenseKey::kIllegalRequest, asc, ascq};
}
inline constexpr Outcome kParameterListLengthError = IllegalReserve(0x1a, 0x00);
inline constexpr Outcome kInvalidFieldInCdb = IllegalReserve(0x24, 0x00);
inline constexpr Outcome kInvalidFieldInParameterList = IllegalReserve(0x26, 0x00);
inline constexpr Outcome kInvalidReleaseOfPersistentReservation = IllegalReserve(0x26, 0x04);
inline constexpr Outcome kInsufficientRegistrationResources = IllegalReserve(0x55, 0x04);

inline constexpr Outcome ReservationAttention(uint8_t asc, uint8_t ascq) {
  return {Status::kCheckCondition, SenseKey::kUnitAttention, asc, ascq};
}
inline constexpr Outcome kReservationsPreempted = ReservationAttention(0x2a, 0x03);
inline constexpr Outcome kReservationsReleased = ReservationAttention(0x2a, 0x04);
inline constexpr Outcome kRegistrationsPreempted = ReservationAttention(0x2a, 0x05);
inline constexpr Outcome kCommandsClearedByAnotherInitiator = ReservationAttention(0x2f, 0x00);

}  // namespace quire
