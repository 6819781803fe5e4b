// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// PERSISTENT RESERVE IN and OUT; RESERVE and RELEASE of SPC-2. Source: SPC-4 6.15, 6.16, 5.13.
#include "vdisk/handlers.h"
#include "vdisk/reservation_codec.h"

namespace quire {

void PersistentReserveIn(CommandRun run) {
  const ReserveInData data =
      BuildReserveIn(run.cdb().opcode->service_action, *run.server().reservations(),
                     run.server().keeps_reservations(), run.cdb().length);
  run.Respond([&data](Response& response) {
    response.Bytes(data.bytes);
    return data.outcome;
  });
}

void PersistentReserveOut(CommandRun run) {
  if (!run.HasAllData()) return;
  ParsedReserveOut parsed =
      ParseReserveOut(run.cdb().opcode->service_action, run.cdb().bytes[2], run.List());
  if (!parsed.outcome.good()) {
    run.End(parsed.outcome);
    return;
  }
  run.ChangeReservations([request = std::move(parsed.request)](Reservations& next,
                                                               const NexusId& nexus,
                                                               const ReservationPorts& ports) {
    return next.Perform(nexus, request, ports);
  });
}

void Reserve(CommandRun run) {
  run.ChangeReservations([](Reservations& next, const NexusId& nexus, const ReservationPorts&) {
    return next.Spc2Reserve(nexus);
  });
}

void Release(CommandRun run) {
  run.ChangeReservations([](Reservations& next, const NexusId& nexus, const ReservationPorts&) {
    return next.Spc2Release(nexus);
  });
}

}  // namespace quire
