// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: PERSISTENT RESERVE OUT and IN, RESERVE and RELEASE do by CDB what SPC-4 5.13 asks for, and
// everybody hears of it who has to, there or not.
// Method: the topology that two_host_fixture.h draws: two hosts with two ports each, two target
// ports, one logical unit; what each nexus is answered and told.
#include "tests/vdisk/two_host_fixture.h"

namespace quire {
namespace {

class SpcReserveTest : public TwoHosts {};

TEST_F(SpcReserveTest, WhoIsRegisteredAndWhoHasReservedIsRead) {
  EXPECT_EQ(ReadKeys(*a_), (Keys{0, {}}));
  EXPECT_EQ(ReadType(*a_), 0);
  RegisterAll(kEaRo);
  EXPECT_EQ(ReadKeys(*b2_), (Keys{4, {kA, kA, kB, kB}}));
  EXPECT_EQ(ReadType(*b2_), kEaRo);
  // READ FULL STATUS: four descriptors, of which one says R_HOLDER.
  ASSERT_EQ(Run(*b_, {0x5e, 3, 0, 0, 0, 0, 0, 4, 0, 0}), kGood);
  int count = 0;
  int count_holders = 0;
  for (size_t at = 8; at < found_.size(); at += 24 + LoadBig<4>(&found_[at + 20]), ++count) {
    const bool holds = (found_[at + 12] & 1) != 0;
    if (!holds) continue;
    ++count_holders;
    EXPECT_EQ(LoadBig<8>(&found_[at]), kA);
    EXPECT_EQ(LoadBig<2>(&found_[at + 18]), 1u);
  }
  EXPECT_EQ(count, 4);
  EXPECT_EQ(count_holders, 1);
  // REPORT CAPABILITIES: all six types.
  ASSERT_EQ(Run(*b_, {0x5e, 2, 0, 0, 0, 0, 0, 0, 8, 0}), kGood);
  EXPECT_EQ(found_, (Bytes{0, 8, 0x1c, 0xc0, 0xea, 0x01, 0, 0}));
}

// The length that there is, whatever was asked for (SPC-4 6.15.2).
TEST_F(SpcReserveTest, AShortAllocationLengthCutsOnlyTheData) {
  RegisterAll(kWe);
  ASSERT_EQ(Run(*a_, {0x5e, 0, 0, 0, 0, 0, 0, 0, 16, 0}), kGood);
  EXPECT_EQ(found_.size(), 16u);
  EXPECT_EQ(LoadBig<4>(&found_[4]), 32u);
  ASSERT_EQ(Run(*a_, {0x5e, 0, 0, 0, 0, 0, 0, 0, 0, 0}), kGood);
  EXPECT_TRUE(found_.empty());
}

TEST_F(SpcReserveTest, AWrongListIsRefusedAndChangesNothing) {
  Bytes cdb = PrOut(kRegister);
  cdb[8] = 23;
  EXPECT_TRUE(Run(*a_, cdb, Bytes(23)).Is(kParameterListLengthError));
  cdb[8] = 25;
  EXPECT_TRUE(Run(*a_, cdb, Bytes(25)).Is(kParameterListLengthError));
  EXPECT_TRUE(Run(*a_, PrOut(kRegister), Bytes(12)).Is(kDataPhaseError)) << "half of it came";
  EXPECT_TRUE(Run(*a_, {0x5f, 0x09, 0, 0, 0, 0, 0, 0, 24, 0}, Bytes(24)).Is(kInvalidFieldInCdb));
  ASSERT_EQ(Pr(*a_, kRegister, 0, kA), kGood);
  for (const uint8_t type : {0, 2, 4, 9, 15, 0x11}) {
    EXPECT_TRUE(Pr(*a_, kReserve, kA, 0, type).Is(kInvalidFieldInCdb)) << int{type};
  }
  EXPECT_EQ(ReadKeys(*a_), (Keys{1, {kA}}));
  EXPECT_EQ(ReadType(*a_), 0);
}

TEST_F(SpcReserveTest, ReleasedToAllRegistrants) {
  RegisterAll(kWeRo);
  EXPECT_EQ(Pr(*b_, kRelease, kB, 0, kWeRo), kGood) << "of who does not hold it: no effect";
  EXPECT_EQ(ReadType(*a_), kWeRo);
  EXPECT_TRUE(Pr(*a_, kRelease, kA, 0, kEaRo).Is(kInvalidReleaseOfPersistentReservation));
  EXPECT_EQ(Pr(*a_, kRelease, kA, 0, kWeRo), kGood);
  for (ScsiNexus* const nexus : {a2_.get(), b_.get(), b2_.get()}) {
    EXPECT_EQ(Told(*nexus), Codes{0x2a04});
  }
  EXPECT_EQ(Told(*a_), Codes{});
  EXPECT_EQ(ReadKeys(*a_).generation, 4u) << "RESERVE and RELEASE do not count";
}

TEST_F(SpcReserveTest, TheHolderLeavesWithItsReservation) {
  RegisterAll(kEaRo);
  EXPECT_EQ(Pr(*a_, kRegister, kA, 0), kGood);
  EXPECT_EQ(ReadType(*a_), 0);
  for (ScsiNexus* const nexus : {a2_.get(), b_.get(), b2_.get()}) {
    EXPECT_EQ(Told(*nexus), Codes{0x2a04});
  }
}

TEST_F(SpcReserveTest, ClearIsToldAsPreempted) {
  RegisterAll(kWe);
  EXPECT_EQ(Pr(*b2_, kClear, kB, 0), kGood);
  for (ScsiNexus* const nexus : {a_.get(), a2_.get(), b_.get()}) {
    EXPECT_EQ(Told(*nexus), Codes{0x2a03});
  }
  EXPECT_EQ(Told(*b2_), Codes{});
  EXPECT_EQ(ReadKeys(*a_), (Keys{5, {}}));
}

TEST_F(SpcReserveTest, PreemptTellsWhoLostItsRegistrationAndWhoFindsAnotherType) {
  RegisterAll(kWeRo);
  EXPECT_EQ(Pr(*b_, kPreempt, kB, kA, kEaRo), kGood);
  EXPECT_EQ(Told(*a_), Codes{0x2a05});
  EXPECT_EQ(Told(*a2_), Codes{0x2a05});
  EXPECT_EQ(Told(*b2_), Codes{0x2a04});
  EXPECT_EQ(Told(*b_), Codes{});
  EXPECT_EQ(ReadKeys(*a_), (Keys{5, {kB, kB}}));
  EXPECT_EQ(ReadType(*a_), kEaRo);
}

TEST_F(SpcReserveTest, WhoIsAwayHearsOfItWhenItIsBack) {
  RegisterAll(kWeRo);
  b_.reset();
  b2_.reset();
  EXPECT_EQ(Pr(*a_, kPreemptAndAbort, kA, kB, kWeRo), kGood);
  b_ = Come('b', 1);
  b2_ = Come('b', 2);
  EXPECT_EQ(Told(*b_), (Codes{0x2907, 0x2a05}));
  EXPECT_EQ(Told(*b2_), (Codes{0x2907, 0x2a05}));
  EXPECT_EQ(Run(*b_, Write16(0, 1), Filled(1, 9)), kReservationConflict);
  EXPECT_EQ(ReadKeys(*b_), (Keys{5, {kA, kA}}));
}

// Of a registration that was kept over a loss of power its initiator may not have come yet.
TEST_F(SpcReserveTest, WhoNeverCameHearsOfPowerOnFirst) {
  RegisterAll(kWeRo);
  const NexusId c = IdOf('c', 1);
  Bytes list = PrList(0, 0xc, 0x08);  // SPEC_I_PT
  Bytes length(4);
  StoreBig<4>(length.data(), c.initiator.bytes().size());
  list.insert(list.end(), length.begin(), length.end());
  list.insert(list.end(), c.initiator.bytes().begin(), c.initiator.bytes().end());
  Bytes cdb = PrOut(kRegister);
  cdb[8] = static_cast<uint8_t>(list.size());
  ASSERT_EQ(Pr(*a_, kRegister, kA, 0), kGood);
  ASSERT_EQ(Run(*a_, cdb, list), kGood);
  ASSERT_EQ(Told(*b_), Codes{0x2a04});
  ASSERT_EQ(Pr(*b_, kPreempt, kB, 0xc, kWe), kGood);
  EXPECT_EQ(Told(*a_), Codes{0x2a05}) << "it registered itself with the same key";
  auto third = Come('c', 1);
  EXPECT_EQ(Told(*third), (Codes{0x2900, 0x2a05}));
}

TEST_F(SpcReserveTest, ARegistrationOutlivesItsNexus) {
  RegisterAll(kEa);
  a_.reset();
  EXPECT_EQ(Run(*b_, Read16(0, 1)), kReservationConflict);
  a_ = Come('a', 1);
  EXPECT_EQ(Told(*a_), Codes{0x2907});
  EXPECT_EQ(Run(*a_, Read16(0, 1)), kGood);
}

TEST_F(SpcReserveTest, ReserveIsLostWithItsNexus) {
  EXPECT_EQ(Run(*a_, {0x16, 0, 0, 0, 0, 0}), kGood);
  EXPECT_EQ(Run(*a_, {0x56, 0, 0, 0, 0, 0, 0, 0, 0, 0}), kGood) << "once more";
  EXPECT_EQ(Run(*b_, Bytes(6)), kReservationConflict);
  EXPECT_EQ(Run(*b_, {0x16, 0, 0, 0, 0, 0}), kReservationConflict);
  EXPECT_EQ(Run(*b_, {0x17, 0, 0, 0, 0, 0}), kGood) << "without effect";
  EXPECT_EQ(Run(*a2_, Read16(0, 1)), kReservationConflict) << "the other way is another nexus";
  a2_.reset();
  EXPECT_EQ(Run(*b_, Read16(0, 1)), kReservationConflict) << "that one did not hold it";
  a_.reset();
  EXPECT_EQ(Run(*b_, Read16(0, 1)), kGood);
  EXPECT_EQ(Run(*b_, {0x16, 0, 0, 0, 0, 0}), kGood);
}

TEST_F(SpcReserveTest, RegisterAndMoveHandsTheReservationOver) {
  RegisterAll(kEa);
  const NexusId to = IdOf('b', 2);
  Bytes list(24);
  StoreBig<8>(list.data(), kA);
  StoreBig<8>(&list[8], 0xd);
  list[17] = 0x02;  // UNREG
  StoreBig<2>(&list[18], to.target_port);
  StoreBig<4>(&list[20], to.initiator.bytes().size());
  list.insert(list.end(), to.initiator.bytes().begin(), to.initiator.bytes().end());
  Bytes cdb = PrOut(kRegisterAndMove);
  cdb[8] = static_cast<uint8_t>(list.size());
  EXPECT_EQ(Run(*a_, cdb, list), kGood);
  EXPECT_EQ(Run(*b2_, Write16(0, 1), Filled(1, 1)), kGood);
  EXPECT_EQ(Run(*a_, Write16(0, 1), Filled(1, 2)), kReservationConflict);
  EXPECT_EQ(ReadKeys(*a_), (Keys{5, {kA, kB, 0xd}}));
}

}  // namespace
}  // namespace quire
