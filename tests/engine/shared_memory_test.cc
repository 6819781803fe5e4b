// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: what reactors did is counted for ever, what they have only while they are there; who finds
// nothing left gets what is idle with the others, now.
// Method: two reactors of one thread, on a clock that stands still.

#include "engine/shared_memory.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "engine/reactor.h"

namespace quire {
namespace {

constexpr uint64_t kMib = uint64_t{1} << 20;

class SharedMemoryTest : public testing::Test {
 protected:
  explicit SharedMemoryTest(uint64_t max_bytes = 16 * kMib)
      : shared_(*SharedMemory::Create(
            {.max_bytes = max_bytes, .pressure = std::nullopt, .clock = &clock_})),
        first_(New()),
        second_(New()) {}
  std::unique_ptr<Reactor> New() {
    auto reactor = *Reactor::Create(workers_, {.memory = shared_.get(), .clock = &clock_});
    reactor->Poll();
    return reactor;
  }
  static std::vector<Sgv*> Take(Reactor& reactor, int count, uint64_t length_bytes) {
    std::vector<Sgv*> taken;
    for (int i = 0; i < count; ++i) {
      taken.push_back(reactor.memory().Take(length_bytes));
      QUIRE_CHECK(taken.back() != nullptr);
    }
    return taken;
  }
  static void Return(const std::vector<Sgv*>& taken) {
    for (Sgv* const one : taken) SgvPool::Return(*one);
  }
  static void LeaveIdle(Reactor& reactor, int count, uint64_t length_bytes) {
    Return(Take(reactor, count, length_bytes));
  }
  static uint64_t IdlePages(Reactor& reactor) {
    return reactor.memory().pool().stats().idle_pages.load();
  }

  ManualClock clock_;
  WorkerPool workers_;
  std::unique_ptr<SharedMemory> shared_;
  std::unique_ptr<Reactor> first_, second_;
};

TEST_F(SharedMemoryTest, LessThanAChunkIsAnError) {
  const auto memory = SharedMemory::Create({.max_bytes = 4 * kMib - 1});
  ASSERT_FALSE(memory.ok());
  EXPECT_EQ(memory.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(memory.status().message().find("at least 4 MiB"), std::string::npos);
  EXPECT_TRUE(SharedMemory::Create({.max_bytes = 4 * kMib}).ok());
}

TEST_F(SharedMemoryTest, CountsOfReactorsThatAreGoneStay) {
  LeaveIdle(*first_, 2, kMib);
  LeaveIdle(*first_, 2, kMib);
  LeaveIdle(*second_, 1, kMib);
  HeadroomPool& headroom = first_->memory().headroom();
  headroom.Park(*headroom.Take());
  MemoryStats stats = shared_->stats();
  EXPECT_EQ(stats.pools.misses[8], 3u);
  EXPECT_EQ(stats.pools.hits[8], 2u);
  EXPECT_EQ(stats.pools.cached_pages, 3 * 256u);
  EXPECT_EQ(stats.pools.idle_pages, 3 * 256u);
  EXPECT_EQ(stats.headroom.buffers, 128u);
  EXPECT_EQ(stats.headroom.taken, 1u);
  EXPECT_EQ(stats.pressure_watch, "");

  first_.reset();
  stats = shared_->stats();
  EXPECT_EQ(stats.pools.misses[8], 3u);
  EXPECT_EQ(stats.pools.hits[8], 2u);
  EXPECT_EQ(stats.headroom.taken, 1u);
  EXPECT_EQ(stats.pools.cached_pages, 256u) << "of whom is left";
  EXPECT_EQ(stats.pools.idle_pages, 256u);
  EXPECT_EQ(stats.headroom.buffers, 64u);

  second_.reset();
  first_ = New();
  LeaveIdle(*first_, 1, kMib);
  stats = shared_->stats();
  EXPECT_EQ(stats.pools.misses[8], 4u);
  EXPECT_EQ(stats.pools.hits[8], 2u);
  EXPECT_EQ(stats.pools.cached_pages, 256u);
  EXPECT_EQ(stats.headroom.buffers, 64u);
}

TEST_F(SharedMemoryTest, WhoFindsNothingLeftGetsAllThatIsIdle) {
  LeaveIdle(*first_, 16, kMib);
  ASSERT_EQ(IdlePages(*first_), 4096u);
  EXPECT_EQ(second_->memory().Take(4096), nullptr);
  EXPECT_EQ(IdlePages(*first_), 4096u) << "not on this stack";
  first_->Poll();
  EXPECT_EQ(IdlePages(*first_), 0u);
  Return(Take(*second_, 4, 4 * kMib));
}

TEST_F(SharedMemoryTest, WhoHasNothingIdleKeepsWhatIsInUse) {
  const std::vector<Sgv*> taken = Take(*first_, 15, kMib);
  LeaveIdle(*first_, 1, kMib);
  EXPECT_EQ(second_->memory().Take(4096), nullptr);
  first_->Poll();
  EXPECT_EQ(IdlePages(*first_), 0u);
  Return(Take(*second_, 1, kMib));
  Return(taken);
}

// Whoever lacks a single piece cannot know where it lies.
TEST_F(SharedMemoryTest, ACallTakesAllThatIsIdle) {
  LeaveIdle(*first_, 8, kMib);
  shared_->CallIn(second_->memory());
  shared_->CallIn(second_->memory());  // one of them is enough
  first_->Poll();
  EXPECT_EQ(IdlePages(*first_), 0u);
}

TEST_F(SharedMemoryTest, WhoCallsKeepsItsOwn) {
  LeaveIdle(*first_, 8, kMib);
  shared_->CallIn(first_->memory());
  first_->Poll();
  EXPECT_EQ(IdlePages(*first_), 8 * 256u);
}

TEST_F(SharedMemoryTest, WhatOtherThreadsReturnedIsIdleAsWell) {
  std::vector<Sgv*> taken = Take(*first_, 16, kMib);
  std::thread([&taken] { Return(taken); }).join();
  EXPECT_EQ(second_->memory().Take(4096), nullptr);
  first_->Poll();
  EXPECT_EQ(shared_->regions().stats().used_bytes, 0u);
  Return(Take(*second_, 4, 4 * kMib));
}

TEST_F(SharedMemoryTest, AReactorMayGoWhileItIsCalled) {
  LeaveIdle(*first_, 16, kMib);
  EXPECT_EQ(second_->memory().Take(4096), nullptr);
  first_.reset();  // the call is in its mailbox
  Return(Take(*second_, 4, 4 * kMib));
}

TEST(SharedMemoryDeathTest, OutlivesItsReactors) {
  const auto misuse = [] {
    WorkerPool workers;
    auto shared = *SharedMemory::Create({.max_bytes = 4 * kMib, .pressure = std::nullopt});
    const auto reactor = *Reactor::Create(workers, {.memory = shared.get()});
    shared.reset();
  };
  EXPECT_DEATH(misuse(), "reactors_.empty\\(\\)");
}

}  // namespace
}  // namespace quire
