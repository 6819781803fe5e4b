// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: every piece of work runs once on a worker thread and comes back; threads start only when
// needed, and as many as allowed run side by side.
// Method: work that counts, work that waits for company.
#include <dirent.h>
#include <signal.h>

#include <atomic>
#include <barrier>
#include <set>

#include "engine/worker_pool.h"
#include "tests/engine/reactor_fixture.h"

namespace quire {
namespace {

class WorkerPoolThreadsTest : public ReactorFixture {};

struct Work : WorkOp {
  std::function<void()> body;
  std::thread::id thread;
  bool done = false;

  Work() {
    work = [](WorkOp& op) {
      Work& self = static_cast<Work&>(op);
      self.thread = std::this_thread::get_id();
      if (self.body) self.body();
      return IoResult::Bytes(1);
    };
  }
  void Submit(Reactor& reactor) {
    Start(reactor, [](Completion& op) { static_cast<Work&>(op).done = true; });
    reactor.SubmitToWorkers(*this);
  }
};

TEST_P(WorkerPoolThreadsTest, AllWorkComesBackOnce) {
  constexpr size_t kCount = 5'000;
  std::deque<Work> ops(kCount);
  std::atomic<size_t> count_ran{0};
  for (Work& op : ops) {
    op.body = [&] { ++count_ran; };
    op.Submit(*reactor_);
  }
  WaitUntil([&] { return reactor_->count_in_flight() == 0; });
  EXPECT_EQ(count_ran, kCount);
  EXPECT_EQ(workers_.count_done(), kCount);
  std::set<std::thread::id> threads;
  for (const Work& op : ops) {
    EXPECT_TRUE(op.done);
    threads.insert(op.thread);
  }
  EXPECT_LE(threads.size(), 4u);
  EXPECT_EQ(threads.count(std::this_thread::get_id()), 0u);
}

TEST_P(WorkerPoolThreadsTest, AsManyAsAllowedRunTogether) {
  std::barrier together(4);
  std::deque<Work> ops(8);
  for (Work& op : ops) {
    op.body = [&] { together.arrive_and_wait(); };  // ends only in company
    op.Submit(*reactor_);
  }
  WaitUntil([&] { return reactor_->count_in_flight() == 0; });
}

TEST_P(WorkerPoolThreadsTest, OneAfterTheOtherNeedsOneThread) {
  std::set<std::thread::id> threads;
  for (int i = 0; i < 20; ++i) {
    Work op;
    op.Submit(*reactor_);
    WaitUntil([&] { return op.done; });
    threads.insert(op.thread);
  }
  // A thread that has posted may not be idle again yet when the next piece comes.
  EXPECT_LE(threads.size(), 4u);
}

TEST_P(WorkerPoolThreadsTest, WorkersLeaveSignalsToTheProgram) {
  Work op;
  sigset_t blocked;
  op.body = [&] { pthread_sigmask(SIG_SETMASK, nullptr, &blocked); };
  op.Submit(*reactor_);
  WaitUntil([&] { return op.done; });
  EXPECT_EQ(sigismember(&blocked, SIGTERM), 1);
  EXPECT_EQ(sigismember(&blocked, SIGCHLD), 1);
  EXPECT_EQ(sigismember(&blocked, SIGBUS), 0);
  EXPECT_EQ(sigismember(&blocked, SIGSEGV), 0);
}

TEST_P(WorkerPoolThreadsTest, OnePoolServesManyReactors) {
  constexpr size_t kCount = 500;
  const auto run = [&] {
    const std::unique_ptr<Reactor> reactor = *Reactor::Create(workers_, options_);
    std::deque<Work> ops(kCount);
    for (Work& op : ops) op.Submit(*reactor);
    while (reactor->count_in_flight() > 0) reactor->Wait(UINT64_MAX);
    for (const Work& op : ops) EXPECT_TRUE(op.done);
  };
  std::thread one(run);
  std::thread two(run);
  one.join();
  two.join();
  EXPECT_EQ(workers_.count_done(), 2 * kCount);
}

INSTANTIATE_TEST_SUITE_P(All, WorkerPoolThreadsTest, AllRingKinds(), NameOf);

TEST(WorkerPoolThreads, StartsNoThreadWithoutWork) {
  const auto count_threads = [] {
    const std::string tasks = "/proc/self/task";
    int count = 0;
    if (DIR* folder = opendir(tasks.c_str()); folder != nullptr) {
      while (readdir(folder) != nullptr) ++count;
      closedir(folder);
    }
    return count;
  };
  const int before = count_threads();
  const WorkerPool pool(4);
  EXPECT_EQ(count_threads(), before);
}

}  // namespace
}  // namespace quire
