// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: PREEMPT and PREEMPT AND ABORT follow SPC-4 table 72, and fence whom they should.
// Method: the topology of reservation_fixture.h; one test per row, for each type it is about.

#include "tests/vdisk/reservation_fixture.h"

namespace quire {
namespace {

using PreemptTest = ReservationTest;

TEST_F(PreemptTest, OnlyForTheRegistered) {
  RegisterThree();
  EXPECT_EQ(Preempt(b2, kB, kA, kWe).outcome, kReservationConflict);
  EXPECT_EQ(Preempt(b1, kA, kA, kWe).outcome, kReservationConflict) << "a wrong key";
  EXPECT_EQ(PreemptAndAbort(b2, 0, kA, kWe).outcome, kReservationConflict);
}

// Rule 7: nothing is reserved.
TEST_F(PreemptTest, WithoutAReservationRegistrationsAreRemoved) {
  RegisterThree();
  const ReservationEffect effect = Preempt(b1, kB, kA, kWe);
  EXPECT_TRUE(Told(effect, kRegistrationsPreempted, {a1, a2}));
  EXPECT_TRUE(effect.fenced.empty());
  EXPECT_EQ(state.registrations().size(), 1u);
  EXPECT_FALSE(state.held().has_value());
}

TEST_F(PreemptTest, AKeyThatNobodyHasIsAConflict) {
  RegisterThree();
  EXPECT_EQ(Preempt(b1, kB, kC, kWe).outcome, kReservationConflict);
  EXPECT_EQ(Preempt(b1, kB, 0, kWe).outcome, kReservationConflict);
  Reserve(a1, kA, kWe);
  EXPECT_EQ(Preempt(b1, kB, kC, kWe).outcome, kReservationConflict);
  Release(a1, kA, kWe);
  Reserve(a1, kA, kWeAr);
  EXPECT_EQ(Preempt(b1, kB, kC, kWe).outcome, kReservationConflict);
}

TEST_F(PreemptTest, ScopeAndTypeAreIgnoredWhereNothingIsTakenOver) {
  RegisterThree();
  EXPECT_TRUE(Preempt(b1, kB, kA, ReservationType{0xf}).outcome.good());
}

// One's own key: stale registrations of an old session go, and with them one's own (SPC-4
// 5.13.11.2.5). fence_scsi registers again after it.
TEST_F(PreemptTest, RemovingOnesOwnKeyRemovesOneself) {
  RegisterThree();
  EXPECT_TRUE(Told(Preempt(a1, kA, kA, kWe), kRegistrationsPreempted, {a2}));
  EXPECT_EQ(state.KeyOf(a1), 0u);
  EXPECT_EQ(state.KeyOf(b1), kB);
}

// All registrants, action key 0.
TEST_F(PreemptTest, AllRegistrantsAreRemovedByKeyZero) {
  for (const ReservationType type : {kWeAr, kEaAr}) {
    state = {};
    RegisterThree();
    Reserve(a1, kA, type);
    EXPECT_TRUE(Told(Preempt(b1, kB, 0, kEaRo), kRegistrationsPreempted, {a1, a2}));
    EXPECT_TRUE(Held(kEaRo, b1));
    EXPECT_EQ(state.registrations().size(), 1u);
  }
}

TEST_F(PreemptTest, TheOnlyRegistrantMayChangeTheType) {
  Register(a1, 0, kA);
  Reserve(a1, kA, kWeAr);
  EXPECT_TRUE(Preempt(a1, kA, 0, kEa).outcome.good());
  EXPECT_TRUE(Held(kEa, a1));
}

// All registrants, another action key.
TEST_F(PreemptTest, OfAllRegistrantsSomeAreRemoved) {
  RegisterThree();
  Reserve(a1, kA, kWeAr);
  EXPECT_TRUE(Told(Preempt(b1, kB, kA, kEa), kRegistrationsPreempted, {a1, a2}));
  EXPECT_TRUE(Held(kWeAr, b1)) << "the type is ignored";
  EXPECT_TRUE(Preempt(b1, kB, kB, kEa).attentions.empty());
  EXPECT_FALSE(state.held().has_value()) << "nobody is left";
}

// Another type, action key 0.
TEST_F(PreemptTest, OneHolderHasAKey) {
  for (const ReservationType type : {kWe, kEa, kWeRo, kEaRo}) {
    state = {};
    RegisterThree();
    Reserve(a1, kA, type);
    EXPECT_EQ(Preempt(b1, kB, 0, type).outcome, kInvalidFieldInParameterList);
  }
}

// Another type, the holder's key.
TEST_F(PreemptTest, TheReservationIsTakenOver) {
  for (const ReservationType type : {kWe, kEa, kWeRo, kEaRo}) {
    state = {};
    RegisterThree();
    Register(b2, 0, kC);
    Reserve(a1, kA, type);
    EXPECT_TRUE(Told(Preempt(b1, kB, kA, type), kRegistrationsPreempted, {a1, a2}))
        << "the type stays: b2 has nothing to learn";
    EXPECT_TRUE(Held(type, b1));
    EXPECT_EQ(state.registrations().size(), 2u);
  }
}

TEST_F(PreemptTest, WhoeverStaysLearnsOfAnotherType) {
  RegisterThree();
  Register(b2, 0, kC);
  Reserve(a1, kA, kWe);
  const ReservationEffect effect = Preempt(b1, kB, kA, kWeAr);
  ASSERT_EQ(effect.attentions.size(), 3u);
  EXPECT_EQ(effect.attentions[2].nexus, b2);
  EXPECT_EQ(effect.attentions[2].sense, kReservationsReleased);
  EXPECT_TRUE(Held(kWeAr, b2));
}

TEST_F(PreemptTest, ANewTypeMustBeOne) {
  RegisterThree();
  Reserve(a1, kA, kWe);
  EXPECT_EQ(Preempt(b1, kB, kA, ReservationType{2}).outcome, kInvalidFieldInCdb);
  ReserveOut request = Request(ReserveOutAction::kPreempt, kB, kWe, kA);
  request.kind.scope = 1;
  EXPECT_EQ(Do(b1, request).outcome, kInvalidFieldInCdb);
}

TEST_F(PreemptTest, AHolderMayPreemptItselfToChangeTheType) {
  RegisterThree();
  Reserve(a1, kA, kWe);
  const ReservationEffect effect = Preempt(a1, kA, kA, kEaRo);
  ASSERT_EQ(effect.attentions.size(), 2u);
  EXPECT_EQ(effect.attentions[0].nexus, a2) << "an entry of the same key";
  EXPECT_EQ(effect.attentions[0].sense, kRegistrationsPreempted);
  EXPECT_EQ(effect.attentions[1].nexus, b1);
  EXPECT_EQ(effect.attentions[1].sense, kReservationsReleased);
  EXPECT_TRUE(Held(kEaRo, a1));
  EXPECT_EQ(state.KeyOf(a1), kA);
}

TEST_F(PreemptTest, ANexusWithTheHoldersKeyTakesOver) {
  RegisterThree();
  Reserve(a1, kA, kWe);
  EXPECT_TRUE(Told(Preempt(a2, kA, kA, kWe), kRegistrationsPreempted, {a1}));
  EXPECT_TRUE(Held(kWe, a2));
  EXPECT_EQ(state.KeyOf(a2), kA);
}

// Another type, another key.
TEST_F(PreemptTest, AnotherKeyLeavesTheReservation) {
  RegisterThree();
  Reserve(a1, kA, kWeRo);
  EXPECT_TRUE(Told(Preempt(a2, kA, kB, kEa), kRegistrationsPreempted, {b1}));
  EXPECT_TRUE(Held(kWeRo, a1));
  Register(b1, 0, kB);
  EXPECT_TRUE(Preempt(b1, kB, kB, kEa).attentions.empty());
  EXPECT_EQ(state.KeyOf(b1), 0u);
  EXPECT_TRUE(Held(kWeRo, a1));
}

// Rule 8.
TEST_F(PreemptTest, AbortFencesAllWithThatKey) {
  RegisterThree();
  Reserve(a1, kA, kWeRo);
  const ReservationEffect effect = PreemptAndAbort(b1, kB, kA, kWeRo);
  std::vector<NexusId> fenced = {a1, a2};
  std::ranges::sort(fenced);
  EXPECT_EQ(effect.fenced, fenced);
  ASSERT_EQ(effect.attentions.size(), 4u);
  for (size_t i = 0; i < 4; i += 2) {
    EXPECT_EQ(effect.attentions[i].nexus, fenced[i / 2]);
    EXPECT_EQ(effect.attentions[i].sense, kRegistrationsPreempted);
    EXPECT_EQ(effect.attentions[i + 1].nexus, fenced[i / 2]);
    EXPECT_EQ(effect.attentions[i + 1].sense, kCommandsClearedByAnotherInitiator);
  }
  EXPECT_TRUE(Held(kWeRo, b1));
}

TEST_F(PreemptTest, AbortFencesWithoutAReservation) {
  RegisterThree();
  EXPECT_EQ(PreemptAndAbort(a1, kA, kB, kWeRo).fenced, std::vector<NexusId>{b1});
}

TEST_F(PreemptTest, AbortMayFenceOneself) {
  RegisterThree();
  Reserve(a1, kA, kWeRo);
  EXPECT_EQ(PreemptAndAbort(a1, kA, kA, kWeRo).fenced.size(), 2u)
      << "with a2, which has the same key";
  EXPECT_EQ(state.KeyOf(a1), kA);
  state = {};
  RegisterThree();
  Reserve(a1, kA, kEaAr);
  EXPECT_EQ(PreemptAndAbort(a1, kA, 0, kWeRo).fenced.size(), 3u)
      << "all registered nexuses (SPC-4 5.13.11.2.6)";
}

}  // namespace
}  // namespace quire
