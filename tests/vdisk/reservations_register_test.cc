// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: registering, unregistering and moving follow SPC-4 tables 67 to 70, all or nothing.
// Method: the topology of reservation_fixture.h; one test per rule.

#include "tests/vdisk/reservation_fixture.h"

namespace quire {
namespace {

class RegisterTest : public ReservationTest {
 protected:
  ReservationEffect RegisterAll(const NexusId& nexus, uint64_t key, uint64_t action_key,
                                bool ignore = false) {
    ReserveOut request =
        Request(ignore ? ReserveOutAction::kRegisterAndIgnore : ReserveOutAction::kRegister, key,
                action_key);
    request.all_target_ports = true;
    return Do(nexus, request);
  }
  ReservationEffect RegisterFor(const NexusId& nexus, std::vector<TransportId> others,
                                bool all_target_ports = false) {
    ReserveOut request = Request(ReserveOutAction::kRegister, 0, kA);
    request.specify_initiators = true;
    request.initiators = std::move(others);
    request.all_target_ports = all_target_ports;
    return Do(nexus, request);
  }
  static ReserveOut MoveRequest(uint64_t key, uint64_t action_key, const NexusId& target) {
    ReserveOut request = Request(ReserveOutAction::kRegisterAndMove, key, action_key);
    request.initiators = {target.initiator};
    request.target_port = target.target_port;
    return request;
  }
  ReservationEffect Move(const NexusId& nexus, uint64_t key, uint64_t action_key,
                         const NexusId& target) {
    return Do(nexus, MoveRequest(key, action_key, target));
  }
};

// Rule 1.
TEST_F(RegisterTest, AnUnregisteredNexusHasKeyZero) {
  EXPECT_EQ(Register(a1, kB, kA).outcome, kReservationConflict);
  EXPECT_TRUE(Register(a1, 0, kA).outcome.good());
  EXPECT_EQ(state.KeyOf(a1), kA);
  EXPECT_EQ(state.KeyOf(a1_through_2), 0u) << "another nexus";
}

TEST_F(RegisterTest, WithoutAKeyNothingIsDone) {
  EXPECT_TRUE(Register(a1, 0, 0).outcome.good());
  EXPECT_TRUE(RegisterAndIgnore(a1, 0).outcome.good());
  EXPECT_EQ(state.generation(), 0u);
  EXPECT_TRUE(state.registrations().empty());
}

TEST_F(RegisterTest, ARegisteredNexusMustKnowItsKey) {
  Register(a1, 0, kA);
  EXPECT_EQ(Register(a1, 0, kB).outcome, kReservationConflict);
  EXPECT_EQ(Register(a1, kB, 0).outcome, kReservationConflict);
  EXPECT_TRUE(Register(a1, kA, kB).outcome.good());
  EXPECT_EQ(state.KeyOf(a1), kB);
  EXPECT_TRUE(Register(a1, kB, 0).outcome.good());
  EXPECT_EQ(state.KeyOf(a1), 0u);
}

// Rule 2.
TEST_F(RegisterTest, IgnoringTheKeyRegistersChangesAndUnregisters) {
  EXPECT_TRUE(RegisterAndIgnore(a1, kA).outcome.good());
  EXPECT_TRUE(RegisterAndIgnore(a1, kB).outcome.good());
  EXPECT_EQ(state.KeyOf(a1), kB);
  EXPECT_TRUE(RegisterAndIgnore(a1, 0).outcome.good());
  EXPECT_TRUE(state.registrations().empty());
}

TEST_F(RegisterTest, AChangedKeyLeavesTheReservation) {
  RegisterThree();
  Reserve(a1, kA, kWe);
  EXPECT_TRUE(Register(a1, kA, kC).outcome.good());
  EXPECT_TRUE(Held(kWe, a1));
  EXPECT_EQ(state.KeyOf(a2), kA) << "the same key elsewhere is another registration";
}

// Rule 3.
TEST_F(RegisterTest, SpecifiedInitiatorsAreRegisteredThroughTheSamePort) {
  EXPECT_TRUE(RegisterFor(a1, {port_b1, port_b2, port_b1, port_a1}).outcome.good());
  EXPECT_EQ(state.registrations().size(), 3u);
  EXPECT_EQ(state.KeyOf({port_b2, 1}), kA);
  EXPECT_EQ(state.KeyOf(b2), 0u);
  EXPECT_EQ(state.generation(), 1u) << "one request";
}

TEST_F(RegisterTest, SpecifiedInitiatorsThroughAllPortsOfTheirProtocol) {
  EXPECT_TRUE(RegisterFor(a1, {port_b1}, true).outcome.good());
  EXPECT_EQ(state.registrations().size(), 4u);
  EXPECT_EQ(state.KeyOf(a1_through_2), kA);
  EXPECT_EQ(state.KeyOf({port_b1, 2}), kA);
  EXPECT_EQ(state.KeyOf({port_b1, 3}), 0u);
}

TEST_F(RegisterTest, ANodeStandsForItsKnownPorts) {
  EXPECT_TRUE(RegisterFor(a1, {Node("b")}).outcome.good());
  EXPECT_EQ(state.registrations().size(), 3u);
  EXPECT_EQ(state.KeyOf({port_b1, 1}), kA);
  EXPECT_EQ(state.KeyOf({port_b2, 1}), kA);
}

TEST_F(RegisterTest, SpecifyingIsAllOrNothing) {
  Register(b1, 0, kB);
  EXPECT_EQ(RegisterFor(a1, {port_b2, port_b1}).outcome, kInvalidFieldInParameterList)
      << "one is registered";
  EXPECT_EQ(RegisterFor(a1, {port_b2, Node("stranger")}).outcome, kInvalidFieldInParameterList);
  std::vector<uint8_t> sas(24, 1);
  sas[0] = static_cast<uint8_t>(TransportProtocol::kSas);
  EXPECT_EQ(RegisterFor(a1, {port_b2, TransportId::Parse(sas)->id}).outcome,
            kInvalidFieldInParameterList)
      << "not through this port";
  EXPECT_EQ(state.registrations().size(), 1u);
}

TEST_F(RegisterTest, OnlyANewRegistrationSpecifies) {
  Register(a1, 0, kA);
  for (const uint64_t action_key : {uint64_t{0}, kB}) {
    ReserveOut request = Request(ReserveOutAction::kRegister, kA, action_key);
    request.specify_initiators = true;
    EXPECT_EQ(Do(a1, request).outcome, kInvalidFieldInParameterList);
    request.action = ReserveOutAction::kRegisterAndIgnore;
    EXPECT_EQ(Do(a1, request).outcome, kInvalidFieldInParameterList);
  }
  ReserveOut nothing = Request(ReserveOutAction::kRegister, 0, 0);
  nothing.specify_initiators = true;
  EXPECT_TRUE(Do(b1, nothing).outcome.good()) << "SPC-4 table 67 ignores the bit here";
}

TEST_F(RegisterTest, AllTargetPortsRegisterChangeAndUnregister) {
  EXPECT_TRUE(RegisterAll(a1, 0, kA).outcome.good());
  EXPECT_EQ(state.KeyOf(a1_through_2), kA);
  EXPECT_EQ(state.registrations().size(), 2u) << "port 3 speaks another protocol";
  EXPECT_TRUE(RegisterAll(a1_through_2, kA, kB).outcome.good());
  EXPECT_EQ(state.KeyOf(a1), kB);
  EXPECT_TRUE(RegisterAll(a1, kB, 0).outcome.good());
  EXPECT_TRUE(state.registrations().empty());
}

TEST_F(RegisterTest, AllTargetPortsOnlyForWhoKnowsTheirKeys) {
  Register(a1_through_2, 0, kC);
  EXPECT_EQ(RegisterAll(a1, 0, kA).outcome, kReservationConflict);
  EXPECT_EQ(state.KeyOf(a1), 0u) << "nor through the others";
  EXPECT_TRUE(RegisterAll(a1, 0, kC).outcome.good()) << "it is already what is asked for";
  EXPECT_TRUE(RegisterAll(a1, 0xdead, kA, true).outcome.good()) << "existing keys are ignored";
  EXPECT_EQ(state.KeyOf(a1_through_2), kA);
  Register(a1_through_2, kA, 0);
  EXPECT_TRUE(RegisterAll(a1, kA, 0).outcome.good()) << "gone already";
}

TEST_F(RegisterTest, ThereIsALimit) {
  for (uint64_t i = 0; i + 1 < Reservations::kMaxRegistrations; ++i) {
    state.Perform({Port("x", i), 1}, Request(ReserveOutAction::kRegister, 0, kC), {});
  }
  EXPECT_EQ(RegisterAll(a1, 0, kA).outcome, kInsufficientRegistrationResources);
  EXPECT_TRUE(Register(a1, 0, kA).outcome.good());
  EXPECT_EQ(Register(b1, 0, kB).outcome, kInsufficientRegistrationResources);
  EXPECT_TRUE(Register(a1, kA, kC).outcome.good()) << "a change needs no room";
  ASSERT_TRUE(Reserve(a1, kC, kWe).outcome.good());
  EXPECT_EQ(Move(a1, kC, kB, b2).outcome, kInsufficientRegistrationResources);
}

TEST_F(RegisterTest, TheLastRequestDecidesAboutPersistence) {
  ReserveOut request = Request(ReserveOutAction::kRegister, 0, kA);
  request.aptpl = true;
  Do(a1, request);
  EXPECT_TRUE(state.aptpl());
  EXPECT_TRUE(Reserve(a1, kA, kWe).outcome.good());
  EXPECT_TRUE(state.aptpl()) << "only registering says something about it";
  Register(b1, 0, kB);
  EXPECT_FALSE(state.aptpl());
}

// Rule 6.
TEST_F(RegisterTest, AHolderThatLeavesReleases) {
  for (const ReservationType type : {kWeRo, kEaRo}) {
    state = {};
    RegisterThree();
    Reserve(a1, kA, type);
    EXPECT_TRUE(Told(Register(a1, kA, 0), kReservationsReleased, {a2, b1}));
    EXPECT_FALSE(state.held().has_value());
  }
  for (const ReservationType type : {kWe, kEa}) {
    state = {};
    RegisterThree();
    Reserve(a1, kA, type);
    EXPECT_TRUE(RegisterAndIgnore(a1, 0).attentions.empty());
    EXPECT_FALSE(state.held().has_value());
  }
}

TEST_F(RegisterTest, OfAllRegistrantsTheLastReleases) {
  for (const ReservationType type : {kWeAr, kEaAr}) {
    state = {};
    RegisterThree();
    Reserve(a1, kA, type);
    EXPECT_TRUE(Register(a1, kA, 0).attentions.empty());
    Register(a2, kA, 0);
    EXPECT_TRUE(Held(type, b1));
    EXPECT_TRUE(Register(b1, kB, 0).attentions.empty());
    EXPECT_FALSE(state.held().has_value());
  }
}

TEST_F(RegisterTest, OneThatHoldsNothingLeavesSilently) {
  RegisterThree();
  Reserve(a1, kA, kWeRo);
  EXPECT_TRUE(Register(b1, kB, 0).attentions.empty());
  EXPECT_TRUE(Held(kWeRo, a1));
}

TEST_F(RegisterTest, AHolderMayLeaveThroughAnotherPort) {
  RegisterAll(a1, 0, kA);
  Register(b1, 0, kB);
  Reserve(a1_through_2, kA, kEaRo);
  EXPECT_TRUE(Told(RegisterAll(a1, kA, 0), kReservationsReleased, {b1}));
  EXPECT_FALSE(state.held().has_value());
}

// Rule 9: what counts. Reserving, releasing and refusals do not.
TEST_F(RegisterTest, TheGenerationCountsRegistrations) {
  Register(a1, 0, kA);
  RegisterAndIgnore(b1, kB);
  EXPECT_EQ(state.generation(), 2u);
  Register(b1, kA, kC);
  Reserve(a1, kA, kWe);
  EXPECT_EQ(state.generation(), 2u);
  Move(a1, kA, kB, b1);
  EXPECT_EQ(state.generation(), 3u);
  Release(b1, kB, kWe);
  EXPECT_EQ(state.generation(), 3u);
  Preempt(a1, kA, kB, kWe);
  PreemptAndAbort(a1, kA, kA, kWe);
  EXPECT_EQ(state.generation(), 5u);
  Register(a1, 0, kA);
  Clear(a1, kA);
  EXPECT_EQ(state.generation(), 7u);
}

TEST_F(RegisterTest, MoveTakesTheReservationAlong) {
  RegisterThree();
  for (const ReservationType type : {kWe, kEa, kWeRo, kEaRo}) {
    Reserve(a1, kA, type);
    const ReservationEffect effect = Move(a1, kA, kC, b2);
    EXPECT_TRUE(effect.outcome.good());
    EXPECT_TRUE(effect.attentions.empty());
    EXPECT_TRUE(Held(type, b2));
    EXPECT_EQ(state.KeyOf(b2), kC);
    EXPECT_EQ(state.KeyOf(a1), kA);
    EXPECT_TRUE(Release(b2, kC, type).outcome.good());
  }
}

TEST_F(RegisterTest, MoveMayUnregisterAndSetPersistence) {
  RegisterThree();
  Reserve(a1, kA, kWeRo);
  ReserveOut request = MoveRequest(kA, kC, b1);
  request.unregister = true;
  request.aptpl = true;
  const ReservationEffect effect = Do(a1, request);
  EXPECT_TRUE(effect.attentions.empty()) << "nothing was released";
  EXPECT_EQ(state.KeyOf(a1), 0u);
  EXPECT_EQ(state.KeyOf(b1), kC) << "its key was changed";
  EXPECT_TRUE(Held(kWeRo, b1));
  EXPECT_TRUE(state.aptpl());
}

TEST_F(RegisterTest, WhoMayMove) {
  EXPECT_EQ(Move(a1, kA, kC, b2).outcome, kReservationConflict) << "not registered";
  RegisterThree();
  EXPECT_EQ(Move(a1, kA, kC, b2).outcome, kInvalidFieldInCdb) << "nothing is reserved";
  Reserve(a1, kA, kWe);
  EXPECT_EQ(Move(a1, kB, kC, b2).outcome, kReservationConflict) << "a wrong key";
  EXPECT_EQ(Move(a2, kA, kC, b2).outcome, kReservationConflict) << "not the holder";
  Release(a1, kA, kWe);
  Reserve(a1, kA, kWeAr);
  EXPECT_EQ(Move(a1, kA, kC, b2).outcome, kReservationConflict) << "all registrants";
}

TEST_F(RegisterTest, WhereToMove) {
  RegisterThree();
  Reserve(a1, kA, kWe);
  EXPECT_EQ(Move(a1, kA, 0, b2).outcome, kInvalidFieldInParameterList) << "no key";
  EXPECT_EQ(Move(a1, kA, kC, {port_b2, 9}).outcome, kInvalidFieldInParameterList) << "no such port";
  EXPECT_EQ(Move(a1, kA, kC, {port_b2, 3}).outcome, kInvalidFieldInParameterList)
      << "it speaks another protocol";
  EXPECT_EQ(Move(a1, kA, kC, a1_through_2).outcome, kInvalidFieldInParameterList)
      << "the same initiator port (SPC-4 5.13.8)";
  EXPECT_EQ(Move(a1, kA, kC, {Node("b"), 2}).outcome, kInvalidFieldInParameterList) << "a node";
  EXPECT_TRUE(Held(kWe, a1));
}

}  // namespace
}  // namespace quire
