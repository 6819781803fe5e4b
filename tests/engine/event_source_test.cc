// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the embedder's descriptor is readable for wake-ups and due timers, and for nothing else.
// Method: poll(2) on it before and after each cause.
#include "engine/event_source.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "base/clock.h"
#include "engine/wake_fd.h"

namespace quire {
namespace {

class EventSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(wake_.Open().ok());
    auto events = EventSource::Create(wake_.fd());
    ASSERT_TRUE(events.ok()) << events.status();
    events_ = *std::move(events);
  }
  bool Readable(int timeout_ms = 0) {
    pollfd waiting{events_->fd(), POLLIN, 0};
    return poll(&waiting, 1, timeout_ms) == 1;
  }
  WakeFd wake_;
  std::unique_ptr<EventSource> events_;
};

TEST_F(EventSourceTest, WakeUps) {
  EXPECT_FALSE(Readable());
  wake_.Signal();
  EXPECT_TRUE(Readable());
  wake_.Drain();
  EXPECT_FALSE(Readable());
}

TEST_F(EventSourceTest, Timers) {
  const uint64_t now_ns = Clock::System().NowNs();
  events_->SetTimer(now_ns + 3600 * kNsPerSecond);
  EXPECT_FALSE(Readable());
  events_->SetTimer(now_ns + 10 * kNsPerMs);
  EXPECT_TRUE(Readable(10'000));
  events_->SetTimer(0);
  EXPECT_FALSE(Readable());
  events_->SetTimer(1);  // long ago
  EXPECT_TRUE(Readable(10'000));
}

TEST(EventSource, RefusesABadDescriptor) { EXPECT_FALSE(EventSource::Create(-1).ok()); }

}  // namespace
}  // namespace quire
