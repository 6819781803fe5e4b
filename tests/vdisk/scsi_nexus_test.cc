// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a nexus is the same one whenever it comes, and leaves nothing behind but its registration
// and what it has not been told.
// Method: the topology of two_host_fixture.h; nexuses go and come back, by the same way and others.
#include "tests/vdisk/two_host_fixture.h"

namespace quire {
namespace {

class ScsiNexusTest : public TwoHosts {};

TEST_F(ScsiNexusTest, ItIsNamedByBothPorts) {
  EXPECT_EQ(a_->id(), IdOf('a', 1));
  EXPECT_EQ(a_->port().relative_port, 1);
  EXPECT_NE(ScsiNexus::NameOf(IdOf('a', 1)), ScsiNexus::NameOf(IdOf('b', 1)));
  EXPECT_NE(ScsiNexus::NameOf({IdOf('a', 1).initiator, 2}), ScsiNexus::NameOf(IdOf('a', 1)));
  EXPECT_EQ(&a_->server(), server_.get());
}

TEST_F(ScsiNexusTest, WhatItWasNotToldIsKept) {
  server_->PostAttention(UnitAttention::kCapacityChanged);
  a_.reset();
  server_->PostAttention(UnitAttention::kThinThreshold);
  a_ = Come('a', 1);
  EXPECT_EQ(Told(*a_), (Codes{0x2a09, 0x2907, 0x3807}));
  a_.reset();
  a_ = Come('a', 1);
  EXPECT_EQ(Told(*a_), Codes{0x2907}) << "each once";
}

TEST_F(ScsiNexusTest, AnotherWayIsAnotherNexus) {
  a_.reset();
  const NexusId crossed = {IdOf('a', 1).initiator, 2};
  auto nexus = server_->Connect(*reactor_, crossed, {.relative_port = 2});
  EXPECT_EQ(Told(*nexus), Codes{0x2900}) << "it has not been here";
}

TEST_F(ScsiNexusTest, OnlyItsReserveGoesWithIt) {
  ASSERT_EQ(Run(*a_, {0x16, 0, 0, 0, 0, 0}), kGood);
  b_.reset();
  EXPECT_EQ(Run(*a2_, Read16(0, 1)), kReservationConflict);
  a_.reset();
  EXPECT_EQ(Run(*a2_, Read16(0, 1)), kGood);
  ASSERT_EQ(Pr(*a2_, kRegister, 0, kA), kGood);
  ASSERT_EQ(Pr(*a2_, kReserve, kA, 0, kWe), kGood);
  a2_.reset();
  EXPECT_EQ(Run(*b2_, Write16(0, 1), Filled(1, 1)), kReservationConflict);
}

}  // namespace
}  // namespace quire
