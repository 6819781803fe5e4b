// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: each class of commands passes for whom the standards' tables say so, under each type.
// Method: the tables written out once more as text, and every cell brought about with the topology
// of reservation_fixture.h: a1 reserves, b1 is registered as well, b2 is not.

#include "vdisk/reservation_class.h"

#include <string_view>

#include "tests/vdisk/reservation_fixture.h"

namespace quire {
namespace {

struct Row {
  ReservationClass command;
  // Allowed or Conflict: outside WE, outside EA, registrant under RO or AR, not registered under
  // WE-RO or -AR, not registered under EA-RO or -AR; then for others than who has RESERVEd.
  std::string_view cells;
};

constexpr Row kRows[] = {
    {ReservationClass::kIdentify, "AAAAAA"},
    {ReservationClass::kReport, "AAAAAC"},
    {ReservationClass::kMediumRead, "ACAACC"},
    {ReservationClass::kMediumWrite, "CCACCC"},
    {ReservationClass::kStateRead, "ACAACC"},
    {ReservationClass::kStateWrite, "CCACCC"},
    {ReservationClass::kStartUnit, "AAAAAC"},
    {ReservationClass::kStopUnit, "CCACCC"},
    {ReservationClass::kPreventRemoval, "CCACCC"},
    {ReservationClass::kAllowRemoval, "AAAAAA"},
    {ReservationClass::kPersistentReserveIn, "AAAAAC"},
    {ReservationClass::kPersistentReserveOut, "AAAAAC"},
    {ReservationClass::kReserveRelease, "AAAAAA"},
};
static_assert(std::size(kRows) == kReservationClasses);

class ReservationClassTest : public ReservationTest {
 protected:
  bool Allows(const NexusId& nexus, ReservationClass command) const {
    return state.ViewOf(nexus, 1).Allows(command);
  }
  // a1 holds `type`, b1 is registered, b2 is not.
  void Bring(ReservationType type) {
    state = {};
    Register(a1, 0, kA);
    Register(b1, 0, kB);
    ASSERT_TRUE(Reserve(a1, kA, type).outcome.good());
  }
};

TEST_F(ReservationClassTest, EveryClassUnderEveryType) {
  for (const ReservationType type : kTypes) {
    Bring(type);
    const bool write_exclusive = type == kWe || type == kWeRo || type == kWeAr;
    const bool shared = type != kWe && type != kEa;
    for (const Row& row : kRows) {
      SCOPED_TRACE(testing::Message() << "type " << static_cast<int>(type) << " class "
                                      << static_cast<int>(row.command));
      const size_t outside = (shared ? 3 : 0) + (write_exclusive ? 0 : 1);
      EXPECT_TRUE(Allows(a1, row.command)) << "holder";
      EXPECT_EQ(Allows(b1, row.command), row.cells[shared ? 2 : outside] == 'A') << "registrant";
      EXPECT_EQ(Allows(b2, row.command), row.cells[outside] == 'A') << "unregistered";
    }
  }
}

TEST_F(ReservationClassTest, EveryClassWithoutAReservation) {
  for (const Row& row : kRows) EXPECT_TRUE(Allows(b2, row.command));
  Register(a1, 0, kA);
  for (const Row& row : kRows) EXPECT_TRUE(Allows(b2, row.command)) << "registered is not reserved";
}

TEST_F(ReservationClassTest, EveryClassUnderSpc2Reserve) {
  Spc2Reserve(a1);
  for (const Row& row : kRows) {
    const bool persistent = row.command == ReservationClass::kPersistentReserveIn ||
                            row.command == ReservationClass::kPersistentReserveOut;
    EXPECT_EQ(Allows(a1, row.command), !persistent) << "holder";
    EXPECT_EQ(Allows(b1, row.command), row.cells[5] == 'A') << static_cast<int>(row.command);
  }
}

// SPC-4 table 66: not a class's business, each service action decides.
TEST_F(ReservationClassTest, EveryServiceActionByOthersThanTheHolder) {
  struct Action {
    ReserveOutAction action;
    bool registered;    // allowed for b1
    bool unregistered;  // allowed for b2
  };
  constexpr Action kActions[] = {
      {ReserveOutAction::kRegister, true, true},
      {ReserveOutAction::kRegisterAndIgnore, true, true},
      {ReserveOutAction::kClear, true, false},
      {ReserveOutAction::kPreempt, true, false},
      {ReserveOutAction::kPreemptAndAbort, true, false},
      {ReserveOutAction::kRelease, true, false},
      {ReserveOutAction::kReserve, false, false},
      {ReserveOutAction::kRegisterAndMove, false, false},
  };
  for (const ReservationType type : kTypes) {
    for (const Action& action : kActions) {
      SCOPED_TRACE(testing::Message() << "type " << static_cast<int>(type) << " action "
                                      << static_cast<int>(action.action));
      const bool reserves = action.action == ReserveOutAction::kReserve;
      const ReservationType other = type == kWe ? kEa : kWe;  // AR: the same would be granted
      const auto allowed = [&](const NexusId& nexus, uint64_t key) {
        Bring(type);
        ReserveOut request = Request(action.action, key, reserves ? other : type, kA);
        request.initiators = {port_a2};
        request.target_port = 2;
        return Do(nexus, request).outcome.status != Status::kReservationConflict;
      };
      EXPECT_EQ(allowed(b1, kB), action.registered);
      EXPECT_EQ(allowed(b2, 0), action.unregistered);
    }
  }
}

TEST_F(ReservationClassTest, AViewBelongsToItsEpoch) {
  EXPECT_EQ(ReservationView().epoch(), 0u);
  Bring(kEa);
  const ReservationView view = state.ViewOf(b2, 7);
  EXPECT_EQ(view.epoch(), 7u);
  EXPECT_FALSE(view.Allows(ReservationClass::kMediumRead));
  EXPECT_TRUE(ReservationView().Allows(ReservationClass::kMediumRead));
}

}  // namespace
}  // namespace quire
