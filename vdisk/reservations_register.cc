// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// REGISTER, REGISTER AND IGNORE EXISTING KEY (SPC-4 5.13.7) and REGISTER AND MOVE (5.13.8).
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "vdisk/outcomes.h"
#include "vdisk/reservations.h"

namespace quire {
namespace {

// The nexuses of `initiator` that the request speaks of: through the target port it came to or,
// with ALL_TG_PT, through all that speak the initiator's protocol.
void AddNexuses(const TransportId& initiator, const NexusId& issuer, const ReserveOut& request,
                const ReservationPorts& ports, std::vector<NexusId>& nexuses) {
  nexuses.push_back({initiator, issuer.target_port});
  if (!request.all_target_ports) return;
  for (const TargetPort& port : ports.targets) {
    if (port.id == issuer.target_port || port.protocol != initiator.protocol()) continue;
    nexuses.push_back({initiator, port.id});
  }
}

// Those that SPEC_I_PT adds; none at all when it names an initiator that the target port cannot
// have, or a node of which no port is known (SPC-4 7.6.4.6).
std::optional<std::vector<NexusId>> Specified(const NexusId& issuer, const ReserveOut& request,
                                              const ReservationPorts& ports) {
  std::vector<NexusId> nexuses;
  for (const TransportId& named : request.initiators) {
    if (named.protocol() != issuer.initiator.protocol()) return std::nullopt;
    if (!named.names_node()) {
      AddNexuses(named, issuer, request, ports, nexuses);
      continue;
    }
    const size_t before = nexuses.size();
    for (const TransportId& known : ports.initiators) {
      if (known.names_node() || !named.Names(known)) continue;
      AddNexuses(known, issuer, request, ports, nexuses);
    }
    if (nexuses.size() == before) return std::nullopt;
  }
  return nexuses;
}

}  // namespace

ReservationEffect Reservations::Register(const NexusId& nexus, const ReserveOut& request,
                                         const ReservationPorts& ports) {
  QUIRE_DCHECK(!nexus.initiator.names_node());
  if (spc2_holder_.has_value()) return {.outcome = kReservationConflict};
  const bool ignores_key = request.action == ReserveOutAction::kRegisterAndIgnore;
  const uint64_t own = KeyOf(nexus);
  if (!ignores_key && request.key != own) return {.outcome = kReservationConflict};
  if (request.specify_initiators && (ignores_key || own != 0)) {
    return {.outcome = kInvalidFieldInParameterList};
  }
  if (own == 0 && request.action_key == 0) return {};  // "do nothing except return GOOD status"

  std::vector<NexusId> nexuses;
  AddNexuses(nexus.initiator, nexus, request, ports, nexuses);
  for (const NexusId& one : nexuses) {
    if (!ignores_key && !Knows(request, one)) return {.outcome = kReservationConflict};
  }
  return request.action_key == 0 ? Unregister(nexus, request, nexuses)
                                 : Enroll(nexus, request, ports, std::move(nexuses));
}

// ALL_TG_PT is the same request through each port (SPC-4 6.16.3), all of them or none. A nexus that
// is registered is changed only by who knows its key; what it is to become, it may be already.
bool Reservations::Knows(const ReserveOut& request, const NexusId& nexus) const {
  const uint64_t key = KeyOf(nexus);
  return key == 0 || key == request.key || key == request.action_key;
}

ReservationEffect Reservations::Enroll(const NexusId& nexus, const ReserveOut& request,
                                       const ReservationPorts& ports,
                                       std::vector<NexusId> nexuses) {
  if (request.specify_initiators) {
    const auto specified = Specified(nexus, request, ports);
    if (!specified.has_value()) return {.outcome = kInvalidFieldInParameterList};
    for (const NexusId& one : *specified) {
      if (KeyOf(one) != 0) return {.outcome = kInvalidFieldInParameterList};
    }
    nexuses.insert(nexuses.end(), specified->begin(), specified->end());
  }
  std::ranges::sort(nexuses);
  nexuses.erase(std::unique(nexuses.begin(), nexuses.end()), nexuses.end());
  const auto is_new = [this](const NexusId& one) { return KeyOf(one) == 0; };
  const auto count_new = static_cast<size_t>(std::ranges::count_if(nexuses, is_new));
  if (kept_.registrations.size() + count_new > kMaxRegistrations) {
    return {.outcome = kInsufficientRegistrationResources};
  }
  for (NexusId& one : nexuses) {
    kept_.registrations.insert_or_assign(std::move(one), request.action_key);
  }
  kept_.aptpl = request.aptpl;
  ++kept_.generation;
  return {.changed = true};
}

ReservationEffect Reservations::Unregister(const NexusId& nexus, const ReserveOut& request,
                                           const std::vector<NexusId>& nexuses) {
  for (const NexusId& one : nexuses) kept_.registrations.erase(one);
  ReservationEffect effect{.changed = true};
  ReleaseIfOrphaned(nexus, effect);
  kept_.aptpl = request.aptpl;
  ++kept_.generation;
  return effect;
}

ReservationEffect Reservations::RegisterAndMove(const NexusId& nexus, const ReserveOut& request,
                                                const ReservationPorts& ports) {
  if (!Admits(nexus, request)) return {.outcome = kReservationConflict};
  if (!kept_.held.has_value()) return {.outcome = kInvalidFieldInCdb};
  if (kept_.held->kind.all_registrants()) return {.outcome = kReservationConflict};
  if (!Holds(nexus)) return {.outcome = kReservationConflict};

  const bool to_port = request.initiators.size() == 1 && !request.initiators[0].names_node();
  if (request.action_key == 0 || !to_port) return {.outcome = kInvalidFieldInParameterList};
  const TransportId& initiator = request.initiators[0];
  const bool exists = std::ranges::any_of(ports.targets, [&](const TargetPort& port) {
    return port.id == request.target_port && port.protocol == initiator.protocol();
  });
  if (!exists || initiator == nexus.initiator) return {.outcome = kInvalidFieldInParameterList};

  NexusId target{initiator, request.target_port};
  const size_t after = kept_.registrations.size() + (KeyOf(target) == 0 ? 1 : 0);
  if (after > kMaxRegistrations) return {.outcome = kInsufficientRegistrationResources};
  kept_.registrations.insert_or_assign(target, request.action_key);
  kept_.held->holder = std::move(target);
  if (request.unregister) kept_.registrations.erase(nexus);
  kept_.aptpl = request.aptpl;
  ++kept_.generation;
  return {.changed = true};
}

}  // namespace quire
