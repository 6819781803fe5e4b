// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// PREEMPT and PREEMPT AND ABORT (SPC-4 5.13.11.2.4 to .6).
//
//   reserved?        action key            what happens
//   no               a registered one      registrations with it are removed
//   all registrants  0                     all others are removed, the reservation is taken over
//   all registrants  a registered one      registrations with it are removed
//   another type     0                     INVALID FIELD IN PARAMETER LIST
//   another type     the holder's          the others with it are removed, it is taken over
//   another type     another registered    registrations with it are removed
//   in all others                          RESERVATION CONFLICT
//
// Where they are only removed, that of the nexus which asks goes with them.
#include <utility>

#include "vdisk/outcomes.h"
#include "vdisk/reservations.h"

namespace quire {

ReservationEffect Reservations::Preempt(const NexusId& nexus, const ReserveOut& request) {
  if (!Admits(nexus, request)) return {.outcome = kReservationConflict};
  const bool for_all = kept_.held.has_value() && kept_.held->kind.all_registrants();
  const bool for_one = kept_.held.has_value() && !for_all;
  const bool everyone = for_all && request.action_key == 0;
  if (for_one && request.action_key == 0) return {.outcome = kInvalidFieldInParameterList};
  const bool takes_over = everyone || (for_one && request.action_key == KeyOf(*kept_.held->holder));
  if (takes_over && !request.kind.Valid()) return {.outcome = kInvalidFieldInCdb};

  std::vector<NexusId> preempted;
  for (const auto& [other, key] : kept_.registrations) {
    if (everyone || key == request.action_key) preempted.push_back(other);
  }
  if (preempted.empty()) return {.outcome = kReservationConflict};

  ReservationEffect effect{.changed = true};
  const bool aborts = request.action == ReserveOutAction::kPreemptAndAbort;
  for (const NexusId& other : preempted) {
    if (other == nexus) {
      if (!takes_over) kept_.registrations.erase(other);
      continue;
    }
    kept_.registrations.erase(other);
    effect.attentions.push_back({other, kRegistrationsPreempted});
    if (aborts) effect.attentions.push_back({other, kCommandsClearedByAnotherInitiator});
  }
  if (takes_over) {
    if (kept_.held->kind != request.kind) TellOthers(nexus, kReservationsReleased, effect);
    kept_.held = Held{request.kind, std::nullopt};
    if (!request.kind.all_registrants()) kept_.held->holder = nexus;
  } else {
    ReleaseIfOrphaned(nexus, effect);
  }
  if (aborts) effect.fenced = std::move(preempted);
  ++kept_.generation;
  return effect;
}

}  // namespace quire
