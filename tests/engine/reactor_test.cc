// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: every operation ends by exactly one callback, in a turn and never inside the call that
// started it, with or without a ring; idle turns cost no system call.
// Method: one body over all kinds of ring; counters before and after; a clock moved by hand.
#include "engine/reactor.h"

#include <poll.h>

#include <array>

#include "tests/engine/reactor_fixture.h"

namespace quire {
namespace {

using State = Completion::State;

class ReactorTest : public ReactorFixture {
 protected:
  void StartOn(TestOp& op) { op.Start(*reactor_, TestOp::OnDone); }
};
class FullRingTest : public ReactorTest {};
class ReactorDeathTest : public ReactorTest {};

TEST_P(ReactorTest, AnIdleTurnIsFree) {
  EXPECT_EQ(reactor_->Poll(), 0u);
  const uint64_t count_calls = reactor_->count_system_calls();
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(reactor_->Poll(), 0u);
  EXPECT_EQ(reactor_->count_system_calls(), count_calls);
}

TEST_P(ReactorTest, CompletedWithoutTheKernel) {
  TestOp op;
  StartOn(op);
  EXPECT_EQ(op.state(), State::kQueued);
  reactor_->Complete(op, IoResult::Bytes(42));
  EXPECT_EQ(op.state(), State::kReady);
  EXPECT_FALSE(op.done());
  EXPECT_EQ(reactor_->count_in_flight(), 1u);
  const uint64_t count_calls = reactor_->count_system_calls();
  EXPECT_EQ(reactor_->Poll(), 1u);
  EXPECT_EQ(reactor_->count_system_calls(), count_calls);
  EXPECT_EQ(op.count_callbacks, 1);
  EXPECT_EQ(op.last, IoResult::Bytes(42));
  EXPECT_EQ(op.state(), State::kIdle);
  EXPECT_EQ(reactor_->count_in_flight(), 0u);
}

TEST_P(ReactorTest, CallbacksRunInOrder) {
  std::string order;
  std::array<TestOp, 5> ops;
  for (size_t i = 0; i < ops.size(); ++i) {
    ops[i].then = [&order, i] { order += std::to_string(i); };
    StartOn(ops[i]);
  }
  for (const size_t i : {3u, 1u, 4u, 0u, 2u}) reactor_->Complete(ops[i], IoResult::Bytes(0));
  EXPECT_EQ(reactor_->Poll(), 5u);
  EXPECT_EQ(order, "31402");
}

TEST_P(ReactorTest, WhatACallbackCompletesWaitsForTheNextTurn) {
  TestOp op;
  int rounds = 3;
  op.then = [&] {
    if (--rounds == 0) return;
    StartOn(op);  // idle again inside its own callback
    reactor_->Complete(op, IoResult::Bytes(0));
  };
  StartOn(op);
  reactor_->Complete(op, IoResult::Bytes(0));
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(reactor_->Poll(), 1u);
    EXPECT_EQ(op.count_callbacks, i);
  }
  EXPECT_EQ(reactor_->Poll(), 0u);
}

TEST_P(ReactorTest, WaitDoesNotSleepOnReadyWork) {
  TestOp first;
  TestOp second;
  first.then = [&] {
    StartOn(second);
    reactor_->Complete(second, IoResult::Bytes(0));
  };
  StartOn(first);
  reactor_->Complete(first, IoResult::Bytes(0));
  const uint64_t start_ns = Clock::System().NowNs();
  EXPECT_EQ(reactor_->Wait(UINT64_MAX), 1u);
  EXPECT_EQ(reactor_->Wait(UINT64_MAX), 1u);
  EXPECT_LT(Clock::System().NowNs() - start_ns, 10 * kNsPerSecond);
  EXPECT_TRUE(second.done());
}

TEST_P(ReactorTest, WaitGivesUpInTime) {
  const uint64_t start_ns = Clock::System().NowNs();
  EXPECT_EQ(reactor_->Wait(20 * kNsPerMs), 0u);
  EXPECT_GE(Clock::System().NowNs() - start_ns, 19 * kNsPerMs);
}

TEST_P(ReactorTest, MoreOperationsThanTheRingHolds) {
  constexpr size_t kCount = 1000;
  options_.count_ring_entries = 8;
  Start();
  const TempFile file(std::string(kCount, 'x'));
  std::deque<TestOp> ops(kCount);
  std::string text(kCount, '.');
  for (size_t i = 0; i < kCount; ++i) {
    const Segment piece = PieceOf(text, i, 1);
    ops[i].PrepareRead(file.fd(), i, {&piece, 1});
    Submit(ops[i]);
    ASSERT_FALSE(ops[i].done());
  }
  EXPECT_EQ(reactor_->count_in_flight(), kCount);
  WaitUntil([&] { return reactor_->count_in_flight() == 0; });
  for (const TestOp& op : ops) {
    EXPECT_EQ(op.count_callbacks, 1);
    EXPECT_EQ(op.last, IoResult::Bytes(1));
  }
  EXPECT_EQ(text, std::string(kCount, 'x'));
  // Batches, not single calls.
  EXPECT_LE(reactor_->count_system_calls(), reactor_->has_ring() ? kCount / 8 + 10 : kCount);
}

// Operations that stay in the kernel fill the completion queue. Those behind them wait their turn,
// and one that comes when there is room again must not overtake them.
TEST_P(FullRingTest, LaterOperationsKeepTheirOrder) {
  options_.count_ring_entries = 2;
  Start();
  std::array<int, 2> pipe{};
  ASSERT_EQ(pipe2(pipe.data(), O_CLOEXEC), 0);
  const TempFile file("x");  // in the page cache: read in the order of submission
  std::string order;
  std::string text = ".";
  const Segment piece = PieceOf(text);
  std::deque<TestOp> reads(7);
  for (size_t i = 0; i < reads.size(); ++i) {
    reads[i].PrepareRead(file.fd(), 0, {&piece, 1});
    reads[i].then = [&order, i] { order += std::to_string(i); };
  }
  std::deque<TestOp> waits(7);  // all that the completion queue has room for
  for (TestOp& op : waits) {
    op.PrepareRead(pipe[0], 0, {&piece, 1});
    Submit(op);
  }
  waits[0].then = [&] { Submit(reads[6]); };
  for (size_t i = 0; i < 6; ++i) {
    Submit(reads[i]);
    for (int k = 0; k < 3; ++k) reactor_->Poll();
  }
  EXPECT_EQ(order, "");
  ASSERT_EQ(write(pipe[1], "1234567", 7), 7);
  WaitUntil([&] { return reactor_->count_in_flight() == 0; });
  EXPECT_EQ(order, "0123456");
  close(pipe[0]);
  close(pipe[1]);
}

TEST_P(ReactorTest, ResubmittedFromItsCallback) {
  const TempFile file("abc");
  std::string text(3, '.');
  const Segment piece = PieceOf(text);
  TestOp op;
  op.PrepareRead(file.fd(), 0, {&piece, 1});
  op.then = [&] {
    if (op.count_callbacks < 100) Submit(op);
  };
  Submit(op);
  WaitUntil([&] { return op.count_callbacks == 100; });
  EXPECT_EQ(reactor_->count_in_flight(), 0u);
}

TEST_P(ReactorTest, TheCallbackMayDestroyTheOperation) {
  static int count_destroyed;
  count_destroyed = 0;
  const TempFile file("abc");
  std::string text(3, '.');
  const Segment piece = PieceOf(text);
  auto* op = new IoOp;
  op->PrepareRead(file.fd(), 0, {&piece, 1});
  op->Start(*reactor_, [](Completion& completion) {
    delete static_cast<IoOp*>(&completion);
    ++count_destroyed;
  });
  reactor_->Submit(*op);
  WaitUntil([&] { return count_destroyed == 1; });
  EXPECT_EQ(reactor_->count_in_flight(), 0u);
}

TEST_P(ReactorTest, WorkersRunWork) {
  struct Work : WorkOp {
    std::thread::id thread;
    bool done = false;
  } work;
  work.work = [](WorkOp& op) {
    static_cast<Work&>(op).thread = std::this_thread::get_id();
    return IoResult::Error(ENOSPC);
  };
  work.Start(*reactor_, [](Completion& op) { static_cast<Work&>(op).done = true; });
  reactor_->SubmitToWorkers(work);
  EXPECT_EQ(reactor_->count_in_flight(), 1u);
  WaitUntil([&] { return work.done; });
  EXPECT_EQ(work.result().error(), ENOSPC);
  EXPECT_NE(work.thread, std::this_thread::get_id());
}

TEST_P(ReactorTest, OperationsOnDescriptorsGoToWorkersToo) {
  const TempFile file("abc");
  std::string text(3, '.');
  const Segment piece = PieceOf(text);
  TestOp op;
  op.PrepareRead(file.fd(), 0, {&piece, 1});
  StartOn(op);
  reactor_->SubmitToWorkers(op);
  WaitFor(op);
  EXPECT_EQ(text, "abc");
  EXPECT_EQ(workers_.count_done(), 1u);
}

TEST_P(ReactorTest, PostIsCompleteFromAnywhere) {
  TestOp op;
  StartOn(op);
  reactor_->Post(op, IoResult::Bytes(3));
  EXPECT_FALSE(op.done());
  EXPECT_EQ(reactor_->Poll(), 1u);
  EXPECT_EQ(op.last, IoResult::Bytes(3));
  EXPECT_EQ(reactor_->count_in_flight(), 0u);
}

TEST_P(ReactorTest, StopBeforeRun) {
  reactor_->Stop();
  reactor_->Run();  // at once
  TestOp op;
  op.then = [&] { reactor_->Stop(); };
  StartOn(op);
  reactor_->Complete(op, IoResult::Bytes(0));
  reactor_->Run();
  EXPECT_TRUE(op.done());
}

TEST_P(ReactorTest, SetUpMayBeOnAnotherThread) {
  const TempFile file("abc");
  std::string text(3, '.');
  const Segment piece = PieceOf(text);
  const FixedFile slot(*reactor_, file.fd());
  TestOp op;
  op.PrepareRead(file.fd(), 0, {&piece, 1});
  op.fixed_file = slot.index();
  Submit(op);
  std::thread([&] { WaitFor(op); }).join();
  EXPECT_EQ(text, "abc");
  // The loop's thread is gone; slots and reactor are taken down here.
}

struct CountingTimer : Timer {
  CountingTimer() {
    callback = [](Timer& timer) {
      CountingTimer& self = static_cast<CountingTimer&>(timer);
      ++self.count_fired;
      if (self.then) self.then();
    };
  }
  std::function<void()> then;
  int count_fired = 0;
};

TEST_P(ReactorTest, TimersOnAManualClock) {
  ManualClock clock;
  options_.clock = &clock;
  Start();
  CountingTimer timer;
  timer.then = [&] { reactor_->timers().Arm(timer, timer.due_ns + 10); };
  reactor_->timers().Arm(timer, clock.NowNs() + 10);
  EXPECT_EQ(reactor_->Poll(), 0u);
  clock.Advance(9);
  EXPECT_EQ(reactor_->Poll(), 0u);
  clock.Advance(1);
  EXPECT_EQ(reactor_->Poll(), 1u);
  EXPECT_EQ(reactor_->Poll(), 0u);
  clock.Advance(20);
  EXPECT_EQ(reactor_->Poll(), 1u);
  EXPECT_EQ(reactor_->Poll(), 1u);
  EXPECT_EQ(reactor_->Poll(), 0u);
  EXPECT_EQ(timer.count_fired, 3);
  reactor_->timers().Cancel(timer);
}

TEST_P(ReactorTest, TimersEndASleep) {
  CountingTimer timer;
  const uint64_t start_ns = Clock::System().NowNs();
  reactor_->timers().Arm(timer, start_ns + 20 * kNsPerMs);
  EXPECT_EQ(reactor_->Wait(UINT64_MAX), 1u);
  EXPECT_EQ(timer.count_fired, 1);
  EXPECT_GE(Clock::System().NowNs() - start_ns, 20 * kNsPerMs);
}

TEST_P(ReactorTest, ABusyLoopStillSeesItsTimers) {
  ManualClock clock;
  options_.clock = &clock;
  Start();
  CountingTimer timer;
  reactor_->timers().Arm(timer, clock.NowNs() + 1);
  clock.Advance(1);
  TestOp op;
  op.then = [&] {
    if (timer.count_fired > 0) return;
    StartOn(op);
    reactor_->Complete(op, IoResult::Bytes(0));
  };
  StartOn(op);
  reactor_->Complete(op, IoResult::Bytes(0));
  for (int i = 0; i < 100; ++i) reactor_->Poll();
  EXPECT_EQ(timer.count_fired, 1);
  EXPECT_LT(op.count_callbacks, 30);
}

TEST_P(ReactorDeathTest, InFlightAtTheEndIsABug) {
  GTEST_FLAG_SET(death_test_style, "fast");
  auto* op = new TestOp;
  EXPECT_DEATH(
      {
        StartOn(*op);
        reactor_->Complete(*op, IoResult::Bytes(0));
        reactor_.reset();
      },
      "count_in_flight_ == 0");
  delete op;
}

INSTANTIATE_TEST_SUITE_P(All, ReactorTest, AllRingKinds(), NameOf);
INSTANTIATE_TEST_SUITE_P(Rings, FullRingTest, RingKindsWithRing(), NameOf);
INSTANTIATE_TEST_SUITE_P(One, ReactorDeathTest, testing::Values(RingKind::kNone), NameOf);

}  // namespace
}  // namespace quire
