// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Who is registered with a logical unit and who has reserved it: persistent reservations and
// SPC-2's RESERVE and RELEASE, as a value without I/O and threads.
//
// A change is made to a copy, saved where it must survive, then published for all at once:
//
//   Reservations next = current;
//   const ReservationEffect effect = next.Perform(nexus, request, ports);
//   if (ReservationStore::Concerns(current, next)) save next; a failure: forget next, say so
//   publish next, queue effect.attentions; await the end of the commands of effect.fenced; answer
//
// Threads: a value; once published it is never changed.
// Errors: a request that is refused leaves everything as it was, and says why in its outcome.
// Source: SPC-4 5.13, 6.15, 6.16; SPC-2 5.5.1 and SPC-4 5.13.3 for RESERVE and RELEASE.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/btree_map.h"
#include "vdisk/nexus_id.h"
#include "vdisk/reservation_view.h"
#include "vdisk/reserve_out.h"
#include "vdisk/sense.h"

namespace quire {

// What a request did, for the caller to carry out.
struct ReservationEffect {
  Outcome outcome{};
  bool changed = false;  // the state is another one
  struct Attention {
    NexusId nexus;
    Outcome sense;
  };
  // Unit attentions to queue in this order, also for nexuses that are not connected. Those of
  // commands cleared are for nexuses that had one, and only while TAS is 0 (SPC-4 7.5.8).
  std::vector<Attention> attentions{};
  // PREEMPT AND ABORT: whose commands, other than this one, have to be gone before it is answered,
  // and whose PREVENT MEDIUM REMOVAL ends. May contain the nexus that sent it.
  std::vector<NexusId> fenced{};
};

struct TargetPort {
  uint16_t id = 0;  // relative target port identifier
  TransportProtocol protocol{};
};

// What the device server knows of ports, for ALL_TG_PT, SPEC_I_PT and REGISTER AND MOVE.
struct ReservationPorts {
  std::span<const TargetPort> targets;
  std::span<const TransportId> initiators;
};

class Reservations {
 public:
  // 128 hosts with 2 initiator ports each, over 4 target ports: more than clusters have.
  static constexpr size_t kMaxRegistrations = 128 * 2 * 4;

  using Registrations = absl::btree_map<NexusId, uint64_t>;  // to the key, never 0
  struct Held {
    ReservationKind kind;
    std::optional<NexusId> holder;  // none: all registrants are
    friend bool operator==(const Held&, const Held&) = default;
  };
  // What a loss of power may leave.
  struct Kept {
    uint32_t generation = 0;
    bool aptpl = false;
    Registrations registrations;
    std::optional<Held> held;
  };

  Reservations() = default;
  // None when the parts contradict each other.
  static std::optional<Reservations> Restore(Kept kept);

  // ---- PERSISTENT RESERVE OUT, by service action ----
  ReservationEffect Perform(const NexusId& nexus, const ReserveOut& request,
                            const ReservationPorts& ports);
  // REGISTER, and REGISTER AND IGNORE EXISTING KEY.
  ReservationEffect Register(const NexusId& nexus, const ReserveOut& request,
                             const ReservationPorts& ports);
  ReservationEffect RegisterAndMove(const NexusId& nexus, const ReserveOut& request,
                                    const ReservationPorts& ports);
  ReservationEffect Reserve(const NexusId& nexus, const ReserveOut& request);
  ReservationEffect Release(const NexusId& nexus, const ReserveOut& request);
  ReservationEffect Clear(const NexusId& nexus, const ReserveOut& request);
  // PREEMPT, and PREEMPT AND ABORT.
  ReservationEffect Preempt(const NexusId& nexus, const ReserveOut& request);

  // ---- RESERVE and RELEASE of SPC-2 ----
  ReservationEffect Spc2Reserve(const NexusId& nexus);
  ReservationEffect Spc2Release(const NexusId& nexus);
  // After a reset of the logical unit or target; persistent reservations are not touched.
  void Spc2Reset() { spc2_holder_.reset(); }
  // After the loss of this I_T nexus; likewise.
  void Spc2Lose(const NexusId& nexus);

  // After a loss of power: what APTPL did not keep is gone, the generation is 0 (SPC-4 6.15.2).
  void PowerOn();

  // ---- Questions ----
  ReservationView ViewOf(const NexusId& nexus, uint64_t epoch) const {
    return {StandingOf(nexus), epoch};
  }
  ReservationStanding StandingOf(const NexusId& nexus) const;
  // 0: not registered.
  uint64_t KeyOf(const NexusId& nexus) const;
  bool Holds(const NexusId& nexus) const;
  uint32_t generation() const { return kept_.generation; }
  bool aptpl() const { return kept_.aptpl; }
  const Registrations& registrations() const { return kept_.registrations; }
  const std::optional<Held>& held() const { return kept_.held; }
  const std::optional<NexusId>& spc2_holder() const { return spc2_holder_; }

  bool CheckInvariants() const;
  friend bool operator==(const Reservations&, const Reservations&);

 private:
  ReservationEffect PerformUnchecked(const NexusId& nexus, const ReserveOut& request,
                                     const ReservationPorts& ports);
  bool Admits(const NexusId& nexus, const ReserveOut& request) const;
  bool SharesWithRegistered(const NexusId& nexus) const;
  bool Knows(const ReserveOut& request, const NexusId& nexus) const;
  ReservationEffect Enroll(const NexusId& nexus, const ReserveOut& request,
                           const ReservationPorts& ports, std::vector<NexusId> nexuses);
  ReservationEffect Unregister(const NexusId& nexus, const ReserveOut& request,
                               const std::vector<NexusId>& nexuses);
  void ReleaseIfOrphaned(const NexusId& issuer, ReservationEffect& effect);
  void TellOthers(const NexusId& issuer, const Outcome& sense, ReservationEffect& effect) const;

  // INVARIANT: keys are not 0; a holder is registered; with all registrants there is at least one.
  Kept kept_;
  // INVARIANT: set only while nobody is registered.
  std::optional<NexusId> spc2_holder_;
};

}  // namespace quire
