// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: reserving, releasing, clearing, SPC-2's RESERVE and RELEASE, and what a loss of power
// leaves follow SPC-4 5.13. Method: the topology of reservation_fixture.h; one test per rule.

#include "vdisk/reservations.h"

#include "tests/vdisk/reservation_fixture.h"

namespace quire {
namespace {

using ReservationsTest = ReservationTest;

// Rule 4.
TEST_F(ReservationsTest, OnlyForTheRegistered) {
  EXPECT_EQ(Reserve(a1, 0, kWe).outcome, kReservationConflict);
  Register(a1, 0, kA);
  EXPECT_EQ(Reserve(a1, kB, kWe).outcome, kReservationConflict);
  EXPECT_EQ(Reserve(a1_through_2, kA, kWe).outcome, kReservationConflict);
  EXPECT_TRUE(Reserve(a1, kA, kWe).outcome.good());
  EXPECT_TRUE(Held(kWe, a1));
}

TEST_F(ReservationsTest, TheSameAgainIsNoChange) {
  RegisterThree();
  for (const ReservationType type : kTypes) {
    ASSERT_TRUE(Reserve(a1, kA, type).changed);
    EXPECT_TRUE(Reserve(a1, kA, type).outcome.good());
    for (const ReservationType other : kTypes) {
      if (other == type) continue;
      EXPECT_EQ(Reserve(a1, kA, other).outcome, kReservationConflict);
    }
    ASSERT_TRUE(Release(a1, kA, type).outcome.good());
  }
}

TEST_F(ReservationsTest, AnotherNexusConflictsUnlessAllHoldIt) {
  RegisterThree();
  for (const ReservationType type : kTypes) {
    Reserve(a1, kA, type);
    const bool all = type == kWeAr || type == kEaAr;
    EXPECT_EQ(Reserve(a2, kA, type).outcome, all ? Outcome{} : kReservationConflict);
    EXPECT_EQ(Reserve(b1, kB, type).outcome, all ? Outcome{} : kReservationConflict);
    EXPECT_EQ(Reserve(b2, kB, type).outcome, kReservationConflict) << "not registered";
    EXPECT_EQ(state.held()->holder.has_value(), !all);
    Release(a1, kA, type);
  }
}

TEST_F(ReservationsTest, ScopesAndTypesThatAreNone) {
  Register(a1, 0, kA);
  for (const uint8_t type : {0, 2, 4, 9, 15}) {
    EXPECT_EQ(Reserve(a1, kA, ReservationType{type}).outcome, kInvalidFieldInCdb);
  }
  ReserveOut request = Request(ReserveOutAction::kReserve, kA, kWe);
  request.kind.scope = 1;
  EXPECT_EQ(Do(a1, request).outcome, kInvalidFieldInCdb);
  request.key = kB;
  EXPECT_EQ(Do(a1, request).outcome, kReservationConflict) << "the key is verified first";
}

// Rule 5.
TEST_F(ReservationsTest, ReleaseByARegisteredNonHolderDoesNothing) {
  RegisterThree();
  EXPECT_TRUE(Release(b1, kB, kWe).outcome.good()) << "nothing is reserved";
  Reserve(a1, kA, kWe);
  EXPECT_TRUE(Release(b1, kB, kWe).outcome.good());
  EXPECT_TRUE(Release(a2, kA, kEa).outcome.good());
  EXPECT_EQ(Release(b2, kB, kWe).outcome, kReservationConflict) << "not registered";
  EXPECT_EQ(Release(b1, kA, kWe).outcome, kReservationConflict) << "a wrong key";
  EXPECT_TRUE(Held(kWe, a1));
}

TEST_F(ReservationsTest, ReleaseMustNameScopeAndType) {
  RegisterThree();
  for (const ReservationType type : kTypes) {
    Reserve(a1, kA, type);
    const ReservationType other = type == kWe ? kEa : kWe;
    EXPECT_EQ(Release(a1, kA, other).outcome, kInvalidReleaseOfPersistentReservation);
    ReserveOut request = Request(ReserveOutAction::kRelease, kA, type);
    request.kind.scope = 2;
    EXPECT_EQ(Do(a1, request).outcome, kInvalidReleaseOfPersistentReservation);
    Release(a1, kA, type);
  }
}

TEST_F(ReservationsTest, ReleaseOfASharedOneIsTold) {
  RegisterThree();
  for (const ReservationType type : kTypes) {
    Reserve(a1, kA, type);
    const ReservationEffect effect = Release(a1, kA, type);
    EXPECT_FALSE(state.held().has_value());
    EXPECT_EQ(state.registrations().size(), 3u);
    if (type == kWe || type == kEa) {
      EXPECT_TRUE(effect.attentions.empty());
    } else {
      EXPECT_TRUE(Told(effect, kReservationsReleased, {a2, b1}));
    }
  }
  Reserve(a1, kA, kWeAr);
  EXPECT_TRUE(Told(Release(b1, kB, kWeAr), kReservationsReleased, {a1, a2}))
      << "any registrant is a holder";
}

TEST_F(ReservationsTest, ClearRemovesAllAndTellsTheOthers) {
  RegisterThree();
  Reserve(a1, kA, kEaRo);
  EXPECT_EQ(Clear(b2, 0).outcome, kReservationConflict);
  EXPECT_EQ(Clear(b1, kA).outcome, kReservationConflict);
  EXPECT_TRUE(Told(Clear(b1, kB), kReservationsPreempted, {a1, a2}));
  EXPECT_TRUE(state.registrations().empty());
  EXPECT_FALSE(state.held().has_value());
  EXPECT_EQ(state.generation(), 4u);
}

// Rule 11.
TEST_F(ReservationsTest, Spc2ReserveIsForOneNexus) {
  EXPECT_TRUE(Spc2Reserve(a1).outcome.good());
  EXPECT_TRUE(Spc2Reserve(a1).outcome.good()) << "again";
  EXPECT_EQ(Spc2Reserve(a1_through_2).outcome, kReservationConflict);
  EXPECT_EQ(Spc2Reserve(b1).outcome, kReservationConflict);
  EXPECT_TRUE(Spc2Release(b1).outcome.good()) << "without effect";
  EXPECT_EQ(state.StandingOf(a1), ReservationStanding::kSpc2Holder);
  EXPECT_EQ(state.StandingOf(b1), ReservationStanding::kSpc2Outside);
  EXPECT_TRUE(Spc2Release(a1).changed);
  EXPECT_TRUE(Spc2Reserve(b1).outcome.good());
}

TEST_F(ReservationsTest, PersistentReserveOutConflictsWithSpc2Reserve) {
  Spc2Reserve(a1);
  for (const NexusId& nexus : {a1, b1}) {
    EXPECT_EQ(Register(nexus, 0, kA).outcome, kReservationConflict);
    EXPECT_EQ(RegisterAndIgnore(nexus, kA).outcome, kReservationConflict);
    EXPECT_EQ(Reserve(nexus, 0, kWe).outcome, kReservationConflict);
    EXPECT_EQ(Clear(nexus, 0).outcome, kReservationConflict);
    EXPECT_EQ(Preempt(nexus, 0, kA, kWe).outcome, kReservationConflict);
    const ReservationView view = state.ViewOf(nexus, 1);
    EXPECT_FALSE(view.Allows(ReservationClass::kPersistentReserveIn));
    EXPECT_FALSE(view.Allows(ReservationClass::kPersistentReserveOut));
  }
}

TEST_F(ReservationsTest, CompatibleReservationHandling) {
  Register(a1, 0, kA);
  EXPECT_EQ(Spc2Reserve(a1).outcome, kReservationConflict) << "registered, nothing reserved";
  EXPECT_EQ(Spc2Release(a1).outcome, kReservationConflict);
  EXPECT_EQ(Spc2Reserve(b2).outcome, kReservationConflict);
  Register(b1, 0, kB);
  for (const ReservationType type : kTypes) {
    Reserve(a1, kA, type);
    const bool shared = type != kWe && type != kEa;
    EXPECT_TRUE(Spc2Reserve(a1).outcome.good());
    EXPECT_TRUE(Spc2Release(a1).outcome.good());
    EXPECT_EQ(Spc2Reserve(b1).outcome, shared ? Outcome{} : kReservationConflict);
    EXPECT_EQ(Spc2Release(b1).outcome, shared ? Outcome{} : kReservationConflict);
    EXPECT_EQ(Spc2Reserve(b2).outcome, kReservationConflict);
    EXPECT_EQ(Spc2Release(b2).outcome, kReservationConflict);
    EXPECT_FALSE(state.spc2_holder().has_value());
    EXPECT_TRUE(Held(type, a1)) << "it stays";
    Release(a1, kA, type);
  }
}

// Rule 12.
TEST_F(ReservationsTest, ResetsAndLossesEndSpc2ReserveOnly) {
  Spc2Reserve(a1);
  state.Spc2Lose(b1);
  EXPECT_TRUE(state.spc2_holder().has_value());
  state.Spc2Lose(a1);
  EXPECT_FALSE(state.spc2_holder().has_value());
  Spc2Reserve(a1);
  state.Spc2Reset();
  EXPECT_FALSE(state.spc2_holder().has_value());
  RegisterThree();
  Reserve(a1, kA, kWe);
  const Reservations before = state;
  state.Spc2Lose(a1);
  state.Spc2Reset();
  EXPECT_EQ(state, before);
}

TEST_F(ReservationsTest, AnotherSessionOfTheSameHostIsAnotherNexus) {
  Register(a1, 0, kA);
  Reserve(a1, kA, kWe);
  EXPECT_EQ(state.StandingOf({Port("a", 99), 1}), ReservationStanding::kOutsideWriteExclusive);
}

TEST_F(ReservationsTest, PersistenceDecidesAboutALossOfPower) {
  for (const bool aptpl : {false, true}) {
    state = {};
    ReserveOut request = Request(ReserveOutAction::kRegister, 0, kA);
    request.aptpl = aptpl;
    Do(a1, request);
    Reserve(a1, kA, kWe);
    state.PowerOn();
    EXPECT_TRUE(state.CheckInvariants());
    EXPECT_EQ(state.KeyOf(a1), aptpl ? kA : 0);
    EXPECT_EQ(state.held().has_value(), aptpl);
    EXPECT_EQ(state.generation(), 0u);
    EXPECT_EQ(state.aptpl(), aptpl);
  }
}

TEST_F(ReservationsTest, PartsThatContradictEachOtherAreNotRestored) {
  const Reservations::Held by_a1{{0, kWe}, a1};
  EXPECT_TRUE(Reservations::Restore({7, true, {{a1, kA}}, by_a1}).has_value());
  EXPECT_TRUE(Reservations::Restore({7, true, {{a1, kA}}, {{{0, kWeAr}, {}}}}).has_value());
  EXPECT_FALSE(Reservations::Restore({0, true, {{a1, 0}}, {}}).has_value()) << "key 0";
  EXPECT_FALSE(Reservations::Restore({0, true, {{b1, kB}}, by_a1}).has_value()) << "not registered";
  EXPECT_FALSE(Reservations::Restore({0, true, {{a1, kA}}, {{{0, kWe}, {}}}}).has_value());
  EXPECT_FALSE(Reservations::Restore({0, true, {{a1, kA}}, {{{0, kWeAr}, a1}}}).has_value());
  EXPECT_FALSE(Reservations::Restore({0, true, {{a1, kA}}, {{{1, kWe}, a1}}}).has_value());
  EXPECT_FALSE(Reservations::Restore({0, true, {}, {{{0, kWeAr}, {}}}}).has_value());
  EXPECT_FALSE(Reservations::Restore({0, true, {{{Node("a"), 1}, kA}}, {}}).has_value());
}

}  // namespace
}  // namespace quire
