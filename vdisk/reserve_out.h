// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What a PERSISTENT RESERVE OUT command asks for.
// Threads: values, any thread. Source: SPC-4 6.16; the types 6.15.3.4.
#pragma once

#include <cstdint>
#include <vector>

#include "vdisk/transport_id.h"

namespace quire {

enum class ReserveOutAction : uint8_t {
  kRegister = 0,
  kReserve = 1,
  kRelease = 2,
  kClear = 3,
  kPreempt = 4,
  kPreemptAndAbort = 5,
  kRegisterAndIgnore = 6,  // REGISTER AND IGNORE EXISTING KEY
  kRegisterAndMove = 7,
};

enum class ReservationType : uint8_t {
  kWriteExclusive = 1,
  kExclusiveAccess = 3,
  kWriteExclusiveRegistrantsOnly = 5,
  kExclusiveAccessRegistrantsOnly = 6,
  kWriteExclusiveAllRegistrants = 7,
  kExclusiveAccessAllRegistrants = 8,
};

// The SCOPE and TYPE fields. As they came: some service actions ignore them, so that only the
// others may find fault with them.
struct ReservationKind {
  uint8_t scope = 0;  // LU_SCOPE is the only one
  ReservationType type{};

  bool Valid() const;
  // REQUIRES (these): Valid().
  bool all_registrants() const;
  bool registrants_only() const;
  bool shared() const { return all_registrants() || registrants_only(); }
  bool write_exclusive() const;

  friend constexpr bool operator==(const ReservationKind&, const ReservationKind&) = default;
};

// Both in one byte, as they are written everywhere.
constexpr ReservationKind KindFrom(uint8_t scope_and_type) {
  return {static_cast<uint8_t>(scope_and_type >> 4), ReservationType(scope_and_type & 0x0f)};
}
constexpr uint8_t ScopeAndType(const ReservationKind& kind) {
  return static_cast<uint8_t>(kind.scope << 4 | static_cast<uint8_t>(kind.type));
}

struct ReserveOut {
  ReserveOutAction action = ReserveOutAction::kRegister;
  ReservationKind kind;             // RESERVE, RELEASE, PREEMPT (AND ABORT)
  uint64_t key = 0;                 // RESERVATION KEY: who is asking
  uint64_t action_key = 0;          // SERVICE ACTION RESERVATION KEY: new, or whose to preempt
  bool aptpl = false;               // REGISTER*: survive a loss of power
  bool all_target_ports = false;    // REGISTER, REGISTER AND IGNORE: ALL_TG_PT
  bool specify_initiators = false;  // REGISTER: SPEC_I_PT
  bool unregister = false;          // REGISTER AND MOVE: UNREG
  uint16_t target_port = 0;         // REGISTER AND MOVE: where to, with the one in `initiators`
  // SPEC_I_PT: who is to be registered, too; whole nodes stand for their known ports.
  std::vector<TransportId> initiators;
};

inline bool ReservationKind::Valid() const {
  switch (type) {
    case ReservationType::kWriteExclusive:
    case ReservationType::kExclusiveAccess:
    case ReservationType::kWriteExclusiveRegistrantsOnly:
    case ReservationType::kExclusiveAccessRegistrantsOnly:
    case ReservationType::kWriteExclusiveAllRegistrants:
    case ReservationType::kExclusiveAccessAllRegistrants:
      return scope == 0;
  }
  return false;
}

inline bool ReservationKind::all_registrants() const {
  return type == ReservationType::kWriteExclusiveAllRegistrants ||
         type == ReservationType::kExclusiveAccessAllRegistrants;
}

inline bool ReservationKind::registrants_only() const {
  return type == ReservationType::kWriteExclusiveRegistrantsOnly ||
         type == ReservationType::kExclusiveAccessRegistrantsOnly;
}

inline bool ReservationKind::write_exclusive() const {
  return type == ReservationType::kWriteExclusive ||
         type == ReservationType::kWriteExclusiveRegistrantsOnly ||
         type == ReservationType::kWriteExclusiveAllRegistrants;
}

}  // namespace quire
