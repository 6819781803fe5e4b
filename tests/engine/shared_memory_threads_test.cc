// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: reactors come and go while others call for their memory, read the counts, and the system
// runs short; nobody is called who is gone, and no count is lost.
// Method: threads with reactor after reactor over memory that is too small for all; with and
// without a pressure that never ends; in the end the counts are compared with those of the threads.

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "engine/reactor.h"

namespace quire {
namespace {

constexpr uint64_t kMib = uint64_t{1} << 20;

// A negative descriptor: without a pressure, whose lock hides what is not guarded.
void ComeAndGo(int pressure_fd) {
  constexpr int kThreads = 3;
  constexpr int kLives = 8;
  SharedMemory::Options options = {.max_bytes = 8 * kMib, .pressure = std::nullopt};
  if (pressure_fd >= 0) options.pressure = MemoryPressure::Options{.fake_fd = pressure_fd};
  const auto shared = *SharedMemory::Create(options);
  WorkerPool workers{1};
  std::atomic<uint64_t> count_taken{0};
  std::atomic<uint64_t> count_refused{0};
  std::atomic<bool> over{false};
  const auto live = [&] {
    const auto reactor = *Reactor::Create(workers, {.memory = shared.get()});
    for (int turn = 0; turn < 100; ++turn) {
      std::vector<Sgv*> taken;
      for (int i = 0; i < 6; ++i) {
        Sgv* const one = reactor->memory().Take(kMib);
        count_taken.fetch_add(1);
        if (one == nullptr) {
          count_refused.fetch_add(1);
        } else {
          taken.push_back(one);
        }
      }
      std::this_thread::yield();
      for (Sgv* const one : taken) SgvPool::Return(*one);
      reactor->Poll();
    }
  };
  std::thread looks([&] {
    while (!over.load()) {
      EXPECT_LE(shared->stats().headroom.buffers, 64u * kThreads);
      if (pressure_fd >= 0) {
        EXPECT_EQ(eventfd_write(pressure_fd, 1), 0);
      }
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int life = 0; life < kLives; ++life) live();
    });
  }
  for (std::thread& thread : threads) thread.join();
  over.store(true);
  looks.join();
  const MemoryStats stats = shared->stats();
  EXPECT_EQ(stats.pools.hits[8] + stats.pools.misses[8], count_taken.load());
  EXPECT_EQ(stats.pools.refused, count_refused.load());
  EXPECT_GT(count_refused.load(), 0u);
  EXPECT_EQ(stats.pools.cached_pages, 0u);
  EXPECT_EQ(stats.headroom.buffers, 0u);
  EXPECT_EQ(shared->regions().stats().used_bytes, 0u);
  EXPECT_EQ(stats.pressure_events > 0, pressure_fd >= 0);
}

TEST(SharedMemoryThreadsTest, ReactorsComeAndGo) { ComeAndGo(/*pressure_fd=*/-1); }

TEST(SharedMemoryThreadsTest, ReactorsComeAndGoUnderPressure) {
  const int pressure_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  ComeAndGo(pressure_fd);
  close(pressure_fd);
}

}  // namespace
}  // namespace quire
