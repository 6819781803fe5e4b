// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: commands run in the order that SAM-5 8.6 allows, and as soon as it does.
// Method: tables of who waits for whom; then random commands of several nexuses beside a model that
// applies the standard's sentences to everybody after each step.

#include "vdisk/task_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <list>
#include <set>
#include <vector>

#include "base/prng.h"

namespace quire {
namespace {

constexpr TaskAttribute kSimple = TaskAttribute::kSimple;
constexpr TaskAttribute kOrdered = TaskAttribute::kOrdered;
constexpr TaskAttribute kHead = TaskAttribute::kHeadOfQueue;

struct TestTask : Task {
  explicit TestTask(TaskAttribute its_attribute) { attribute = its_attribute; }
  bool running = false;
};

void Told(Task& task, Turn turn) {
  EXPECT_EQ(turn, Turn::kRun);
  static_cast<TestTask&>(task).running = true;
}

class TaskSetTest : public testing::Test {
 protected:
  bool Enter(NexusTasks& nexus, TestTask& task) {
    task.running = set_.Enter(nexus, task, Told);
    set_.CheckInvariants();
    return task.running;
  }
  void Leave(TestTask& task) {
    EXPECT_TRUE(task.running);
    task.running = false;
    EXPECT_EQ(set_.Leave(task), Fate::kUntouched);
    set_.CheckInvariants();
  }
  UnitAttentionQueue attentions_;
  TaskSet set_;
  NexusTasks a_{set_, attentions_};
  NexusTasks b_{set_, attentions_};
};

TEST_F(TaskSetTest, EveryPair) {
  struct Row {
    TaskAttribute older, younger;
    bool waits;
  };
  for (const Row& row :
       {Row{kSimple, kSimple, false}, Row{kSimple, kOrdered, true}, Row{kSimple, kHead, false},
        Row{kOrdered, kSimple, true}, Row{kOrdered, kOrdered, true}, Row{kOrdered, kHead, false},
        Row{kHead, kSimple, true}, Row{kHead, kOrdered, true}, Row{kHead, kHead, false}}) {
    for (NexusTasks* other : {&a_, &b_}) {
      TestTask older(row.older);
      TestTask younger(row.younger);
      EXPECT_TRUE(Enter(a_, older));
      EXPECT_EQ(Enter(*other, younger), !row.waits);
      Leave(older);
      EXPECT_TRUE(younger.running);
      Leave(younger);
    }
  }
}

TEST_F(TaskSetTest, AnOrderedCommandIsAFence) {
  TestTask before(kSimple), also_before(kSimple), fence(kOrdered), after(kSimple);
  EXPECT_TRUE(Enter(a_, before));
  EXPECT_TRUE(Enter(b_, also_before));
  EXPECT_FALSE(Enter(a_, fence));
  EXPECT_FALSE(Enter(b_, after)) << "of another nexus";
  Leave(before);
  EXPECT_FALSE(fence.running);
  Leave(also_before);
  EXPECT_TRUE(fence.running);
  EXPECT_FALSE(after.running);
  Leave(fence);
  EXPECT_TRUE(after.running);
  Leave(after);
}

TEST_F(TaskSetTest, HeadOfQueueGoesBeforeAllThatWait) {
  TestTask before(kSimple), fence(kOrdered), after(kSimple), head(kHead);
  EXPECT_TRUE(Enter(a_, before));
  EXPECT_FALSE(Enter(a_, fence));
  EXPECT_FALSE(Enter(a_, after));
  EXPECT_TRUE(Enter(b_, head));
  Leave(before);
  EXPECT_FALSE(fence.running) << "a HEAD OF QUEUE is in the set";
  Leave(head);
  EXPECT_TRUE(fence.running);
  EXPECT_FALSE(after.running);
  Leave(fence);
  Leave(after);
}

TEST_F(TaskSetTest, BackToOwnListsAfterAWhile) {
  TestTask held(kSimple), fence(kOrdered);
  EXPECT_TRUE(set_.direct());
  EXPECT_TRUE(Enter(a_, fence));
  EXPECT_FALSE(set_.direct());
  Leave(fence);
  EXPECT_TRUE(Enter(b_, held));
  for (int i = 0; i < 1100; ++i) {
    TestTask task(kSimple);
    EXPECT_TRUE(Enter(a_, task));
    Leave(task);
  }
  EXPECT_TRUE(set_.direct());
  EXPECT_FALSE(Enter(a_, fence)) << "one is still there from before";
  Leave(held);
  Leave(fence);
}

TEST_F(TaskSetTest, WhatIsThere) {
  TestTask first(kSimple), fence(kOrdered);
  first.tag = 7;
  fence.tag = 8;
  EXPECT_FALSE(set_.HasAny(a_));
  Enter(a_, first);
  Enter(a_, fence);
  EXPECT_TRUE(set_.Has(a_, 7));
  EXPECT_TRUE(set_.Has(a_, 8)) << "though it waits";
  EXPECT_FALSE(set_.Has(a_, 9));
  EXPECT_FALSE(set_.Has(b_, 7)) << "tags are a nexus's own";
  EXPECT_FALSE(set_.HasAny(b_));
  Leave(first);
  EXPECT_FALSE(set_.Has(a_, 7));
  EXPECT_TRUE(set_.HasAny(a_));
  Leave(fence);
}

class TaskSetModel {
 public:
  explicit TaskSetModel(uint64_t seed) : random_(seed) {}
  ~TaskSetModel() {
    while (!tasks_.empty()) LeaveOne();
  }
  void Step() {
    if (tasks_.size() > 30 || (!tasks_.empty() && random_.Chance(1, 2))) {
      LeaveOne();
    } else {
      EnterOne();
    }
    set_.CheckInvariants();
    CheckAll();
  }

 private:
  using Tasks = std::list<TestTask>;
  TaskAttribute RandomAttribute() {
    if (random_.Chance(1, 10)) return kHead;
    return random_.Chance(1, 4) ? kOrdered : kSimple;
  }
  void EnterOne() {
    // Stretches of SIMPLE ones only, so that the set goes back to direct.
    const bool calm = ++count_ % 8000 < 4000;
    TestTask& task = tasks_.emplace_back(calm ? kSimple : RandomAttribute());
    task.running = set_.Enter(nexuses_[random_.Below(2)], task, Told);
  }
  void LeaveOne() {
    auto task = tasks_.begin();
    std::advance(task, random_.Below(tasks_.size()));
    while (!task->running) task = task == tasks_.begin() ? std::prev(tasks_.end()) : --task;
    EXPECT_EQ(set_.Leave(*task), Fate::kUntouched);
    running_before_.erase(&*task);
    tasks_.erase(task);
  }
  bool MayRun(Tasks::const_iterator task) const {
    const auto is = [](TaskAttribute attribute) {
      return [attribute](const TestTask& other) { return other.attribute == attribute; };
    };
    if (task->attribute == kHead) return true;
    if (std::ranges::any_of(tasks_, is(kHead))) return false;
    if (task->attribute == kOrdered) return task == tasks_.begin();
    return std::none_of(tasks_.begin(), task, is(kOrdered));
  }
  void CheckAll() {
    for (auto task = tasks_.cbegin(); task != tasks_.cend(); ++task) {
      // A later HEAD OF QUEUE stops nobody.
      ASSERT_EQ(task->running, MayRun(task) || running_before_.contains(&*task));
    }
    running_before_.clear();
    for (const TestTask& task : tasks_) {
      if (task.running) running_before_.insert(&task);
    }
  }

  Prng random_;
  UnitAttentionQueue attentions_;
  TaskSet set_;
  std::array<NexusTasks, 2> nexuses_{{{set_, attentions_}, {set_, attentions_}}};
  Tasks tasks_;  // in order of arrival
  std::set<const TestTask*> running_before_;
  uint64_t count_ = 0;
};

TEST(TaskSetModelTest, TheStandardAppliedToEverybody) {
  const auto seed = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(testing::Message() << "--gtest_random_seed=" << seed);
  TaskSetModel model(seed);
  for (int i = 0; i < 40000 && !testing::Test::HasFatalFailure(); ++i) model.Step();
}

}  // namespace
}  // namespace quire
