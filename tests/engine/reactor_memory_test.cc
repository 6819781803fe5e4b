// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: idle memory goes back by its age, and at once under pressure; nothing is ticking when there
// is nothing to keep. Method: a manual clock; a pressure that an eventfd of the test stands for.
#include "engine/reactor_memory.h"

#include <sys/eventfd.h>

#include "tests/engine/reactor_fixture.h"

namespace quire {
namespace {

class ReactorMemoryTest : public ReactorFixture {
 protected:
  void SetUp() override {
    ReactorFixture::SetUp();
    if (IsSkipped()) return;
    pressure_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    shared_ = *SharedMemory::Create({.max_bytes = 16 * Regions::kChunkBytes,
                                     .pressure = MemoryPressure::Options{.fake_fd = pressure_fd_},
                                     .clock = &clock_});
    options_.memory = shared_.get();
    options_.clock = &clock_;
    Start();
    reactor_->Poll();
  }
  void TearDown() override {
    reactor_.reset();
    shared_.reset();
    if (pressure_fd_ >= 0) close(pressure_fd_);
  }
  // Takes `count` vectors of 1 MiB at once, uses and returns them.
  void Burst(int count) {
    std::vector<Sgv*> taken;
    for (int i = 0; i < count; ++i) {
      taken.push_back(reactor_->memory().Take(1 << 20));
      ASSERT_NE(taken.back(), nullptr);
      reactor_->memory().FixedBufferOf(taken.back()->memory());
    }
    for (Sgv* const one : taken) SgvPool::Return(*one);
  }
  void Pass(uint64_t seconds) {
    for (uint64_t i = 0; i < 100 * seconds; ++i) {
      clock_.Advance(kNsPerSecond / 100);
      for (int turn = 0; turn < 4; ++turn) reactor_->Poll();
    }
  }
  uint64_t Chunks() const { return shared_->regions().stats().chunks; }

  ManualClock clock_;
  std::unique_ptr<SharedMemory> shared_;
  int pressure_fd_ = -1;
};

TEST_P(ReactorMemoryTest, WhatIsIdleGoesBackByItsAge) {
  Burst(32);
  EXPECT_GE(Chunks(), 8u);
  Pass(55);
  EXPECT_GE(Chunks(), 8u);
  // A minute as a vector, and a moment as a part of a free chunk.
  Pass(8);
  EXPECT_EQ(Chunks(), 0u);
  EXPECT_TRUE(reactor_->timers().empty());
}

// What takes a millisecond each is not done in one go.
TEST_P(ReactorMemoryTest, ATurnLetsGoOfOneChunk) {
  Burst(64);
  Pass(61);
  uint64_t before = Chunks();
  for (int i = 0; i < 1000 && before > 0; ++i) {
    clock_.Advance(kNsPerSecond / 100);
    reactor_->Poll();
    EXPECT_LE(before - Chunks(), 1u);
    before = Chunks();
  }
  EXPECT_EQ(before, 0u);
}

TEST_P(ReactorMemoryTest, UnderPressureAShareGoesAtOnce) {
  Burst(64);
  const uint64_t before = reactor_->memory().pool().stats().idle_pages.load();
  ASSERT_EQ(eventfd_write(pressure_fd_, 1), 0);
  WaitUntil([&] { return reactor_->memory().pool().stats().idle_pages.load() < before; });
  const uint64_t after = reactor_->memory().pool().stats().idle_pages.load();
  EXPECT_EQ(after, before / 4 * 3) << "a bounded share a pass";
  EXPECT_LT(Chunks(), 16u);
  for (int i = 0; i < 200 && Chunks() > 0; ++i) {
    const uint64_t events = shared_->pressure()->count_events();
    ASSERT_EQ(eventfd_write(pressure_fd_, 1), 0);
    WaitUntil([&] { return shared_->pressure()->count_events() > events; });
    for (int turn = 0; turn < 10; ++turn) reactor_->Poll();
  }
  EXPECT_EQ(Chunks(), 0u);
}

TEST_P(ReactorMemoryTest, NoneLeftIsAnAnswer) {
  std::vector<Sgv*> taken;
  while (Sgv* const one = reactor_->memory().Take(4 << 20)) taken.push_back(one);
  EXPECT_EQ(taken.size(), 16u);
  for (Sgv* const one : taken) SgvPool::Return(*one);
  Sgv* const small = reactor_->memory().Take(1);
  ASSERT_NE(small, nullptr);
  SgvPool::Return(*small);
}

INSTANTIATE_TEST_SUITE_P(All, ReactorMemoryTest, AllRingKinds(), NameOf);

}  // namespace
}  // namespace quire
