// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the ring's counters account for every operation at every moment, and it enters the kernel
// only when there is a reason.
// Method: a bare ring of every kind, no reactor's turn; reads of a pipe are what stays inside.
#include "engine/ring.h"

#include <array>

#include "engine/wake_fd.h"
#include "tests/engine/reactor_fixture.h"

namespace quire {
namespace {

using State = Completion::State;

// Only a reactor ends an operation, and here is none: they are kept for ever.
TestOp& NewOp() {
  static auto& ops = *new std::deque<TestOp>;
  return ops.emplace_back();
}

class RingTest : public ReactorFixture {
 protected:
  static constexpr uint32_t kCountEntries = 4;

  void SetUp() override {
    ReactorFixture::SetUp();
    if (IsSkipped()) return;
    auto ring = Ring::Create(kCountEntries, features_);
    ASSERT_TRUE(ring.ok()) << ring.status();
    ring_ = *std::move(ring);
    ring_->Enable();
    ASSERT_EQ(pipe2(pipe_.data(), O_CLOEXEC), 0);
    ASSERT_TRUE(wake_.Open().ok());
  }
  void TearDown() override {
    Drain();
    ring_.reset();
    for (const int fd : pipe_) close(fd);
  }
  bool Push(TestOp& op) {
    op.Start(*reactor_, TestOp::OnDone);
    return ring_->Push(op);
  }
  // An operation that is done when something is written to the pipe.
  bool PushWaiting() {
    static std::byte byte{};
    const Segment piece{&byte, 1};
    TestOp& op = NewOp();
    op.PrepareRead(pipe_[0], 0, {&piece, 1});
    return Push(op);
  }
  bool PushRead(const TempFile& file) {
    static std::string text(16, '.');
    const Segment piece = PieceOf(text);
    TestOp& op = NewOp();
    op.PrepareRead(file.fd(), 0, {&piece, 1});
    return Push(op);
  }
  uint32_t Drain() {
    uint32_t count = 0;
    while (ready_.PopFront() != nullptr) ++count;
    return count;
  }

  std::array<int, 2> pipe_{-1, -1};
  WakeFd wake_;
  std::unique_ptr<Ring> ring_;
  Ring::ReadyList ready_;
};

TEST_P(RingTest, NothingToDoMakesNoSystemCall) {
  for (int i = 0; i < 10; ++i) ring_->SubmitAndReap(ready_, 0);
  EXPECT_EQ(ring_->count_system_calls(), 0u);
}

TEST_P(RingTest, CountsQueuedInKernelReady) {
  ASSERT_TRUE(PushWaiting());
  ASSERT_TRUE(PushWaiting());
  EXPECT_EQ(ring_->count_queued(), 2u);
  EXPECT_EQ(ring_->count_in_kernel(), 0u);
  EXPECT_EQ(ring_->count_system_calls(), 0u);
  ring_->SubmitAndReap(ready_, 0);
  EXPECT_EQ(ring_->count_queued(), 0u);
  EXPECT_EQ(ring_->count_in_kernel(), 2u);
  EXPECT_TRUE(ready_.empty());
  ASSERT_EQ(write(pipe_[1], "xy", 2), 2);
  ring_->ArmWake(wake_.fd());
  while (ring_->count_in_kernel() > 0) ring_->SubmitAndReap(ready_, kNsPerSecond);
  EXPECT_EQ(ready_.Front()->state(), State::kReady);
  EXPECT_EQ(Drain(), 2u);
}

TEST_P(RingTest, WaitingInsideMakesNoSystemCall) {
  ASSERT_TRUE(PushWaiting());
  ring_->SubmitAndReap(ready_, 0);
  const uint64_t count_calls = ring_->count_system_calls();
  for (int i = 0; i < 100; ++i) ring_->SubmitAndReap(ready_, 0);
  EXPECT_EQ(ring_->count_system_calls(), count_calls);
}

TEST_P(RingTest, ABatchIsOneSystemCall) {
  const TempFile file("hello");
  PushRead(file);  // brings the file's page in
  ring_->SubmitAndReap(ready_, 0);
  const uint64_t count_calls = ring_->count_system_calls();
  for (uint32_t i = 0; i < kCountEntries; ++i) ASSERT_TRUE(PushRead(file));
  ring_->SubmitAndReap(ready_, 0);
  EXPECT_EQ(ring_->count_system_calls(), count_calls + 1);
  EXPECT_EQ(Drain(), kCountEntries + 1);
}

TEST_P(RingTest, AFullQueueRefusesUntilItIsSubmitted) {
  const TempFile file("hello");
  for (uint32_t i = 0; i < kCountEntries; ++i) ASSERT_TRUE(PushRead(file));
  EXPECT_FALSE(PushRead(file));
  EXPECT_EQ(ring_->count_queued(), kCountEntries);
  ring_->SubmitAndReap(ready_, 0);
  EXPECT_TRUE(PushRead(file));
  ring_->SubmitAndReap(ready_, 0);
  EXPECT_EQ(Drain(), kCountEntries + 1);
}

TEST_P(RingTest, TheCompletionQueueNeverOverflows) {
  uint32_t count = 0;
  for (int i = 0; i < 100; ++i) {
    if (PushWaiting()) ++count;
    ring_->SubmitAndReap(ready_, 0);
  }
  EXPECT_EQ(count, ring_->count_in_kernel());
  EXPECT_EQ(count, 4 * kCountEntries - 1);  // one is kept for the wake-up
  ring_->ArmWake(wake_.fd());
  wake_.Signal();
  const std::string bytes(count, 'x');
  ASSERT_EQ(write(pipe_[1], bytes.data(), count), static_cast<ssize_t>(count));
  while (ring_->count_in_kernel() > 0) ring_->SubmitAndReap(ready_, kNsPerSecond);
  EXPECT_EQ(Drain(), count);
}

TEST_P(RingTest, SleepsForItsTimeUnlessWoken) {
  ring_->ArmWake(wake_.fd());
  const uint64_t start_ns = Clock::System().NowNs();
  ring_->SubmitAndReap(ready_, 20 * kNsPerMs);
  EXPECT_GE(Clock::System().NowNs() - start_ns, 19 * kNsPerMs);
  EXPECT_FALSE(ring_->TakeWake());
  wake_.Signal();
  ring_->SubmitAndReap(ready_, Ring::kForever);
  EXPECT_TRUE(ring_->TakeWake());
  EXPECT_FALSE(ring_->TakeWake());
  EXPECT_TRUE(ready_.empty());
}

TEST_P(RingTest, WakesWhenTheQueueIsFull) {
  const TempFile file("hello");
  for (uint32_t i = 0; i < kCountEntries; ++i) ASSERT_TRUE(PushRead(file));
  ring_->ArmWake(wake_.fd());
  wake_.Signal();
  while (!ring_->TakeWake()) ring_->SubmitAndReap(ready_, Ring::kForever);
  while (ring_->count_in_kernel() > 0) ring_->SubmitAndReap(ready_, 0);
  EXPECT_EQ(Drain(), kCountEntries);
}

INSTANTIATE_TEST_SUITE_P(All, RingTest, RingKindsWithRing(), NameOf);

}  // namespace
}  // namespace quire
