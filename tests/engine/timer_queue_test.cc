// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: timers fire once, in order of their time, never early, and callbacks may arm and cancel.
// Method: numbers for times; every firing is written down.
#include "engine/timer_queue.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace quire {
namespace {

struct Named : Timer {
  Named(char letter, std::string& log) : name(letter), fired(log) {
    callback = [](Timer& timer) {
      Named& self = static_cast<Named&>(timer);
      self.fired += self.name;
      if (self.then) self.then();
    };
  }
  char name;
  std::string& fired;
  std::function<void()> then;
};

class TimerQueueTest : public testing::Test {
 protected:
  ~TimerQueueTest() override {
    for (Named* timer : {&a_, &b_, &c_}) queue_.Cancel(*timer);
  }
  std::string fired_;
  Named a_{'a', fired_}, b_{'b', fired_}, c_{'c', fired_};
  TimerQueue queue_;
};

TEST_F(TimerQueueTest, FiresInOrderOfTime) {
  queue_.Arm(b_, 20);
  queue_.Arm(c_, 30);
  queue_.Arm(a_, 10);
  EXPECT_EQ(queue_.next_due_ns(), 10u);
  EXPECT_EQ(queue_.RunDue(9), 0u);
  EXPECT_EQ(queue_.RunDue(20), 2u);
  EXPECT_EQ(fired_, "ab");
  EXPECT_FALSE(a_.armed());
  EXPECT_TRUE(c_.armed());
  EXPECT_EQ(queue_.RunDue(100), 1u);
  EXPECT_EQ(fired_, "abc");
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.next_due_ns(), std::nullopt);
}

TEST_F(TimerQueueTest, EqualTimesFireInOrderOfArming) {
  for (Named* timer : {&b_, &a_, &c_}) queue_.Arm(*timer, 10);
  EXPECT_EQ(queue_.RunDue(10), 3u);
  EXPECT_EQ(fired_, "bac");
}

TEST_F(TimerQueueTest, ArmedAgainFromItsCallbackWaitsForTheNextCall) {
  a_.then = [&] { queue_.Arm(a_, 5); };
  queue_.Arm(a_, 10);
  EXPECT_EQ(queue_.RunDue(10), 1u);
  EXPECT_TRUE(a_.armed());
  EXPECT_EQ(queue_.RunDue(10), 1u);
  EXPECT_EQ(fired_, "aa");
}

TEST_F(TimerQueueTest, CancelFromACallback) {
  a_.then = [&] { queue_.Cancel(b_); };  // due in the same call
  queue_.Arm(a_, 10);
  queue_.Arm(b_, 10);
  queue_.Arm(c_, 10);
  EXPECT_EQ(queue_.RunDue(10), 2u);
  EXPECT_EQ(fired_, "ac");
  EXPECT_FALSE(b_.armed());
}

TEST_F(TimerQueueTest, CancelIsIdempotent) {
  queue_.Cancel(a_);
  queue_.Arm(a_, 10);
  queue_.Cancel(a_);
  queue_.Cancel(a_);
  EXPECT_EQ(queue_.RunDue(100), 0u);
}

}  // namespace
}  // namespace quire
