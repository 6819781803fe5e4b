// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: nothing posted from other threads is lost or delayed, whether the reactor spins, sleeps or
// lives in an embedder's loop, and everything may be taken down as soon as the last callback ran.
// Method: storms with exact counts; a watchdog turns a lost wake-up into a failure.
#include <poll.h>

#include <array>
#include <atomic>
#include <thread>

#include "engine/reactor.h"
#include "tests/engine/reactor_fixture.h"

namespace quire {
namespace {

class ReactorThreadsTest : public ReactorFixture {
 protected:
  static constexpr size_t kSenders = 2;
#if defined(__SANITIZE_THREAD__)
  static constexpr size_t kLetters = 3'000;
#else
  static constexpr size_t kLetters = 30'000;
#endif

  // Each sender posts its letters with a pause now and then, so that the receiver falls asleep.
  void StartSenders() {
    for (size_t i = 0; i < kSenders; ++i) {
      letters_[i].resize(kLetters);
      for (TestOp& letter : letters_[i]) {
        letter.then = [this] { ++count_received_; };
        letter.Start(*reactor_, TestOp::OnDone);
      }
    }
    for (size_t i = 0; i < kSenders; ++i) {
      senders_.emplace_back([this, i] {
        for (size_t k = 0; k < kLetters; ++k) {
          reactor_->Post(letters_[i][k], IoResult::Bytes(k));
          if (k % 64 == 0) std::this_thread::sleep_for(std::chrono::microseconds(k % 300));
        }
      });
    }
  }
  void CheckAllReceived() {
    for (std::thread& sender : senders_) sender.join();
    EXPECT_EQ(count_received_, kSenders * kLetters);
    EXPECT_EQ(reactor_->count_in_flight(), 0u);
    for (const auto& letters : letters_) {
      for (size_t k = 0; k < kLetters; ++k) {
        ASSERT_EQ(letters[k].count_callbacks, 1);
        ASSERT_EQ(letters[k].last, IoResult::Bytes(k));
      }
    }
  }

  std::array<std::deque<TestOp>, kSenders> letters_;
  std::vector<std::thread> senders_;
  size_t count_received_ = 0;
};

TEST_P(ReactorThreadsTest, StormIntoASpinningReactor) {
  StartSenders();
  while (count_received_ < kSenders * kLetters) reactor_->Poll();
  CheckAllReceived();
}

TEST_P(ReactorThreadsTest, StormIntoASleepingReactor) {
  StartSenders();
  // Sleeps without limit: a lost wake-up shows as the test's time-out.
  while (count_received_ < kSenders * kLetters) reactor_->Wait(UINT64_MAX);
  CheckAllReceived();
}

TEST_P(ReactorThreadsTest, StormIntoAnEmbeddersLoop) {
  const absl::StatusOr<int> event_fd = reactor_->event_fd();
  ASSERT_TRUE(event_fd.ok()) << event_fd.status();
  StartSenders();
  while (count_received_ < kSenders * kLetters) {
    while (reactor_->Poll() > 0) {
    }
    if (count_received_ == kSenders * kLetters) break;
    pollfd waiting{*event_fd, POLLIN, 0};
    ASSERT_EQ(poll(&waiting, 1, 20'000), 1) << "a wake-up was lost";
  }
  CheckAllReceived();
}

TEST_P(ReactorThreadsTest, FileOperationsInAnEmbeddersLoop) {
  constexpr int kCount = 300;
  const int event_fd = *reactor_->event_fd();
  const TempFile file(std::string(kCount, 'x'));
  std::array<TestOp, 4> ops;
  std::string text(ops.size(), '.');
  int left = kCount;
  for (size_t i = 0; i < ops.size(); ++i) {
    ops[i].then = [&, i] {
      if (--left < static_cast<int>(ops.size())) return;
      // In turn: in place, through a worker, and one that really waits in the kernel.
      const Segment piece = PieceOf(text, i, 1);
      ops[i].PrepareRead(file.fd(), static_cast<uint64_t>(left), {&piece, 1});
      if (left % 3 == 0) ops[i].PrepareFlush(file.fd(), {});
      ops[i].Start(*reactor_, TestOp::OnDone);
      if (left % 3 == 1) {
        reactor_->SubmitToWorkers(ops[i]);
      } else {
        reactor_->Submit(ops[i]);
      }
    };
    ops[i].PrepareFlush(file.fd(), {});
    Submit(ops[i]);
  }
  while (left > 0) {
    while (reactor_->Poll() > 0) {
    }
    if (left == 0) break;
    pollfd waiting{event_fd, POLLIN, 0};
    ASSERT_EQ(poll(&waiting, 1, 20'000), 1) << "a wake-up was lost, " << left << " left";
  }
  EXPECT_EQ(reactor_->count_in_flight(), 0u);
}

// An idle reactor leaves its descriptor quiet, and a due timer makes it readable.
TEST_P(ReactorThreadsTest, EmbeddersTimersAndSilence) {
  const int event_fd = *reactor_->event_fd();
  pollfd waiting{event_fd, POLLIN, 0};
  while (reactor_->Poll() > 0) {
  }
  EXPECT_EQ(poll(&waiting, 1, 0), 0);
  static int count_fired;
  count_fired = 0;
  Timer timer;
  timer.callback = [](Timer&) { ++count_fired; };
  reactor_->timers().Arm(timer, Clock::System().NowNs() + 10 * kNsPerMs);
  reactor_->Poll();
  ASSERT_EQ(poll(&waiting, 1, 10'000), 1);
  while (reactor_->Poll() > 0) {
  }
  EXPECT_EQ(count_fired, 1);
  EXPECT_EQ(poll(&waiting, 1, 0), 0);
}

// The posting thread may still be inside Post when the last callback runs and all is destroyed.
TEST_P(ReactorThreadsTest, DestroyedRightAfterTheLastCallback) {
  for (int i = 0; i < 200; ++i) {
    Start();
    TestOp op;
    op.Start(*reactor_, TestOp::OnDone);
    std::thread sender([&] { reactor_->Post(op, IoResult::Bytes(0)); });
    while (!op.done()) {
      if (i % 2 == 0) {
        reactor_->Poll();
      } else {
        reactor_->Wait(UINT64_MAX);
      }
    }
    reactor_.reset();
    sender.join();
  }
}

TEST_P(ReactorThreadsTest, StopWakesRun) {
  for (int i = 0; i < 100; ++i) {
    Start();  // a reactor belongs to the thread that ran it
    std::thread loop([&] { reactor_->Run(); });
    if (i % 2 == 0) std::this_thread::sleep_for(std::chrono::microseconds(i * 10));
    reactor_->Stop();
    loop.join();
  }
}

// Two reactors call each other: each callback posts to the other side.
TEST_P(ReactorThreadsTest, TwoReactorsPlayPingPong) {
  constexpr int kRounds = 2'000;  // even: the last hit is on this side
  const std::unique_ptr<Reactor> other = *Reactor::Create(workers_, options_);
  std::thread loop([&] { other->Run(); });
  TestOp ball;
  bool over = false;
  ball.then = [&] {
    if (ball.count_callbacks == kRounds) {
      over = true;
      return;
    }
    Reactor& there = ball.reactor() == other.get() ? *reactor_ : *other;
    ball.Start(there, TestOp::OnDone);
    there.Post(ball, IoResult::Bytes(0));
  };
  ball.Start(*other, TestOp::OnDone);
  other->Post(ball, IoResult::Bytes(0));
  while (!over) reactor_->Wait(UINT64_MAX);
  other->Stop();
  loop.join();
  EXPECT_EQ(ball.count_callbacks, kRounds);
}

INSTANTIATE_TEST_SUITE_P(All, ReactorThreadsTest, AllRingKinds(), NameOf);

}  // namespace
}  // namespace quire
