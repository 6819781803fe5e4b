// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What of the reservations survives a loss of power, as the bytes of a file:
//
//   0  "QuireRsv"                      numbers: the most significant byte first
//   8  version, 4 bytes                1
//   12 generation, 4
//   16 flags, 1                        01h: APTPL, 02h: something is reserved
//   17 scope and type, 1               as in PERSISTENT RESERVE OUT
//   18 zero, 2
//   20 how many registrations, 4
//   24 of each: key, 8; relative target port, 2; 1 if it holds, 1; zero, 1; TransportID
//   -4 CRC-32C of all before it        in this and all later versions
//
// Without APTPL there are no registrations in it: that is what a loss of power leaves.
// Threads: any thread. Errors: DataLoss says what is damaged; FailedPrecondition: a later version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "vdisk/reservations.h"

namespace quire {

inline constexpr size_t kMaxReservationFileBytes =
    24 + Reservations::kMaxRegistrations * (12 + TransportId::kMaxBytes) + 4;

std::vector<uint8_t> EncodeReservations(const Reservations& reservations);
absl::StatusOr<Reservations> DecodeReservations(std::span<const uint8_t> bytes);

}  // namespace quire
