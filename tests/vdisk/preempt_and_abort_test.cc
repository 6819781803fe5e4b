// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: PREEMPT AND ABORT is answered when nothing of its victims can land any more (SPC-4
// 5.13.11.2.6), and every victim is answered, or told, as TAS has it.
// Method: the topology of two_host_fixture.h; writes of host b are held back in the backing, so
// that they are out of reach, and let go when the test says so.
#include "tests/vdisk/two_host_fixture.h"

namespace quire {
namespace {

class PreemptAndAbortTest : public TwoHosts {
 protected:
  PreemptAndAbortTest() { RegisterAll(kWeRo); }
  std::unique_ptr<TestCommand> StartPreempt(ScsiNexus& nexus, uint64_t key, uint64_t victims) {
    auto command =
        std::make_unique<TestCommand>(PrOut(kPreemptAndAbort, kWeRo), PrList(key, victims));
    server_->Execute(nexus, *command);
    return command;
  }
};

TEST_F(PreemptAndAbortTest, ItIsAnsweredAfterTheLastWriteHasLanded) {
  HoldWrites();
  const auto victim = StartHeldWrite(*b_, 4, 0xbb);
  const auto other = StartHeldWrite(*b2_, 5, 0xbc);
  const auto preempt = StartPreempt(*a_, kA, kB);
  Turn();
  EXPECT_EQ(preempt->count_done, 0);
  EXPECT_EQ(Run(*b_, Write16(0, 1), Filled(1, 9)), kReservationConflict) << "in force already";
  EXPECT_EQ(ReadKeys(*a_), (Keys{5, {kA, kA}}));
  LetGo();
  WaitFor(*preempt);
  EXPECT_EQ(preempt->outcome(), kGood);
  const Bytes landed = OnDisk(4);
  WaitFor(*victim);
  WaitFor(*other);
  EXPECT_FALSE(victim->answered());
  EXPECT_FALSE(other->answered());
  EXPECT_EQ(Told(*b_), (Codes{0x2a05, 0x2f00}));
  EXPECT_EQ(Told(*b2_), (Codes{0x2a05, 0x2f00}));
  EXPECT_EQ(Told(*a2_), Codes{});
  Turn(5);
  EXPECT_EQ(OnDisk(4), landed) << "nothing after the answer";
}

TEST_F(PreemptAndAbortTest, WithTasTheVictimsAreAnswered) {
  SetTas(true);
  HoldWrites();
  const auto victim = StartHeldWrite(*b_, 4, 0xbb);
  const auto preempt = StartPreempt(*a_, kA, kB);
  Turn(5);
  LetGo();
  WaitFor(*preempt);
  WaitFor(*victim);
  EXPECT_TRUE(victim->answered());
  EXPECT_EQ(victim->outcome(), kTaskAborted);
  EXPECT_EQ(Told(*b_), Codes{0x2a05}) << "no COMMANDS CLEARED beside TASK ABORTED";
}

TEST_F(PreemptAndAbortTest, WhatWaitsNeverRuns) {
  HoldWrites();
  const auto running = StartHeldWrite(*b_, 4, 0xbb);
  // Behind the first one's blocks, and behind an ORDERED one in the task set.
  auto excluded = std::make_unique<TestCommand>(Cdb16(0x8b, 4 * 8 + 1, 1), Filled(1, 0xff));
  server_->Execute(*b_, *excluded);
  const auto ordered = StartWrite(*b2_, 6, 0xcc, TaskAttribute::kOrdered);
  const auto behind = StartWrite(*b2_, 7, 0xcd);
  const auto own = StartWrite(*a_, 8, 0xaa, TaskAttribute::kHeadOfQueue);
  // It would wait behind the ORDERED one.
  auto preempt = std::make_unique<TestCommand>(PrOut(kPreemptAndAbort, kWeRo), PrList(kA, kB));
  preempt->attribute = TaskAttribute::kHeadOfQueue;
  server_->Execute(*a_, *preempt);
  WaitFor(*ordered);
  WaitFor(*behind);
  EXPECT_FALSE(ordered->answered());
  EXPECT_FALSE(behind->answered());
  Turn();
  EXPECT_EQ(preempt->count_done, 0);
  LetGo();
  for (TestCommand* const one : {preempt.get(), running.get(), excluded.get(), own.get()}) {
    WaitFor(*one);
  }
  EXPECT_EQ(preempt->outcome(), kGood);
  EXPECT_EQ(own->outcome(), kGood);
  EXPECT_FALSE(excluded->answered());
  EXPECT_EQ(OnDisk(4), Filled(1, 0xbb)) << "ORWRITE came to its blocks as a victim";
  EXPECT_EQ(OnDisk(6), Filled(1, 0));
  EXPECT_EQ(OnDisk(7), Filled(1, 0));
  EXPECT_EQ(OnDisk(8), Filled(1, 0xaa));
}

// fence_scsi purges stale registrations with its own key: its other paths are fenced with them.
TEST_F(PreemptAndAbortTest, OfTheOwnKeyFencesTheOtherPort) {
  HoldWrites();
  const auto other_path = StartHeldWrite(*a2_, 4, 0xa2);
  const auto same_path = StartHeldWrite(*a_, 5, 0xa1);
  const auto stranger = StartHeldWrite(*b_, 6, 0xbb);
  const auto preempt = StartPreempt(*a_, kA, kA);
  Turn();
  EXPECT_EQ(preempt->count_done, 0);
  LetGo();
  for (TestCommand* const one :
       {preempt.get(), other_path.get(), same_path.get(), stranger.get()}) {
    WaitFor(*one);
  }
  EXPECT_EQ(preempt->outcome(), kGood);
  EXPECT_FALSE(other_path->answered());
  EXPECT_FALSE(same_path->answered());
  EXPECT_EQ(stranger->outcome(), kGood);
  EXPECT_EQ(ReadKeys(*a_), (Keys{5, {kA, kB, kB}}));
  EXPECT_EQ(Told(*a2_), (Codes{0x2a05, 0x2f00}));
  EXPECT_EQ(Told(*a_), Codes{});
}

TEST_F(PreemptAndAbortTest, WithoutVictimsItIsAnsweredAtOnce) {
  HoldWrites();
  const auto own = StartHeldWrite(*a_, 4, 0xaa);
  const auto preempt = StartPreempt(*a_, kA, kB);
  WaitFor(*preempt);
  EXPECT_EQ(preempt->outcome(), kGood);
  EXPECT_EQ(Told(*b_), Codes{0x2a05}) << "it had no commands to lose";
  LetGo();
  WaitFor(*own);
  EXPECT_EQ(own->outcome(), kGood);
}

TEST_F(PreemptAndAbortTest, ARefusedOneAbortsNothing) {
  HoldWrites();
  const auto write = StartHeldWrite(*b_, 4, 0xbb);
  const auto preempt = StartPreempt(*a_, kA, 0xdead);
  WaitFor(*preempt);
  EXPECT_EQ(preempt->outcome(), kReservationConflict);
  LetGo();
  WaitFor(*write);
  EXPECT_EQ(write->outcome(), kGood);
  EXPECT_EQ(OnDisk(4), Filled(1, 0xbb));
}

// The one whose change comes second finds itself unregistered, or aborted.
TEST_F(PreemptAndAbortTest, TwoThatPreemptEachOther) {
  for (int round = 0; round < 50; ++round) {
    const auto by_a = StartPreempt(*a_, kA, kB);
    const auto by_b = StartPreempt(*b_, kB, kA);
    WaitFor(*by_a);
    WaitFor(*by_b);
    const bool a_won = by_a->answered() && by_a->outcome().good();
    const bool b_won = by_b->answered() && by_b->outcome().good();
    EXPECT_NE(a_won, b_won);
    for (ScsiNexus* const nexus : {a_.get(), a2_.get(), b_.get(), b2_.get()}) {
      Told(*nexus);
      EXPECT_EQ(
          Pr(*nexus, kRegisterAndIgnore, 0, nexus == a_.get() || nexus == a2_.get() ? kA : kB),
          kGood);
    }
  }
}

TEST_F(PreemptAndAbortTest, AVictimMayBeResetMeanwhile) {
  HoldWrites();
  const auto victim = StartHeldWrite(*b_, 4, 0xbb);
  const auto preempt = StartPreempt(*a_, kA, kB);
  Turn(5);
  static int count_gone;
  count_gone = 0;
  TaskManagement loss;
  loss.kind = TaskFunction::kNexusReset;
  loss.done = [](TaskManagement&) { ++count_gone; };
  server_->Manage(*b_, loss);
  Turn(5);
  EXPECT_EQ(count_gone, 0);
  EXPECT_EQ(preempt->count_done, 0);
  LetGo();
  WaitFor(*preempt);
  WaitFor(*victim);
  for (int i = 0; i < 1000 && count_gone == 0; ++i) reactor_->Wait(kNsPerMs);
  EXPECT_EQ(count_gone, 1);
  b_.reset();
  b_ = Come('b', 1);
  EXPECT_EQ(Told(*b_), (Codes{0x2a05, 0x2f00, 0x2907}));
}

}  // namespace
}  // namespace quire
