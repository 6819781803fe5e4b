// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// PERSISTENT RESERVE OUT and IN as bytes.
// Threads: any thread. Errors: an Outcome; nothing that came over a wire is asserted.
// Source: SPC-4 6.15 and 6.16.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vdisk/reservations.h"

namespace quire {

// A parameter list longer than this is refused: 256 initiator ports in one REGISTER.
inline constexpr size_t kMaxReserveOutBytes = 28 + 256 * TransportId::kMaxBytes;

struct ParsedReserveOut {
  Outcome outcome{};     // why not, unless GOOD
  ReserveOut request{};  // with what its service action ignores left out
};

// `service_action` and `scope_type` are the fields of the CDB; `list` all the bytes its PARAMETER
// LIST LENGTH promised.
ParsedReserveOut ParseReserveOut(uint8_t service_action, uint8_t scope_type,
                                 std::span<const uint8_t> list);

struct ReserveInData {
  Outcome outcome{};
  std::vector<uint8_t> bytes{};  // at most `allocation_bytes`, the lengths in it those of the whole
};

// `kept`: they survive a loss of power where that is asked for (PTPL_C).
ReserveInData BuildReserveIn(uint8_t service_action, const Reservations& reservations, bool kept,
                             size_t allocation_bytes);

}  // namespace quire
