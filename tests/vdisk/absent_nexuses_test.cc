// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: an initiator that was away hears what it missed, or that it may have missed anything.
// Method: nexuses leave, events come, nexuses return; with room for all and without.

#include "vdisk/absent_nexuses.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quire {
namespace {

using enum UnitAttention;

std::vector<UnitAttention> Drain(UnitAttentionList list) {
  std::vector<UnitAttention> all;
  while (const auto attention = list.Take()) all.push_back(*attention);
  return all;
}

TEST(AbsentNexusesTest, ANewOneIsToldOfPowerOn) {
  AbsentNexuses absent;
  EXPECT_EQ(Drain(absent.Return("a")), std::vector{kPowerOn});
  EXPECT_EQ(absent.count(), 0u);
}

TEST(AbsentNexusesTest, WhatItMissedInOrder) {
  AbsentNexuses absent;
  UnitAttentionList untold;
  untold.Post(kCapacityChanged);
  absent.Leave("a", untold);
  absent.Post("a", kRegistrationsPreempted);
  absent.PostAll(kModeParametersChanged);
  const std::vector expected = {kCapacityChanged, kNexusLoss, kRegistrationsPreempted,
                                kModeParametersChanged};
  EXPECT_EQ(Drain(absent.Return("a")), expected);
  EXPECT_EQ(Drain(absent.Return("a")), std::vector{kPowerOn}) << "told once";
}

TEST(AbsentNexusesTest, PowerOnThatWasNotToldYetSaysItAll) {
  AbsentNexuses absent;
  absent.Leave("a", absent.Return("a"));
  EXPECT_EQ(Drain(absent.Return("a")), std::vector{kPowerOn});
}

TEST(AbsentNexusesTest, OneThatWasNeverHere) {
  AbsentNexuses absent;
  absent.Post("a", kReservationsPreempted);
  EXPECT_EQ(Drain(absent.Return("b")), std::vector{kPowerOn});
  EXPECT_EQ(Drain(absent.Return("a")), (std::vector{kPowerOn, kReservationsPreempted}));
}

TEST(AbsentNexusesTest, TheOneThatLeftFirstIsForgottenFirst) {
  AbsentNexuses absent(3);
  for (const char* name : {"a", "b", "c"}) absent.Leave(name, {});
  absent.Leave("a", {});  // again: now it is the latest
  absent.Leave("d", {});
  EXPECT_EQ(absent.count(), 3u);
  EXPECT_EQ(Drain(absent.Return("b")), std::vector{kPowerOn});
  for (const char* name : {"a", "c", "d"}) {
    EXPECT_EQ(Drain(absent.Return(name)), std::vector{kNexusLoss}) << name;
  }
}

TEST(AbsentNexusesTest, NoRoomAtAll) {
  AbsentNexuses absent(0);
  absent.Leave("a", {});
  absent.Post("a", kCapacityChanged);
  EXPECT_EQ(absent.count(), 0u);
  EXPECT_EQ(Drain(absent.Return("a")), std::vector{kPowerOn});
}

}  // namespace
}  // namespace quire
