// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Two hosts, two initiator ports each, and a disk with two target ports:
//
//   host a   port a1 ---+----------- target port 1 ---+
//            port a2 ---|---+                         +--- disk
//   host b   port b1 ---+   +------- target port 2 ---+
//            port b2 -------+
//
//   a1, b1 come through target port 1 and a2, b2 through 2; a1_through_2 is a1 on the crossed way.
//
// Every request is also a test of what holds for all: see Do.
// Threads: one owner.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "vdisk/outcomes.h"
#include "vdisk/reservations.h"

namespace quire {

class ReservationTest : public testing::Test {
 protected:
  static constexpr uint64_t kA = 0xa;
  static constexpr uint64_t kB = 0xb;
  static constexpr uint64_t kC = 0xc;
  static constexpr auto kWe = ReservationType::kWriteExclusive;
  static constexpr auto kEa = ReservationType::kExclusiveAccess;
  static constexpr auto kWeRo = ReservationType::kWriteExclusiveRegistrantsOnly;
  static constexpr auto kEaRo = ReservationType::kExclusiveAccessRegistrantsOnly;
  static constexpr auto kWeAr = ReservationType::kWriteExclusiveAllRegistrants;
  static constexpr auto kEaAr = ReservationType::kExclusiveAccessAllRegistrants;
  static constexpr std::array kTypes = {kWe, kEa, kWeRo, kEaRo, kWeAr, kEaAr};

  static TransportId Port(std::string_view host, uint64_t isid) {
    return *TransportId::IscsiPort("iqn.2026-01.example:" + std::string(host), isid);
  }
  static TransportId Node(std::string_view host) {
    return *TransportId::IscsiNode("iqn.2026-01.example:" + std::string(host));
  }

  const TransportId port_a1 = Port("a", 1);
  const TransportId port_a2 = Port("a", 2);
  const TransportId port_b1 = Port("b", 1);
  const TransportId port_b2 = Port("b", 2);
  const NexusId a1{port_a1, 1};
  const NexusId a2{port_a2, 2};
  const NexusId b1{port_b1, 1};
  const NexusId b2{port_b2, 2};
  const NexusId a1_through_2{port_a1, 2};

  // Port 3 speaks another protocol: no iSCSI initiator comes through it.
  std::vector<TargetPort> targets{
      {1, TransportProtocol::kIscsi}, {2, TransportProtocol::kIscsi}, {3, TransportProtocol::kSas}};
  std::vector<TransportId> initiators{port_a1, port_a2, port_b1, port_b2};
  Reservations state;

  // A refusal changes nothing and tells nobody; a change is one; the state is in order after each.
  ReservationEffect Do(const NexusId& nexus, const ReserveOut& request) {
    const Reservations before = state;
    return Checked(before, state.Perform(nexus, request, {targets, initiators}), nexus);
  }
  ReservationEffect Checked(const Reservations& before, ReservationEffect effect,
                            const NexusId& nexus) {
    EXPECT_TRUE(state.CheckInvariants());
    EXPECT_EQ(effect.changed, !(before == state));
    if (!effect.outcome.good()) {
      EXPECT_FALSE(effect.changed);
    }
    if (!effect.changed) {
      EXPECT_TRUE(effect.attentions.empty());
      EXPECT_TRUE(effect.fenced.empty());
    }
    for (const auto& attention : effect.attentions) {
      EXPECT_NE(attention.nexus, nexus) << "who asks knows";
    }
    return effect;
  }

  static ReserveOut Request(ReserveOutAction action, uint64_t key, uint64_t action_key = 0) {
    ReserveOut request;
    request.action = action;
    request.key = key;
    request.action_key = action_key;
    return request;
  }
  static ReserveOut Request(ReserveOutAction action, uint64_t key, ReservationType type,
                            uint64_t action_key = 0) {
    ReserveOut request = Request(action, key, action_key);
    request.kind = {0, type};
    return request;
  }

  ReservationEffect Register(const NexusId& nexus, uint64_t key, uint64_t action_key) {
    return Do(nexus, Request(ReserveOutAction::kRegister, key, action_key));
  }
  ReservationEffect RegisterAndIgnore(const NexusId& nexus, uint64_t action_key) {
    return Do(nexus, Request(ReserveOutAction::kRegisterAndIgnore, 0xdead, action_key));
  }
  ReservationEffect Reserve(const NexusId& nexus, uint64_t key, ReservationType type) {
    return Do(nexus, Request(ReserveOutAction::kReserve, key, type));
  }
  ReservationEffect Release(const NexusId& nexus, uint64_t key, ReservationType type) {
    return Do(nexus, Request(ReserveOutAction::kRelease, key, type));
  }
  ReservationEffect Clear(const NexusId& nexus, uint64_t key) {
    return Do(nexus, Request(ReserveOutAction::kClear, key));
  }
  ReservationEffect Preempt(const NexusId& nexus, uint64_t key, uint64_t action_key,
                            ReservationType type) {
    return Do(nexus, Request(ReserveOutAction::kPreempt, key, type, action_key));
  }
  ReservationEffect PreemptAndAbort(const NexusId& nexus, uint64_t key, uint64_t action_key,
                                    ReservationType type) {
    return Do(nexus, Request(ReserveOutAction::kPreemptAndAbort, key, type, action_key));
  }
  ReservationEffect Spc2Reserve(const NexusId& nexus) {
    const Reservations before = state;
    return Checked(before, state.Spc2Reserve(nexus), nexus);
  }
  ReservationEffect Spc2Release(const NexusId& nexus) {
    const Reservations before = state;
    return Checked(before, state.Spc2Release(nexus), nexus);
  }

  // a1 and a2 with key A, b1 with key B.
  void RegisterThree() {
    ASSERT_TRUE(Register(a1, 0, kA).outcome.good());
    ASSERT_TRUE(Register(a2, 0, kA).outcome.good());
    ASSERT_TRUE(Register(b1, 0, kB).outcome.good());
  }

  bool Held(ReservationType type, const NexusId& holder) const {
    return state.held().has_value() && state.held()->kind.type == type && state.Holds(holder);
  }
  // Exactly these were told exactly this, in any order.
  static bool Told(const ReservationEffect& effect, const Outcome& sense,
                   std::vector<NexusId> nexuses) {
    std::vector<NexusId> told;
    for (const auto& attention : effect.attentions) {
      if (!(attention.sense == sense)) return false;
      told.push_back(attention.nexus);
    }
    std::ranges::sort(told);
    std::ranges::sort(nexuses);
    return told == nexuses;
  }
};

}  // namespace quire
