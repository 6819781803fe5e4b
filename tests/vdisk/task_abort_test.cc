// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: each task management function finds its victims and no others, tells who has to be told,
// and is complete exactly when the last victim has left.
// Method: three nexuses, an initiator each; tables of functions, TAS and what everybody hears.
//
//   A --+
//   B --+-- logical unit: each has one command that runs and one that waits
//   C --+

#include <gtest/gtest.h>

#include <array>
#include <list>
#include <memory>
#include <utility>
#include <vector>

#include "base/prng.h"
#include "vdisk/task_set.h"

namespace quire {
namespace {

using enum UnitAttention;

struct TestTask : Task {
  bool running = false;
  bool told_aborted = false;
};

void Told(Task& task, Turn turn) {
  auto& test = static_cast<TestTask&>(task);
  (turn == Turn::kRun ? test.running : test.told_aborted) = true;
}

struct TestAbort : TaskAbort {
  bool done = false;
  bool gone = false;
};

void Done(TaskAbort& abort) { static_cast<TestAbort&>(abort).done = true; }

std::vector<UnitAttention> Drain(UnitAttentionQueue& queue) {
  std::vector<UnitAttention> all;
  while (const auto attention = queue.Take()) all.push_back(*attention);
  return all;
}

struct Initiator {
  explicit Initiator(TaskSet& set) : tasks(set, attentions) {}
  UnitAttentionQueue attentions;
  NexusTasks tasks;
  TestTask first;   // tag 1
  TestTask second;  // tag 2
};

class TaskAbortTest : public testing::Test {
 protected:
  // The first commands of all run; the second ones are ORDERED, so they wait.
  void Fill() {
    for (Initiator* initiator : all_) {
      initiator->first.tag = 1;
      initiator->first.running = set_.Enter(initiator->tasks, initiator->first, Told);
      EXPECT_TRUE(initiator->first.running);
    }
    for (Initiator* initiator : all_) {
      initiator->second.tag = 2;
      initiator->second.attribute = TaskAttribute::kOrdered;
      EXPECT_FALSE(set_.Enter(initiator->tasks, initiator->second, Told));
    }
  }
  Fate Leave(TestTask& task) {
    EXPECT_TRUE(std::exchange(task.running, false));
    return set_.Leave(task);
  }
  void LeaveAllThatRun() {
    for (bool any = true; any;) {
      any = false;
      for (Initiator* initiator : all_) {
        for (TestTask* task : {&initiator->first, &initiator->second}) {
          if (!task->running) continue;
          Leave(*task);
          any = true;
        }
      }
    }
  }
  void TearDown() override { set_.CheckInvariants(); }

  TaskSet set_;
  Initiator a_{set_}, b_{set_}, c_{set_};
  const std::array<Initiator*, 3> all_ = {&a_, &b_, &c_};
};

TEST_F(TaskAbortTest, OneTaskThatRuns) {
  Fill();
  TestAbort abort;
  EXPECT_FALSE(set_.AbortTask(b_.tasks, 1, abort, Done));
  EXPECT_EQ(abort.count_found(), 1u);
  EXPECT_TRUE(b_.first.aborted());
  EXPECT_FALSE(set_.Has(b_.tasks, 1)) << "aborted is not there";
  EXPECT_FALSE(a_.first.aborted()) << "its tag is another nexus's";
  EXPECT_EQ(Leave(a_.first), Fate::kUntouched);
  EXPECT_FALSE(abort.done);
  EXPECT_EQ(Leave(b_.first), Fate::kSilent);
  EXPECT_TRUE(abort.done);
  EXPECT_EQ(Leave(c_.first), Fate::kUntouched);
  LeaveAllThatRun();
  EXPECT_FALSE(b_.attentions.pending());
}

TEST_F(TaskAbortTest, OneTaskThatWaits) {
  Fill();
  TestAbort abort;
  EXPECT_TRUE(set_.AbortTask(a_.tasks, 2, abort, Done)) << "gone at once";
  EXPECT_EQ(abort.count_found(), 1u);
  EXPECT_TRUE(a_.second.told_aborted);
  EXPECT_FALSE(abort.done);
  for (Initiator* initiator : all_) Leave(initiator->first);
  EXPECT_TRUE(b_.second.running) << "the next in line";
  LeaveAllThatRun();
}

TEST_F(TaskAbortTest, WhoWaitsForAnAbortedCommandGoesOn) {
  TestTask fence;
  TestTask behind;
  TestAbort abort;
  fence.tag = 5;
  fence.attribute = TaskAttribute::kOrdered;
  a_.first.running = set_.Enter(a_.tasks, a_.first, Told);
  EXPECT_FALSE(set_.Enter(a_.tasks, fence, Told));
  EXPECT_FALSE(set_.Enter(b_.tasks, behind, Told));
  EXPECT_TRUE(set_.AbortTask(a_.tasks, 5, abort, Done));
  EXPECT_TRUE(behind.running);
  Leave(behind);
  Leave(a_.first);
}

TEST_F(TaskAbortTest, ATagThatIsNotThere) {
  Fill();
  TestAbort abort;
  EXPECT_TRUE(set_.AbortTask(a_.tasks, 3, abort, Done));
  EXPECT_EQ(abort.count_found(), 0u);
  LeaveAllThatRun();
}

// What A, B and C hear when A asks for a function. C has no commands.
struct FunctionRow {
  const char* name;
  bool (*ask)(TaskSet& set, Initiator& a, Initiator& b, TaskAbort& abort);
  uint32_t count_found;
  Fate a, b;
  std::vector<UnitAttention> told_a, told_b, told_c;
};

bool Preempt(TaskSet& set, Initiator& a, Initiator& b, bool tas, TaskAbort& abort) {
  static std::array<NexusTasks*, 2> victims;
  victims = {&a.tasks, &b.tasks};
  return set.AbortPreempted(
      {.victims = victims, .requester = &a.tasks, .except = &a.second, .tas = tas}, abort, Done);
}

const std::vector<FunctionRow>& Functions() {
  static const std::vector<FunctionRow> rows = {
      {"ABORT TASK SET",
       [](TaskSet& set, Initiator& a, Initiator&, TaskAbort& abort) {
         return set.AbortTaskSet(a.tasks, abort, Done);
       },
       2,
       Fate::kSilent,
       Fate::kUntouched,
       {},
       {},
       {}},
      {"CLEAR TASK SET, TAS=0",
       [](TaskSet& set, Initiator& a, Initiator&, TaskAbort& abort) {
         return set.ClearTaskSet(a.tasks, false, abort, Done);
       },
       4,
       Fate::kSilent,
       Fate::kSilent,
       {},
       {kCommandsCleared},
       {}},
      {"CLEAR TASK SET, TAS=1",
       [](TaskSet& set, Initiator& a, Initiator&, TaskAbort& abort) {
         return set.ClearTaskSet(a.tasks, true, abort, Done);
       },
       4,
       Fate::kSilent,
       Fate::kAbortedByOther,
       {},
       {},
       {}},
      {"LOGICAL UNIT RESET, TAS=0",
       [](TaskSet& set, Initiator& a, Initiator&, TaskAbort& abort) {
         return set.ResetUnit(&a.tasks, false, abort, Done);
       },
       4,
       Fate::kSilent,
       Fate::kSilent,
       {kUnitReset},
       {kUnitReset},
       {kUnitReset}},
      {"LOGICAL UNIT RESET, TAS=1",
       [](TaskSet& set, Initiator& a, Initiator&, TaskAbort& abort) {
         return set.ResetUnit(&a.tasks, true, abort, Done);
       },
       4,
       Fate::kSilent,
       Fate::kAbortedByOther,
       {kUnitReset},
       {kUnitReset},
       {kUnitReset}},
      {"a reset by nobody, TAS=1",
       [](TaskSet& set, Initiator&, Initiator&, TaskAbort& abort) {
         return set.ResetUnit(nullptr, true, abort, Done);
       },
       4,
       Fate::kAbortedByOther,
       Fate::kAbortedByOther,
       {kUnitReset},
       {kUnitReset},
       {kUnitReset}},
      {"I_T NEXUS RESET",
       [](TaskSet& set, Initiator& a, Initiator&, TaskAbort& abort) {
         return set.ResetNexus(a.tasks, abort, Done);
       },
       2,
       Fate::kSilent,
       Fate::kUntouched,
       {kNexusLoss},
       {},
       {}},
      {"PREEMPT AND ABORT of itself and another, TAS=0",
       [](TaskSet& set, Initiator& a, Initiator& b, TaskAbort& abort) {
         return Preempt(set, a, b, false, abort);
       },
       3,
       Fate::kSilent,
       Fate::kSilent,
       {},
       {kCommandsCleared},
       {}},
      {"PREEMPT AND ABORT of itself and another, TAS=1",
       [](TaskSet& set, Initiator& a, Initiator& b, TaskAbort& abort) {
         return Preempt(set, a, b, true, abort);
       },
       3,
       Fate::kSilent,
       Fate::kAbortedByOther,
       {},
       {},
       {}},
  };
  return rows;
}

class FunctionTest : public testing::TestWithParam<size_t> {};

TEST_P(FunctionTest, FindsItsVictimsAndTellsWhoHasToBeTold) {
  const FunctionRow& row = Functions()[GetParam()];
  SCOPED_TRACE(row.name);
  TaskSet set;
  Initiator a(set), b(set), c(set);
  const std::array<TestTask*, 4> tasks = {&a.first, &a.second, &b.first, &b.second};
  for (TestTask* task : tasks) {
    NexusTasks& nexus = task == &a.first || task == &a.second ? a.tasks : b.tasks;
    EXPECT_TRUE(set.Enter(nexus, *task, Told));
  }
  TestAbort abort;
  EXPECT_FALSE(row.ask(set, a, b, abort));
  EXPECT_EQ(abort.count_found(), row.count_found);
  TestTask later;
  EXPECT_TRUE(set.Enter(b.tasks, later, Told)) << "comes after the abort";
  uint32_t count_left = 0;
  for (TestTask* task : tasks) {
    const bool of_a = task == &a.first || task == &a.second;
    const bool survivor = row.count_found == 3 && task == &a.second;  // the PREEMPT AND ABORT
    const Fate expected = survivor ? Fate::kUntouched : of_a ? row.a : row.b;
    EXPECT_EQ(abort.done, count_left == row.count_found);
    EXPECT_EQ(set.Leave(*task), expected);
    if (expected != Fate::kUntouched) ++count_left;
  }
  EXPECT_TRUE(abort.done);
  EXPECT_EQ(set.Leave(later), Fate::kUntouched);
  EXPECT_EQ(Drain(a.attentions), row.told_a);
  EXPECT_EQ(Drain(b.attentions), row.told_b);
  EXPECT_EQ(Drain(c.attentions), row.told_c) << "it lost no command";
}

INSTANTIATE_TEST_SUITE_P(All, FunctionTest, testing::Range(size_t{0}, Functions().size()));

TEST_F(TaskAbortTest, SilenceOfItsOwnNexusPrevails) {
  Fill();
  TestAbort clear;
  TestAbort own;
  EXPECT_FALSE(set_.ClearTaskSet(a_.tasks, true, clear, Done));
  EXPECT_FALSE(set_.AbortTaskSet(b_.tasks, own, Done));
  EXPECT_EQ(own.count_found(), 1u) << "the other one did not run and is gone";
  EXPECT_EQ(Leave(b_.first), Fate::kSilent);
  EXPECT_TRUE(own.done);
  EXPECT_FALSE(clear.done);
  EXPECT_EQ(Leave(a_.first), Fate::kSilent);
  EXPECT_FALSE(clear.done);
  EXPECT_EQ(Leave(c_.first), Fate::kAbortedByOther);
  EXPECT_TRUE(clear.done);
}

TEST_F(TaskAbortTest, AWaitingCommandThatIsAbortedWithStatus) {
  Fill();
  TestAbort clear;
  EXPECT_FALSE(set_.ClearTaskSet(a_.tasks, true, clear, Done));
  for (Initiator* initiator : all_) {
    EXPECT_TRUE(initiator->second.told_aborted);
    EXPECT_EQ(initiator->second.fate(), initiator == &a_ ? Fate::kSilent : Fate::kAbortedByOther);
    Leave(initiator->first);
  }
  EXPECT_TRUE(clear.done);
}

// Aborts of all kinds upon each other; each is done exactly when all it found have left.
class AbortModel {
 public:
  explicit AbortModel(uint64_t seed) : random_(seed) {
    for (int i = 0; i < 3; ++i) initiators_.push_back(std::make_unique<Initiator>(set_));
  }
  ~AbortModel() {
    while (!entries_.empty()) LeaveOne();
  }
  void Step() {
    if (entries_.size() > 20 || (!entries_.empty() && random_.Chance(3, 7))) {
      LeaveOne();
    } else if (random_.Chance(3, 4)) {
      EnterOne();
    } else {
      Abort();
    }
    Check();
  }

 private:
  struct Entry {
    size_t nexus = 0;
    TestTask task;
  };
  struct Pending {
    TestAbort abort;
    std::vector<const TestTask*> victims;
  };
  void EnterOne() {
    Entry& entry = entries_.emplace_back();
    entry.nexus = random_.Below(3);
    entry.task.tag = random_.Below(8);
    if (random_.Chance(1, 5)) entry.task.attribute = TaskAttribute::kOrdered;
    if (random_.Chance(1, 20)) entry.task.attribute = TaskAttribute::kHeadOfQueue;
    entry.task.running = set_.Enter(initiators_[entry.nexus]->tasks, entry.task, Told);
  }
  void LeaveOne() {
    auto entry = entries_.begin();
    std::advance(entry, random_.Below(entries_.size()));
    while (!entry->task.running) {
      entry = entry == entries_.begin() ? std::prev(entries_.end()) : std::prev(entry);
    }
    set_.Leave(entry->task);
    for (Pending& pending : pending_) std::erase(pending.victims, &entry->task);
    entries_.erase(entry);
  }
  void Abort() {
    Pending& pending = pending_.emplace_back();
    const size_t nexus = random_.Below(3);
    const uint64_t tag = random_.Below(8);
    const uint64_t kind = random_.Below(3);
    size_t count_dormant = 0;
    for (const Entry& entry : entries_) {
      if (kind < 2 && entry.nexus != nexus) continue;
      if (kind == 0 && entry.task.tag != tag) continue;
      if (entry.task.running) pending.victims.push_back(&entry.task);
      if (!entry.task.running) ++count_dormant;
    }
    NexusTasks& tasks = initiators_[nexus]->tasks;
    TestAbort& abort = pending.abort;
    abort.gone = kind == 0   ? set_.AbortTask(tasks, tag, abort, Done)
                 : kind == 1 ? set_.AbortTaskSet(tasks, abort, Done)
                             : set_.ClearTaskSet(tasks, random_.Chance(1, 2), abort, Done);
    ASSERT_EQ(abort.count_found(), pending.victims.size() + count_dormant);
    ASSERT_EQ(std::erase_if(entries_, [](const Entry& entry) { return entry.task.told_aborted; }),
              count_dormant);
  }
  void Check() {
    set_.CheckInvariants();
    for (auto pending = pending_.begin(); pending != pending_.end();) {
      const bool over = pending->abort.gone || pending->abort.done;
      ASSERT_EQ(over, pending->victims.empty());
      pending = over ? pending_.erase(pending) : std::next(pending);
    }
  }

  Prng random_;
  TaskSet set_;
  std::vector<std::unique_ptr<Initiator>> initiators_;
  std::list<Pending> pending_;
  std::list<Entry> entries_;
};

TEST(AbortModelTest, DoneWhenTheLastVictimHasLeft) {
  const auto seed = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(testing::Message() << "--gtest_random_seed=" << seed);
  AbortModel model(seed);
  for (int i = 0; i < 20000 && !testing::Test::HasFatalFailure(); ++i) model.Step();
}

}  // namespace
}  // namespace quire
