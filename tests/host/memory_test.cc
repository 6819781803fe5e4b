// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: options that leave no room are one clear error; one snapshot shows all of a process's
// memory for buffers.
// Method: options on both sides of the limit; two sessions on two reactors, and what they did.

#include "host/memory.h"

#include <gtest/gtest.h>

#include "target/session.h"

namespace quire {
namespace {

constexpr uint64_t kMib = uint64_t{1} << 20;

TEST(MemoryTest, OptionsThatLeaveNoRoomAreAnError) {
  constexpr uint64_t kMost = ~uint64_t{0};
  const Memory::Options bad[] = {
      {.limit_bytes = 0, .engine_bytes = 0},
      {.limit_bytes = 64 * kMib, .engine_bytes = 4 * kMib - 1},
      {.limit_bytes = 8 * kMib - 1, .engine_bytes = 4 * kMib},
      {.limit_bytes = 64 * kMib, .engine_bytes = 64 * kMib},
      {.limit_bytes = 64 * kMib, .engine_bytes = kMost},
      {.limit_bytes = 64 * kMib, .engine_bytes = kMost - 4 * kMib + 1},
      {.limit_bytes = kMib, .engine_bytes = kMost},
  };
  for (const Memory::Options& options : bad) {
    const auto memory = Memory::Create(options);
    ASSERT_FALSE(memory.ok()) << options.limit_bytes << " " << options.engine_bytes;
    EXPECT_EQ(memory.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(memory.status().message());
    EXPECT_NE(message.find("raise the limit"), std::string::npos) << message;
    EXPECT_NE(message.find("MiB for the engine"), std::string::npos) << message;
  }
}

TEST(MemoryTest, LimitsOfOnesBelowOneTransferAreAnError) {
  for (const Memory::Options& options : {Memory::Options{.initiator_limit_bytes = 4 * kMib - 1},
                                         Memory::Options{.device_limit_bytes = kMib}}) {
    const auto memory = Memory::Create(options);
    ASSERT_FALSE(memory.ok());
    EXPECT_NE(memory.status().message().find("raise their limits"), std::string::npos);
  }
}

TEST(MemoryTest, TheLeastIsEnough) {
  const auto memory = Memory::Create({.limit_bytes = 8 * kMib, .engine_bytes = 4 * kMib});
  ASSERT_TRUE(memory.ok()) << memory.status();
  EXPECT_EQ((*memory)->admission().budget().limit_bytes(), 4 * kMib);
}

TEST(MemoryTest, LimitsOfOnesReachTheAccounts) {
  const auto memory =
      *Memory::Create({.initiator_limit_bytes = 4 * kMib, .device_limit_bytes = 8 * kMib});
  const auto account = memory->admission().OfInitiator("me");
  BudgetAccount disk(memory->admission().budget(),
                     {.name = "disk", .kind = BudgetAccount::Kind::kDevice});
  BudgetSlice of_account(*account);
  BudgetSlice of_disk(disk);
  EXPECT_EQ(memory->admission().budget().TryCharge({&of_account, &of_disk}, 4 * kMib + 1),
            BudgetAnswer::kTooLarge);
}

struct Request : DataBuffer {
  explicit Request(uint64_t of_length_bytes) {
    length_bytes = of_length_bytes;
    done = [](DataBuffer&) {};
  }
};

TEST(MemoryTest, OneSnapshotShowsAll) {
  const auto memory = *Memory::Create({.limit_bytes = 64 * kMib, .engine_bytes = 16 * kMib});
  WorkerPool workers;
  const auto device =
      *Device::Create(*File::Open({.path = "null", .null_size_bytes = 1 << 20}), 512);
  Target target("disks");
  target.Add(*device);
  const auto first = *Reactor::Create(workers, {.memory = &memory->shared()});
  const auto second = *Reactor::Create(workers, {.memory = &memory->shared()});
  Session of_first(target, *first,
                   {.initiator_name = "iqn.one", .admission = &memory->admission()});
  Session of_second(target, *second,
                    {.initiator_name = "iqn.two", .admission = &memory->admission()});
  HeadroomBuffer* const header = second->memory().headroom().Take();
  {
    Request page(4096);
    Request large(3 * kMib);
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(of_first.Ask(page), Session::Answer::kAccepted);
      first->Poll();
      page.memory.Reset();
    }
    ASSERT_EQ(of_first.Ask(page), Session::Answer::kAccepted);
    ASSERT_EQ(of_second.Ask(large), Session::Answer::kAccepted);
    first->Poll();
    second->Poll();

    const MemoryStats stats = memory->stats();
    EXPECT_EQ(stats.pools.misses[0], 1u);
    EXPECT_EQ(stats.pools.hits[0], 3u);
    EXPECT_EQ(stats.pools.misses[10], 1u);
    EXPECT_EQ(stats.pools.hits[10], 0u);
    EXPECT_EQ(stats.pools.cached_pages, 1025u) << "of both reactors";
    EXPECT_EQ(stats.pools.idle_pages, 0u);
    EXPECT_EQ(stats.regions.used_bytes, 4 * kMib + 4096);
    EXPECT_EQ(stats.regions.chunks, 2u);
    EXPECT_GT(stats.area.used_blocks, 0u);
    EXPECT_EQ(stats.headroom.taken, 1u);
    EXPECT_EQ(stats.headroom.buffers, 128u);
    EXPECT_EQ(stats.headroom.free, 127u);
    EXPECT_FALSE(stats.pressure_watch.empty());

    EXPECT_EQ(stats.budget.limit_bytes, 48 * kMib);
    EXPECT_EQ(stats.budget.used_bytes, 4 * kMib + 4096) << "not what is idle";
    ASSERT_EQ(stats.budget.accounts.size(), 3u);
    EXPECT_EQ(stats.budget.accounts[0].name, "iqn.one");
    EXPECT_EQ(stats.budget.accounts[0].used_bytes, 4096u);
    EXPECT_EQ(stats.budget.accounts[0].guaranteed_bytes, 4 * kMib);
    EXPECT_EQ(stats.budget.accounts[1].name, "disks LUN 0");
    EXPECT_EQ(stats.budget.accounts[1].used_bytes, 4 * kMib + 4096);
    EXPECT_EQ(stats.budget.accounts[2].name, "iqn.two");
    EXPECT_EQ(stats.budget.accounts[2].used_bytes, 4 * kMib);
  }
  second->memory().headroom().Park(*header);
  const MemoryStats after = memory->stats();
  EXPECT_EQ(after.budget.used_bytes, 0u);
  EXPECT_EQ(after.pools.idle_pages, 1025u);
}

}  // namespace
}  // namespace quire
