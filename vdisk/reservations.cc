// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/reservations.h"

#include <utility>

#include "base/check.h"
#include "vdisk/outcomes.h"

namespace quire {

std::optional<Reservations> Reservations::Restore(Kept kept) {
  Reservations restored;
  restored.kept_ = std::move(kept);
  if (!restored.CheckInvariants()) return std::nullopt;
  return restored;
}

ReservationEffect Reservations::Perform(const NexusId& nexus, const ReserveOut& request,
                                        const ReservationPorts& ports) {
  ReservationEffect effect = PerformUnchecked(nexus, request, ports);
  QUIRE_DCHECK(CheckInvariants());
  return effect;
}

ReservationEffect Reservations::PerformUnchecked(const NexusId& nexus, const ReserveOut& request,
                                                 const ReservationPorts& ports) {
  switch (request.action) {
    case ReserveOutAction::kRegister:
    case ReserveOutAction::kRegisterAndIgnore:
      return Register(nexus, request, ports);
    case ReserveOutAction::kReserve:
      return Reserve(nexus, request);
    case ReserveOutAction::kRelease:
      return Release(nexus, request);
    case ReserveOutAction::kClear:
      return Clear(nexus, request);
    case ReserveOutAction::kPreempt:
    case ReserveOutAction::kPreemptAndAbort:
      return Preempt(nexus, request);
    case ReserveOutAction::kRegisterAndMove:
      return RegisterAndMove(nexus, request, ports);
  }
  return {.outcome = kInvalidFieldInCdb};
}

ReservationEffect Reservations::Reserve(const NexusId& nexus, const ReserveOut& request) {
  if (!Admits(nexus, request)) return {.outcome = kReservationConflict};
  if (!request.kind.Valid()) return {.outcome = kInvalidFieldInCdb};
  if (kept_.held.has_value()) {
    const bool same = Holds(nexus) && kept_.held->kind == request.kind;
    return {.outcome = same ? Outcome{} : kReservationConflict};
  }
  kept_.held = Held{request.kind, std::nullopt};
  if (!request.kind.all_registrants()) kept_.held->holder = nexus;
  return {.changed = true};
}

ReservationEffect Reservations::Release(const NexusId& nexus, const ReserveOut& request) {
  if (!Admits(nexus, request)) return {.outcome = kReservationConflict};
  if (!Holds(nexus)) return {};
  if (kept_.held->kind != request.kind) return {.outcome = kInvalidReleaseOfPersistentReservation};
  ReservationEffect effect{.changed = true};
  if (kept_.held->kind.shared()) TellOthers(nexus, kReservationsReleased, effect);
  kept_.held.reset();
  return effect;
}

ReservationEffect Reservations::Clear(const NexusId& nexus, const ReserveOut& request) {
  if (!Admits(nexus, request)) return {.outcome = kReservationConflict};
  ReservationEffect effect{.changed = true};
  TellOthers(nexus, kReservationsPreempted, effect);
  kept_.registrations.clear();
  kept_.held.reset();
  ++kept_.generation;
  return effect;
}

// SPC-4 5.13.3: with CRH=1 they are GOOD for whom they would give nothing new. For all others they
// conflict while anybody is registered (SPC-2 5.5.1).
ReservationEffect Reservations::Spc2Reserve(const NexusId& nexus) {
  if (!kept_.registrations.empty()) {
    return {.outcome = SharesWithRegistered(nexus) ? Outcome{} : kReservationConflict};
  }
  if (spc2_holder_.has_value()) {
    return {.outcome = *spc2_holder_ == nexus ? Outcome{} : kReservationConflict};
  }
  spc2_holder_ = nexus;
  return {.changed = true};
}

ReservationEffect Reservations::Spc2Release(const NexusId& nexus) {
  if (!kept_.registrations.empty()) {
    return {.outcome = SharesWithRegistered(nexus) ? Outcome{} : kReservationConflict};
  }
  if (spc2_holder_ != nexus) return {};
  spc2_holder_.reset();
  return {.changed = true};
}

void Reservations::Spc2Lose(const NexusId& nexus) {
  if (spc2_holder_ == nexus) spc2_holder_.reset();
}

void Reservations::PowerOn() {
  spc2_holder_.reset();
  kept_.generation = 0;
  if (kept_.aptpl) return;
  kept_.registrations.clear();
  kept_.held.reset();
}

ReservationStanding Reservations::StandingOf(const NexusId& nexus) const {
  if (spc2_holder_.has_value()) {
    return *spc2_holder_ == nexus ? ReservationStanding::kSpc2Holder
                                  : ReservationStanding::kSpc2Outside;
  }
  if (!kept_.held.has_value() || Holds(nexus)) return ReservationStanding::kFree;
  const ReservationKind& kind = kept_.held->kind;
  if (!kind.shared()) {
    return kind.write_exclusive() ? ReservationStanding::kOutsideWriteExclusive
                                  : ReservationStanding::kOutsideExclusiveAccess;
  }
  if (KeyOf(nexus) != 0) return ReservationStanding::kRegistrant;
  return kind.write_exclusive() ? ReservationStanding::kUnregisteredWriteExclusive
                                : ReservationStanding::kUnregisteredExclusiveAccess;
}

uint64_t Reservations::KeyOf(const NexusId& nexus) const {
  const auto found = kept_.registrations.find(nexus);
  return found == kept_.registrations.end() ? 0 : found->second;
}

bool Reservations::Holds(const NexusId& nexus) const {
  if (!kept_.held.has_value()) return false;
  return kept_.held->kind.all_registrants() ? KeyOf(nexus) != 0 : kept_.held->holder == nexus;
}

bool Reservations::CheckInvariants() const {
  if (kept_.registrations.size() > kMaxRegistrations) return false;
  for (const auto& [nexus, key] : kept_.registrations) {
    if (key == 0 || nexus.initiator.names_node()) return false;
  }
  if (spc2_holder_.has_value() && !kept_.registrations.empty()) return false;
  if (!kept_.held.has_value()) return true;
  const auto& [kind, holder] = *kept_.held;
  if (!kind.Valid() || kept_.registrations.empty()) return false;
  return kind.all_registrants() ? !holder.has_value() : holder.has_value() && KeyOf(*holder) != 0;
}

bool operator==(const Reservations& a, const Reservations& b) {
  return a.kept_.generation == b.kept_.generation && a.kept_.aptpl == b.kept_.aptpl &&
         a.kept_.registrations == b.kept_.registrations && a.kept_.held == b.kept_.held &&
         a.spc2_holder_ == b.spc2_holder_;
}

// The key is verified before anything else in the request (SPC-4 6.16.3). SPC-2 5.5.1: all of
// PERSISTENT RESERVE OUT conflicts while a RESERVE holds, for its holder as well.
bool Reservations::Admits(const NexusId& nexus, const ReserveOut& request) const {
  if (spc2_holder_.has_value()) return false;
  const uint64_t own = KeyOf(nexus);
  return own != 0 && own == request.key;
}

bool Reservations::SharesWithRegistered(const NexusId& nexus) const {
  return Holds(nexus) || (kept_.held.has_value() && kept_.held->kind.shared() && KeyOf(nexus) != 0);
}

void Reservations::TellOthers(const NexusId& issuer, const Outcome& sense,
                              ReservationEffect& effect) const {
  for (const auto& [nexus, key] : kept_.registrations) {
    if (nexus != issuer) effect.attentions.push_back({nexus, sense});
  }
}

// After registrations were removed; only with registrants only do the others learn of it
// (SPC-4 5.13.11.2.3).
void Reservations::ReleaseIfOrphaned(const NexusId& issuer, ReservationEffect& effect) {
  if (!kept_.held.has_value()) return;
  if (kept_.held->kind.all_registrants()) {
    if (kept_.registrations.empty()) kept_.held.reset();
    return;
  }
  if (KeyOf(*kept_.held->holder) != 0) return;
  if (kept_.held->kind.registrants_only()) TellOthers(issuer, kReservationsReleased, effect);
  kept_.held.reset();
}

}  // namespace quire
