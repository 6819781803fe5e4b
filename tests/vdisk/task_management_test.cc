// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a task management function finds its victims, is answered when nothing of theirs can land
// any more, does what else SAM-5 clauses 6.3 and 7 ask for, and tells who has to know.
// Method: the topology of two_host_fixture.h; writes are held back in the backing while functions
// are under way; a table for the functions.
#include "vdisk/task_management.h"

#include "tests/vdisk/two_host_fixture.h"

namespace quire {
namespace {

using enum TaskFunction;

struct Managed : TaskManagement {
  int count_done = 0;
};

class TaskManagementTest : public TwoHosts {
 protected:
  void Start(ScsiNexus& nexus, Managed& function, TaskFunction kind, uint64_t tag = 0) {
    function.kind = kind;
    function.tag = tag;
    function.done = [](TaskManagement& done) { ++static_cast<Managed&>(done).count_done; };
    server_->Manage(nexus, function);
    EXPECT_EQ(function.count_done, 0) << "never inside the call that started it";
  }
  void WaitForFunction(const Managed& function) {
    for (int i = 0; i < 20000 && function.count_done == 0; ++i) reactor_->Wait(kNsPerMs);
    ASSERT_EQ(function.count_done, 1);
  }
  ServiceResponse Manage(ScsiNexus& nexus, TaskFunction kind, uint64_t tag = 0) {
    Managed function;
    Start(nexus, function, kind, tag);
    WaitForFunction(function);
    return function.response();
  }
};

// Held writes of a_ (pages 1 and 2) and of b_ (page 3): which of them each function of a_ aborts,
// and what b_ and b2_, which has no commands, are told with TAS=0 and TAS=1.
struct Row {
  TaskFunction kind;
  std::vector<uint64_t> victims;
  std::vector<int> told_b, told_b_tas, told_b2, told_a;
};
class EachFunctionTest : public TaskManagementTest, public testing::WithParamInterface<Row> {
 protected:
  void Check(bool tas);
};
INSTANTIATE_TEST_SUITE_P(
    All, EachFunctionTest,
    testing::Values(Row{kAbortTask, {1}, {}, {}, {}, {}},
                    Row{kAbortTaskSet, {1, 2}, {}, {}, {}, {}},
                    Row{kClearTaskSet, {1, 2, 3}, {0x2f00}, {}, {}, {}},
                    Row{kLogicalUnitReset, {1, 2, 3}, {0x2903}, {0x2903}, {0x2903}, {0x2903}},
                    Row{kNexusReset, {1, 2}, {}, {}, {}, {0x2907}}));

void EachFunctionTest::Check(bool tas) {
  const Row& row = GetParam();
  const auto is_victim = [&row](uint64_t page) {
    return std::ranges::find(row.victims, page) != row.victims.end();
  };
  HoldWrites();
  std::vector<std::unique_ptr<TestCommand>> writes;
  writes.push_back(StartHeldWrite(*a_, 1, 0xa1));
  writes.push_back(StartHeldWrite(*a_, 2, 0xa2));
  writes.push_back(StartHeldWrite(*b_, 3, 0xb3));
  Managed function;
  Start(*a_, function, row.kind, 1);
  Turn();
  EXPECT_EQ(function.count_done, 0) << "they can still land";
  for (uint64_t page = 1; page <= 2; ++page) {
    EXPECT_EQ(Manage(*a_, kQueryTask, page), is_victim(page) ? ServiceResponse::kFunctionComplete
                                                             : ServiceResponse::kFunctionSucceeded);
  }
  LetGo();
  WaitForFunction(function);
  EXPECT_EQ(function.response(), ServiceResponse::kFunctionComplete);
  EXPECT_EQ(function.count_found(), row.victims.size());
  Bytes landed[3];
  for (uint64_t page = 1; page <= 3; ++page) landed[page - 1] = OnDisk(page);
  for (uint64_t page = 1; page <= 3; ++page) {
    const TestCommand& write = *writes[page - 1];
    WaitFor(write);
    const bool told = page == 3 && tas;
    EXPECT_EQ(write.answered(), !is_victim(page) || told) << page;
    if (write.answered()) {
      EXPECT_EQ(write.outcome(), is_victim(page) ? kTaskAborted : kGood) << page;
    }
    if (is_victim(page)) {
      EXPECT_EQ(OnDisk(page), landed[page - 1]) << "nothing after the answer";
    }
  }
  EXPECT_EQ(Told(*a_), row.told_a);
  EXPECT_EQ(Told(*b_), tas ? row.told_b_tas : row.told_b);
  EXPECT_EQ(Told(*b2_), row.told_b2);
  EXPECT_EQ(Manage(*a_, kQueryTaskSet), ServiceResponse::kFunctionComplete);
  EXPECT_EQ(Run(*a_, Write16(9, 1), Filled(1, 9)), kGood)
      << "later commands are none of its victims";
}

TEST_P(EachFunctionTest, FindsItsVictims) { Check(false); }

TEST_P(EachFunctionTest, FindsItsVictimsWithTas) {
  SetTas(true);
  Check(true);
}

TEST_F(TaskManagementTest, WhatIsSentAfterwardsIsNoVictim) {
  for (const TaskFunction kind : {kAbortTaskSet, kClearTaskSet, kLogicalUnitReset, kNexusReset}) {
    HoldWrites();
    const auto before = StartHeldWrite(*a_, static_cast<uint64_t>(kind) + 1, 0xa1);
    Managed function;
    Start(*a_, function, kind);
    TestCommand inquiry({0x12, 0, 0, 0, 96, 0}, {});
    server_->Execute(*a_, inquiry);
    WaitFor(inquiry);
    EXPECT_TRUE(inquiry.answered());
    EXPECT_EQ(inquiry.outcome(), kGood);
    EXPECT_EQ(function.count_done, 0);
    LetGo();
    WaitForFunction(function);
    WaitFor(*before);
    EXPECT_FALSE(before->answered());
    Told(*a_);
  }
}

TEST_F(TaskManagementTest, ATagThatIsNotThereIsNotAnError) {
  Managed function;
  Start(*a_, function, kAbortTask, 77);
  WaitForFunction(function);
  EXPECT_EQ(function.response(), ServiceResponse::kFunctionComplete);
  EXPECT_EQ(function.count_found(), 0u);
  EXPECT_EQ(Manage(*a_, kQueryTask, 77), ServiceResponse::kFunctionComplete);
}

TEST_F(TaskManagementTest, ACommandThatWaitsGoesAtOnce) {
  HoldWrites();
  const auto running = StartHeldWrite(*a_, 1, 0xa1);
  const auto ordered = StartWrite(*a_, 2, 0xa2, TaskAttribute::kOrdered);
  EXPECT_EQ(Manage(*a_, kQueryTask, 2), ServiceResponse::kFunctionSucceeded);
  EXPECT_EQ(Manage(*b_, kQueryTask, 2), ServiceResponse::kFunctionComplete) << "another nexus's";
  EXPECT_EQ(Manage(*b_, kQueryTaskSet), ServiceResponse::kFunctionComplete);
  EXPECT_EQ(Manage(*a_, kAbortTask, 2), ServiceResponse::kFunctionComplete);
  WaitFor(*ordered);
  EXPECT_FALSE(ordered->answered());
  LetGo();
  WaitFor(*running);
  EXPECT_EQ(running->outcome(), kGood);
  EXPECT_EQ(OnDisk(2), Filled(1, 0));
}

TEST_F(TaskManagementTest, AQueryTellsTheOldestUnitAttentionAndLeavesIt) {
  Managed function;
  Start(*a_, function, kQueryAsynchronousEvent);
  WaitForFunction(function);
  EXPECT_EQ(function.response(), ServiceResponse::kFunctionComplete);
  EXPECT_EQ(function.event(), (std::array<uint8_t, 3>{0, 0, 0}));
  server_->PostAttention(UnitAttention::kCapacityChanged);
  Managed one;
  Start(*a_, one, kQueryAsynchronousEvent);
  WaitForFunction(one);
  EXPECT_EQ(one.response(), ServiceResponse::kFunctionSucceeded);
  EXPECT_EQ(one.event(), (std::array<uint8_t, 3>{0x16, 0x2a, 0x09}));
  server_->PostAttention(UnitAttention::kThinThreshold);
  Managed two;
  Start(*a_, two, kQueryAsynchronousEvent);
  WaitForFunction(two);
  EXPECT_EQ(two.event(), (std::array<uint8_t, 3>{0x26, 0x2a, 0x09}));
  EXPECT_EQ(Told(*a_), (Codes{0x2a09, 0x3807}));
}

TEST_F(TaskManagementTest, ThereIsNoAcaToClear) {
  EXPECT_EQ(Manage(*a_, kClearAca), ServiceResponse::kFunctionRejected);
}

TEST_F(TaskManagementTest, TheDiskTellsWhichItHas) {
  ASSERT_EQ(Run(*a_, {0xa3, 0x0d, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0}), kGood);
  // ABORT TASK, ABORT TASK SET, CLEAR TASK SET, LOGICAL UNIT RESET, QUERY TASK; then QUERY
  // ASYNCHRONOUS EVENT, QUERY TASK SET, I_T NEXUS RESET (SPC-4 6.36). No CLEAR ACA.
  EXPECT_EQ(found_, (Bytes{0x80 | 0x40 | 0x10 | 0x08 | 0x04, 0x04 | 0x02 | 0x01, 0, 0}));
}

// Its turn has come, but not its reactor's.
TEST_F(TaskManagementTest, WhoIsAbortedTakesNoUnitAttentionWithIt) {
  TestCommand ordered(Write16(0, 1), Filled(1, 1));
  ordered.attribute = TaskAttribute::kOrdered;
  TestCommand waiting(Read16(0, 1), {});
  server_->Execute(*b_, ordered);
  server_->Execute(*b_, waiting);
  for (int i = 0; i < 20000 && ordered.count_done == 0; ++i) reactor_->Wait(kNsPerMs);
  ASSERT_EQ(ordered.count_done, 1);
  if (waiting.count_done > 0) GTEST_SKIP() << "both in one turn of the reactor";
  EXPECT_EQ(Manage(*a_, kClearTaskSet), ServiceResponse::kFunctionComplete);
  WaitFor(waiting);
  EXPECT_FALSE(waiting.answered());
  EXPECT_EQ(Told(*b_), Codes{0x2f00});
}

// SAM-5 6.3.3.
TEST_F(TaskManagementTest, AResetSetsBackWhatIsNotPersistent) {
  ModeParameters parameters = server_->mode_state().current;
  parameters.d_sense = 1;
  parameters.tas = 1;
  server_->ChangeMode(parameters, *a_);
  for (ScsiNexus* const nexus : {a2_.get(), b_.get()}) EXPECT_EQ(Told(*nexus), Codes{0x2a01});
  ASSERT_EQ(Run(*b_, {0x16, 0, 0, 0, 0, 0}), kGood);
  b2_.reset();
  EXPECT_EQ(Run(*a_, Read16(0, 1)), kReservationConflict);
  EXPECT_EQ(Manage(*a_, kLogicalUnitReset), ServiceResponse::kFunctionComplete);
  EXPECT_EQ(server_->mode_state().current, server_->mode_state().saved);
  TestCommand unknown({0xff, 0, 0, 0, 0, 0}, {});
  EXPECT_EQ(Told(*a_), Codes{0x2903});
  server_->Execute(*a_, unknown);
  WaitFor(unknown);
  EXPECT_EQ(unknown.sense().bytes()[0], 0x70) << "D_SENSE is 0 again";
  EXPECT_EQ(Run(*a_, Read16(0, 1)), kGood) << "RESERVE is released";
  b2_ = Come('b', 2);
  EXPECT_EQ(Told(*b2_), (Codes{0x2a01, 0x2907, 0x2903})) << "who was away hears of it";
}

TEST_F(TaskManagementTest, PersistentReservationsOutliveResets) {
  RegisterAll(kWe);
  EXPECT_EQ(Manage(*b_, kLogicalUnitReset), ServiceResponse::kFunctionComplete);
  EXPECT_EQ(Manage(*a_, kNexusReset), ServiceResponse::kFunctionComplete);
  for (ScsiNexus* const nexus : {a_.get(), a2_.get(), b_.get(), b2_.get()}) Told(*nexus);
  EXPECT_EQ(ReadKeys(*a2_), (Keys{4, {kA, kA, kB, kB}}));
  EXPECT_EQ(ReadType(*a2_), kWe);
}

TEST_F(TaskManagementTest, ANexusResetReleasesItsReserveOnly) {
  ASSERT_EQ(Run(*a_, {0x16, 0, 0, 0, 0, 0}), kGood);
  EXPECT_EQ(Manage(*b_, kNexusReset), ServiceResponse::kFunctionComplete);
  EXPECT_EQ(Run(*b_, Read16(0, 1)), kNexusLossOccurred);
  EXPECT_EQ(Run(*b_, Read16(0, 1)), kReservationConflict);
  EXPECT_EQ(Manage(*a_, kNexusReset), ServiceResponse::kFunctionComplete);
  EXPECT_EQ(Run(*b_, Read16(0, 1)), kGood);
}

// RESERVE is on a worker when the reset comes: whichever is first, nothing stays reserved for a
// command that was aborted.
TEST_F(TaskManagementTest, AResetBesideReserve) {
  int count_silent = 0;
  for (int round = 0; round < 200; ++round) {
    TestCommand reserve({0x16, 0, 0, 0, 0, 0}, {});
    server_->Execute(*b_, reserve);
    EXPECT_EQ(Manage(*a_, kLogicalUnitReset), ServiceResponse::kFunctionComplete);
    WaitFor(reserve);
    if (!reserve.answered()) ++count_silent;
    EXPECT_EQ(Told(*a_), Codes{0x2903});
    EXPECT_EQ(Told(*b_), Codes{0x2903});
    EXPECT_FALSE(server_->reservations()->spc2_holder().has_value());
  }
  EXPECT_GT(count_silent, 0);
}

// What a session does that dies: abort, wait for the answer and for its own commands, go.
TEST_F(TaskManagementTest, ASessionThatDiesTakesItsCommandsAlong) {
  ASSERT_EQ(Run(*b_, {0x16, 0, 0, 0, 0, 0}), kGood);
  HoldWrites();
  std::vector<std::unique_ptr<TestCommand>> commands;
  commands.push_back(StartHeldWrite(*b_, 1, 0xb1));
  commands.push_back(StartHeldWrite(*b_, 2, 0xb2));
  commands.push_back(StartWrite(*b_, 3, 0xb3, TaskAttribute::kOrdered));
  commands.push_back(StartWrite(*b_, 4, 0xb4));
  Managed loss;
  Start(*b_, loss, kNexusReset);
  Turn();
  EXPECT_EQ(loss.count_done, 0);
  LetGo();
  WaitForFunction(loss);
  for (const auto& command : commands) {
    WaitFor(*command);
    EXPECT_FALSE(command->answered());
    EXPECT_EQ(command->count_freed, 1);
  }
  const Bytes landed = OnDisk(1);
  b_.reset();
  EXPECT_EQ(Run(*a_, Read16(0, 1)), kGood) << "its RESERVE went with it";
  EXPECT_EQ(OnDisk(1), landed);
  EXPECT_EQ(OnDisk(3), Filled(1, 0));
  EXPECT_EQ(OnDisk(4), Filled(1, 0));
}

TEST_F(TaskManagementTest, OneMayBeUsedAgain) {
  Managed function;
  for (int i = 1; i <= 5; ++i) {
    Start(*a_, function, i % 2 == 0 ? kAbortTaskSet : kLogicalUnitReset);
    for (int turn = 0; turn < 1000 && function.count_done == 0; ++turn) reactor_->Wait(kNsPerMs);
    ASSERT_EQ(function.count_done, 1);
    function.count_done = 0;
  }
}

}  // namespace
}  // namespace quire
