// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: order and aborts hold for commands of several reactors.
// Method: a thread per nexus runs commands of all attributes; who runs is counted beside the set.
// Another thread aborts: once an abort is done, nothing that came before it may still run.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "base/prng.h"
#include "vdisk/task_set.h"

namespace quire {
namespace {

struct TestTask : Task {
  enum : int { kNotYet, kRun, kAborted };
  std::atomic<int> turn{kNotYet};
};

void Told(Task& task, Turn turn) {
  static_cast<TestTask&>(task).turn = turn == Turn::kRun ? TestTask::kRun : TestTask::kAborted;
}

struct TestAbort : TaskAbort {
  std::atomic<bool> done{false};
};

void Done(TaskAbort& abort) { static_cast<TestAbort&>(abort).done = true; }

// True: it runs. False: it was aborted while it waited.
bool Await(TestTask& task, bool now) {
  while (!now && task.turn == TestTask::kNotYet) std::this_thread::yield();
  return now || task.turn == TestTask::kRun;
}

class TaskSetThreadsTest : public testing::Test {
 protected:
  static constexpr uint64_t kNexuses = 3;

  TaskSetThreadsTest()
      : seed_(static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed())),
        trace_(__FILE__, __LINE__, testing::Message() << "--gtest_random_seed=" << seed_) {}

  template <typename Run>
  void OnNexuses(Run run) {
    std::vector<std::thread> threads;
    for (uint64_t number = 0; number < kNexuses; ++number) threads.emplace_back(run, number);
    for (std::thread& thread : threads) thread.join();
  }
  // Stretches of SIMPLE ones only, so that the set goes back to direct.
  static TaskAttribute RandomAttribute(Prng& random, int i) {
    if (i % 4000 < 2000 || random.Chance(3, 4)) return TaskAttribute::kSimple;
    return random.Chance(1, 4) ? TaskAttribute::kHeadOfQueue : TaskAttribute::kOrdered;
  }

  const uint64_t seed_;
  const testing::ScopedTrace trace_;
  TaskSet set_;
  std::array<UnitAttentionQueue, kNexuses> attentions_;
};

TEST_F(TaskSetThreadsTest, AnOrderedCommandRunsAlone) {
  std::atomic<int> count_simple{0};
  std::atomic<int> count_ordered{0};
  OnNexuses([&](uint64_t number) {
    NexusTasks nexus(set_, attentions_[number]);
    Prng random(seed_ * 100 + number);
    for (int i = 0; i < 8000; ++i) {
      TestTask task;
      task.attribute = RandomAttribute(random, i);
      ASSERT_TRUE(Await(task, set_.Enter(nexus, task, Told)));
      switch (task.attribute) {
        case TaskAttribute::kSimple:
          count_simple.fetch_add(1);
          EXPECT_EQ(count_ordered.load(), 0);
          count_simple.fetch_sub(1);
          break;
        case TaskAttribute::kOrdered:
          EXPECT_EQ(count_ordered.fetch_add(1), 0);
          EXPECT_EQ(count_simple.load(), 0);
          count_ordered.fetch_sub(1);
          break;
        case TaskAttribute::kHeadOfQueue:
          break;
      }
      EXPECT_EQ(set_.Leave(task), Fate::kUntouched);
      if (i % 512 == 0) set_.CheckInvariants();
    }
  });
}

TEST_F(TaskSetThreadsTest, AfterAnAbortNothingOlderRuns) {
  std::atomic<uint64_t> count_begun{0};
  std::atomic<uint64_t> count_done{0};
  std::atomic<uint64_t> count_aborted{0};
  std::atomic<bool> stop{false};
  std::thread resetter([&] {
    UnitAttentionQueue attentions;
    NexusTasks own(set_, attentions);
    for (uint64_t i = 1; i <= 300 || count_aborted.load() == 0; ++i) {
      TestAbort abort;
      count_begun = i;
      bool gone = false;
      if (i % 2 == 0) {
        gone = set_.ResetUnit(&own, false, abort, Done);
      } else {
        gone = set_.ClearTaskSet(own, true, abort, Done);
      }
      while (!gone && !abort.done) std::this_thread::yield();
      count_done = i;
      std::this_thread::yield();
    }
    stop = true;
  });
  OnNexuses([&](uint64_t number) {
    NexusTasks nexus(set_, attentions_[number]);
    Prng random(seed_ * 100 + number);
    for (int i = 0; !stop; ++i) {
      TestTask task;
      task.attribute = RandomAttribute(random, i);
      if (!Await(task, set_.Enter(nexus, task, Told))) {
        count_aborted.fetch_add(1);
        continue;
      }
      // An abort that begins from here on finds this command and waits for it.
      const uint64_t begun = count_begun.load();
      for (uint64_t spin = random.Below(4); spin > 0; --spin) std::this_thread::yield();
      EXPECT_LE(count_done.load(), begun);
      const bool aborted = task.aborted();
      const Fate fate = set_.Leave(task);
      EXPECT_TRUE(!aborted || fate != Fate::kUntouched);
      if (fate != Fate::kUntouched) count_aborted.fetch_add(1);
    }
  });
  resetter.join();
  EXPECT_GT(count_aborted.load(), 0u);
}

TEST_F(TaskSetThreadsTest, CommandsThatLeaveOnAnotherThread) {
  constexpr int kTimes = 2000;
  NexusTasks nexus(set_, attentions_[0]);
  std::array<TestTask, 2> tasks;
  std::array<std::atomic<bool>, 2> busy{};
  std::thread leaver([&] {
    for (int count = 0; count < kTimes;) {
      for (size_t i = 0; i < tasks.size(); ++i) {
        if (!busy[i].load()) continue;
        EXPECT_EQ(set_.Leave(tasks[i]), Fate::kUntouched);
        busy[i] = false;
        ++count;
      }
      std::this_thread::yield();
    }
  });
  for (size_t i = 0; i < kTimes; ++i) {
    while (busy[i % 2].load()) std::this_thread::yield();
    ASSERT_TRUE(set_.Enter(nexus, tasks[i % 2], Told));
    busy[i % 2] = true;
  }
  leaver.join();
}

}  // namespace
}  // namespace quire
