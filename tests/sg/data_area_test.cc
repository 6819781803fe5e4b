// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: blocks are taken lowest first and all or nothing, waiters are served in order, and what is
//   idle over the soft limit goes back to the machine.
// Method: small areas by hand with a manual clock, then at random against a plain model.
#include "sg/data_area.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "base/prng.h"
#include "tests/sg/take_back.h"

namespace quire {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Blocks = std::vector<uint32_t>;

constexpr uint64_t kBlock = 4096;
constexpr uint64_t kPeriodNs = 5 * kNsPerSecond;

uint64_t MemoryOf(const DataArea& area) {
  struct stat status = {};
  EXPECT_EQ(fstat(area.fd(), &status), 0);
  return static_cast<uint64_t>(status.st_blocks) * 512;
}

// Blocks [first, first + count).
Blocks Range(uint32_t first, uint32_t count) {
  Blocks blocks(count);
  std::iota(blocks.begin(), blocks.end(), first);
  return blocks;
}

class DataAreaTest : public testing::Test {
 protected:
  std::unique_ptr<DataArea> Make(uint64_t count_blocks, DataAreaFamily* family = nullptr) {
    auto area = DataArea::Create({.size_bytes = count_blocks * kBlock,
                                  .block_bytes = kBlock,
                                  .period_ns = kPeriodNs,
                                  .family = family,
                                  .clock = &clock_});
    EXPECT_TRUE(area.ok()) << area.status();
    return *std::move(area);
  }
  // What was taken, every byte of it written; nothing when the area is full.
  static Blocks Take(DataArea& area, size_t count) {
    Blocks blocks(count);
    if (!area.Take(blocks)) return {};
    for (const uint32_t block : blocks) std::memset(area.block(block).data(), 1, kBlock);
    area.CheckInvariants();
    return blocks;
  }
  static void Release(DataArea& area, const Blocks& blocks) {
    for (const uint32_t block : blocks) area.Release(block);
    area.CheckInvariants();
  }
  void TickAfter(DataArea& area, uint64_t passed_ns) {
    clock_.Advance(passed_ns);
    area.Tick();
    area.CheckInvariants();
  }

  ManualClock clock_;
};

struct TestWaiter : DataArea::Waiter {
  TestWaiter(std::vector<int>& to, int number, size_t count) : log(to), name(number), room(count) {
    blocks = room;
    deadline_ns = ~uint64_t{0};
    done = [](DataArea::Waiter& waiter, bool granted) {
      auto& self = static_cast<TestWaiter&>(waiter);
      EXPECT_FALSE(self.linked());
      self.log.push_back(granted ? self.name : -self.name);
    };
  }

  std::vector<int>& log;  // a name for each grant, its negative for each refusal
  int name;
  Blocks room;
};

TEST_F(DataAreaTest, TheLowestBlockFirst) {
  const auto area = Make(8);
  EXPECT_EQ(area->count_blocks(), 8u);
  EXPECT_EQ(area->memory().size(), 8 * kBlock);
  EXPECT_THAT(Take(*area, 3), ElementsAre(0, 1, 2));
  Release(*area, {1});
  EXPECT_THAT(Take(*area, 1), ElementsAre(1));
  Release(*area, {0, 1, 2});
  EXPECT_EQ(area->stats().spare_blocks, 3u);
}

TEST_F(DataAreaTest, SpareBeforeAbsent) {
  const auto area = Make(8);
  EXPECT_EQ(Take(*area, 6), Range(0, 6));
  Release(*area, {1, 4});
  area->Drop(1);
  // 1 is lower, but 4 still has its memory.
  EXPECT_THAT(Take(*area, 3), ElementsAre(4, 1, 6));
  EXPECT_EQ(area->stats().grown, 8u);
  EXPECT_EQ(area->stats().reused, 1u);
  EXPECT_EQ(area->stats().culled, 1u);
  Release(*area, Range(0, 7));
}

TEST_F(DataAreaTest, AllOrNothingAndFullIsAnAnswer) {
  const auto area = Make(4);
  EXPECT_TRUE(area->Take({}));
  EXPECT_THAT(Take(*area, 5), IsEmpty());
  EXPECT_EQ(area->stats().used_blocks, 0u);
  EXPECT_EQ(area->stats().grown, 0u);
  EXPECT_EQ(Take(*area, 3), Range(0, 3));
  EXPECT_THAT(Take(*area, 2), IsEmpty());
  EXPECT_THAT(Take(*area, 1), ElementsAre(3));
  EXPECT_THAT(Take(*area, 1), IsEmpty());
  EXPECT_EQ(area->stats().refused, 3u);
  Release(*area, Range(0, 4));
  EXPECT_EQ(Take(*area, 4), Range(0, 4));
  Release(*area, Range(0, 4));
}

TEST_F(DataAreaTest, BlocksAreTheMemoryOfTheDescriptor) {
  const auto area = Make(4);
  Take(*area, 3);
  for (uint32_t block = 0; block < 3; ++block) {
    std::memset(area->block(block).data(), 'a' + static_cast<int>(block), kBlock);
  }
  for (uint32_t block = 0; block < 3; ++block) {
    char byte = 0;
    ASSERT_EQ(pread(area->fd(), &byte, 1, static_cast<off_t>((block + 1) * kBlock - 1)), 1);
    EXPECT_EQ(byte, static_cast<char>('a' + block));
    EXPECT_EQ(area->block(block).data(), area->memory().data() + block * kBlock);
  }
  Release(*area, Range(0, 3));
}

TEST_F(DataAreaTest, ADroppedBlockGivesItsMemoryBackAndReadsAsZero) {
  const auto area = Make(8);
  EXPECT_EQ(MemoryOf(*area), 0u);
  Take(*area, 4);
  EXPECT_EQ(MemoryOf(*area), 4 * kBlock);
  Release(*area, {1, 3});
  EXPECT_EQ(MemoryOf(*area), 4 * kBlock);
  area->Drop(3);
  EXPECT_EQ(MemoryOf(*area), 3 * kBlock);
  EXPECT_EQ(area->block(2)[0], std::byte{1});  // its neighbour stays
  EXPECT_EQ(area->block(3)[0], std::byte{0});  // and this touches it again
  Release(*area, {0, 2});
}

TEST_F(DataAreaTest, WaitersAreServedInOrderAndNobodyOvertakes) {
  const auto area = Make(4);
  Take(*area, 4);
  std::vector<int> log;
  TestWaiter large(log, 1, 3), small(log, 2, 1);
  area->Wait(large);
  area->Wait(small);
  area->Release(0);
  area->Release(1);
  EXPECT_THAT(log, IsEmpty());  // the small one could be served, and is not
  EXPECT_THAT(Take(*area, 1), IsEmpty());
  area->Release(3);
  EXPECT_THAT(log, ElementsAre(1));
  EXPECT_THAT(large.room, ElementsAre(0, 1, 3));
  EXPECT_THAT(Take(*area, 1), IsEmpty());
  area->Release(2);
  EXPECT_THAT(log, ElementsAre(1, 2));
  EXPECT_THAT(small.room, ElementsAre(2));
  Release(*area, Range(0, 4));
}

TEST_F(DataAreaTest, WaitGrantsAtOnceWhenThereAreEnough) {
  const auto area = Make(4);
  std::vector<int> log;
  TestWaiter first(log, 1, 3), second(log, 2, 2), third(log, 3, 1);
  area->Wait(first);
  EXPECT_THAT(log, ElementsAre(1));
  EXPECT_THAT(first.room, ElementsAre(0, 1, 2));
  EXPECT_FALSE(first.linked());
  EXPECT_EQ(area->stats().used_blocks, 3u);
  // Too much for now; and what would be enough for the next one is for who came before.
  area->Wait(second);
  area->Wait(third);
  EXPECT_THAT(log, ElementsAre(1));
  EXPECT_TRUE(second.linked());
  EXPECT_TRUE(third.linked());
  area->Release(1);
  EXPECT_THAT(log, ElementsAre(1, 2));
  EXPECT_THAT(second.room, ElementsAre(1, 3));
  area->Release(0);
  EXPECT_THAT(log, ElementsAre(1, 2, 3));
  Release(*area, Range(0, 4));
}

TEST_F(DataAreaTest, ACancelServesAllThatItKeptWaiting) {
  const auto area = Make(4);
  Take(*area, 4);
  std::vector<int> log;
  TestWaiter large(log, 1, 3), second(log, 2, 1), third(log, 3, 1), fourth(log, 4, 1);
  for (TestWaiter* waiter : {&large, &second, &third, &fourth}) area->Wait(*waiter);
  area->Release(2);
  area->Release(0);
  EXPECT_THAT(log, IsEmpty());
  area->Cancel(large);
  EXPECT_FALSE(large.linked());
  EXPECT_THAT(log, ElementsAre(2, 3));
  EXPECT_THAT(second.room, ElementsAre(0));
  EXPECT_THAT(third.room, ElementsAre(2));
  // One behind whoever cancels changes nothing for those before.
  TestWaiter fifth(log, 5, 1);
  area->Wait(fifth);
  area->Cancel(fifth);
  EXPECT_THAT(log, ElementsAre(2, 3));
  area->Release(3);
  EXPECT_THAT(log, ElementsAre(2, 3, 4));
  EXPECT_THAT(fourth.room, ElementsAre(3));
  Release(*area, Range(0, 4));
}

TEST_F(DataAreaTest, WhoeverIsServedMayReleaseAndWaitAgain) {
  const auto area = Make(1);
  Take(*area, 1);
  struct Chain : DataArea::Waiter {
    DataArea* area = nullptr;
    uint32_t block = 0;
    int count = 0;
  } chain;
  chain.area = area.get();
  chain.blocks = {&chain.block, 1};
  chain.deadline_ns = ~uint64_t{0};
  chain.done = [](DataArea::Waiter& waiter, bool granted) {
    auto& self = static_cast<Chain&>(waiter);
    ASSERT_TRUE(granted);
    if (++self.count < 3) self.area->Wait(self);
    self.area->Release(self.block);
  };
  area->Wait(chain);
  area->Release(0);
  EXPECT_EQ(chain.count, 3);
  EXPECT_FALSE(chain.linked());
  EXPECT_EQ(area->stats().used_blocks, 0u);
}

// However many: each is told from the same place, not from within the one before it.
TEST_F(DataAreaTest, ALongLineThatReleasesAtOnceNeedsNoStack) {
  const auto area = Make(1);
  Take(*area, 1);
  struct Passing : DataArea::Waiter {
    DataArea* area = nullptr;
    uint32_t block = 0;
    int* depth = nullptr;
    uint64_t* count = nullptr;
  };
  int depth = 0;
  uint64_t count = 0;
  std::vector<Passing> line(100'000);
  for (Passing& one : line) {
    one.area = area.get();
    one.blocks = {&one.block, 1};
    one.deadline_ns = ~uint64_t{0};
    one.depth = &depth;
    one.count = &count;
    one.done = [](DataArea::Waiter& waiter, bool granted) {
      auto& self = static_cast<Passing&>(waiter);
      ASSERT_TRUE(granted);
      EXPECT_EQ(++*self.depth, 1);
      ++*self.count;
      self.area->Release(self.block);
      --*self.depth;
    };
    area->Wait(one);
  }
  area->Release(0);
  EXPECT_EQ(count, line.size());
  EXPECT_EQ(area->stats().used_blocks, 0u);
}

TEST_F(DataAreaTest, ADeadlineThatPassesRefuses) {
  const auto area = Make(2);
  Take(*area, 2);
  std::vector<int> log;
  TestWaiter first(log, 1, 1), second(log, 2, 1), third(log, 3, 1);
  first.deadline_ns = clock_.NowNs() + 10;
  second.deadline_ns = clock_.NowNs() + 5;
  for (TestWaiter* waiter : {&first, &second, &third}) area->Wait(*waiter);
  TickAfter(*area, 4);
  EXPECT_THAT(log, IsEmpty());
  TickAfter(*area, 1);
  EXPECT_THAT(log, ElementsAre(-2));  // in the middle of the line
  TickAfter(*area, 100);
  EXPECT_THAT(log, ElementsAre(-2, -1));
  EXPECT_EQ(area->stats().expired, 2u);
  area->Release(1);
  EXPECT_THAT(log, ElementsAre(-2, -1, 3));
  Release(*area, Range(0, 2));
}

TEST_F(DataAreaTest, AnExpiredOneNoLongerBlocksThoseBehind) {
  const auto area = Make(4);
  Take(*area, 3);
  std::vector<int> log;
  TestWaiter greedy(log, 1, 4), modest(log, 2, 1);
  greedy.deadline_ns = clock_.NowNs() + 1;
  area->Wait(greedy);
  area->Wait(modest);
  TickAfter(*area, 0);
  EXPECT_THAT(log, IsEmpty());
  TickAfter(*area, 1);
  EXPECT_THAT(log, ElementsAre(-1, 2));
  Release(*area, Range(0, 4));
}

TEST_F(DataAreaTest, CancelLeavesTheLine) {
  const auto area = Make(2);
  Take(*area, 2);
  std::vector<int> log;
  TestWaiter first(log, 1, 2), second(log, 2, 1);
  area->Wait(first);
  area->Wait(second);
  area->Release(0);
  area->Cancel(first);
  EXPECT_THAT(log, ElementsAre(2));
  TickAfter(*area, 1);
  EXPECT_THAT(log, ElementsAre(2));  // once; and the other one is not told
  EXPECT_EQ(area->stats().expired, 0u);
  Release(*area, Range(0, 2));
}

// ---- What another process names ----

TEST_F(DataAreaTest, OnlyWhatWasGivenIsKnownToAnotherProcess) {
  const auto area = Make(4);
  Take(*area, 3);
  area->Give(1);
  for (const uint64_t block : {0u, 2u, 3u, 4u}) {  // in use twice, absent, outside
    EXPECT_FALSE(area->Look(block).has_value()) << block;
    EXPECT_FALSE(TakeBackAndRelease(*area, block)) << block;
  }
  EXPECT_EQ(area->stats().untrusted_refused, 8u);
  EXPECT_EQ(area->stats().used_blocks, 3u);
  const auto found = area->Look(1);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->data(), area->block(1).data());
  EXPECT_EQ(found->size(), kBlock);
  EXPECT_TRUE(TakeBackAndRelease(*area, 1));
  EXPECT_EQ(area->stats().used_blocks, 2u);
  EXPECT_FALSE(area->Look(1).has_value());
  EXPECT_FALSE(TakeBackAndRelease(*area, 1));
  // Whoever takes it next has not given it.
  EXPECT_THAT(Take(*area, 1), ElementsAre(1));
  EXPECT_FALSE(area->Look(1).has_value());
  EXPECT_FALSE(TakeBackAndRelease(*area, 1));
  Release(*area, Range(0, 3));
}

TEST_F(DataAreaTest, WhatItsOwnerReleasesIsGivenNoLonger) {
  const auto area = Make(4);
  Take(*area, 2);
  area->Give(0);
  area->Give(1);
  area->Release(0);
  EXPECT_FALSE(area->Look(0).has_value());
  EXPECT_FALSE(TakeBackAndRelease(*area, 0));
  EXPECT_THAT(Take(*area, 1), ElementsAre(0));
  EXPECT_FALSE(area->Look(0).has_value());  // another life
  EXPECT_FALSE(TakeBackAndRelease(*area, 0));
  EXPECT_TRUE(area->Look(1).has_value());  // its neighbour is what it was
  area->Give(0);
  EXPECT_TRUE(TakeBackAndRelease(*area, 0));
  EXPECT_TRUE(TakeBackAndRelease(*area, 1));
  area->CheckInvariants();
}

TEST_F(DataAreaTest, AReleaseByAnotherProcessServesWaiters) {
  const auto area = Make(1);
  Take(*area, 1);
  area->Give(0);
  std::vector<int> log;
  TestWaiter waiter(log, 1, 1);
  area->Wait(waiter);
  EXPECT_TRUE(TakeBackAndRelease(*area, 0));
  EXPECT_THAT(log, ElementsAre(1));
  EXPECT_FALSE(area->Look(0).has_value());  // the waiter's now, and not given
  area->Release(0);
}

// What the owner still writes to is nobody else's before it says so.
TEST_F(DataAreaTest, ABlockThatIsTakenBackStaysTaken) {
  const auto area = Make(1);
  Take(*area, 1);
  area->Give(0);
  EXPECT_EQ(area->TakeBack(0), 0u);
  EXPECT_EQ(area->TakeBack(0), std::nullopt);
  std::array<uint32_t, 1> other;
  EXPECT_FALSE(area->Take(other));
  area->Release(0);
  EXPECT_TRUE(area->Take(other));
  area->Release(0);
}

TEST(DataAreaLimitTest, AFileSizeLimitIsAnError) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit limit = {1 << 20, 1 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    const auto area = DataArea::Create({.size_bytes = 2 << 20});
    _exit(!area.ok() && area.status().message().find("RLIMIT_FSIZE") != std::string_view::npos ? 0
                                                                                               : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// ---- The soft limit ----

TEST_F(DataAreaTest, ExcessIsMeasuredToSevenEighths) {
  DataAreaFamily family(16 * kBlock);
  const auto area = Make(64, &family);
  EXPECT_EQ(family.ExcessBytes(), 0u);
  Take(*area, 16);
  EXPECT_EQ(family.touched_bytes(), 16 * kBlock);
  EXPECT_EQ(family.ExcessBytes(), 0u);
  Take(*area, 1);
  EXPECT_EQ(family.ExcessBytes(), 3 * kBlock);
  Release(*area, Range(0, 17));
  EXPECT_EQ(family.touched_bytes(), 17 * kBlock);
}

TEST_F(DataAreaTest, TheSoftLimitRefusesNothing) {
  DataAreaFamily family(2 * kBlock);
  const auto area = Make(64, &family);
  EXPECT_EQ(Take(*area, 64), Range(0, 64));
  TickAfter(*area, 3 * kPeriodNs);
  EXPECT_EQ(area->stats().used_blocks, 64u);  // nothing that is in use goes
  EXPECT_EQ(MemoryOf(*area), 64 * kBlock);
  EXPECT_EQ(area->stats().refused, 0u);
  Release(*area, Range(0, 64));
}

TEST_F(DataAreaTest, BelowTheLimitNothingIsCulled) {
  DataAreaFamily family(16 * kBlock);
  const auto area = Make(64, &family);
  Release(*area, Take(*area, 16));
  for (int i = 0; i < 10; ++i) TickAfter(*area, kPeriodNs);
  EXPECT_EQ(area->stats().culled, 0u);
  EXPECT_EQ(MemoryOf(*area), 16 * kBlock);
}

TEST_F(DataAreaTest, CullingStopsAtSevenEighthsAndTakesTheHighestFirst) {
  DataAreaFamily family(16 * kBlock);
  const auto area = Make(64, &family);
  Release(*area, Take(*area, 20));
  TickAfter(*area, kPeriodNs);
  EXPECT_EQ(area->stats().culled, 0u);  // used in the last period
  TickAfter(*area, kPeriodNs);
  EXPECT_EQ(area->stats().culled, 6u);
  EXPECT_EQ(family.touched_bytes(), 14 * kBlock);
  EXPECT_EQ(MemoryOf(*area), 14 * kBlock);
  TickAfter(*area, kPeriodNs);
  EXPECT_EQ(area->stats().culled, 6u);
  EXPECT_EQ(Take(*area, 15), Range(0, 15));  // 14 spare, then the lowest absent
  EXPECT_EQ(area->stats().reused, 14u);
  Release(*area, Range(0, 15));
}

TEST_F(DataAreaTest, AnIdleAreaGivesEverythingToABusyOne) {
  DataAreaFamily family(64 * kBlock);
  const auto idle = Make(64, &family);
  const auto busy = Make(128, &family);
  Release(*idle, Take(*idle, 40));
  TickAfter(*idle, kPeriodNs);
  busy->Tick();
  Take(*busy, 110);
  TickAfter(*idle, kPeriodNs);
  EXPECT_EQ(idle->stats().culled, 40u);
  EXPECT_EQ(idle->stats().spare_blocks, 0u);
  EXPECT_EQ(MemoryOf(*idle), 0u);
  EXPECT_EQ(family.touched_bytes(), 110 * kBlock);
  busy->Tick();
  EXPECT_EQ(busy->stats().culled, 0u);
  EXPECT_EQ(Take(*idle, 1), Range(0, 1));  // over the limit, and still served
  Release(*idle, {0});
  Release(*busy, Range(0, 110));
}

TEST_F(DataAreaTest, ABurstingAreaKeepsWhatItsBurstsNeed) {
  DataAreaFamily family(4 * kBlock);
  const auto area = Make(64, &family);
  // One large burst, then one of 10 in every period.
  Release(*area, Take(*area, 30));
  TickAfter(*area, kPeriodNs);
  for (int second = 0; second < 20; ++second) {
    if (second % 4 == 0) Release(*area, Take(*area, 10));
    TickAfter(*area, kNsPerSecond);
    EXPECT_EQ(area->stats().spare_blocks, second < 4 ? 30u : 10u);
  }
  EXPECT_EQ(MemoryOf(*area), 10 * kBlock);
  EXPECT_EQ(area->stats().culled, 20u);
  EXPECT_EQ(area->stats().grown, 30u);
  // Two periods without any: all that the limit asks for goes.
  TickAfter(*area, kPeriodNs);
  TickAfter(*area, kPeriodNs);
  EXPECT_EQ(family.touched_bytes(), 4 * kBlock);
}

TEST_F(DataAreaTest, ALongPauseCountsAsIdle) {
  DataAreaFamily family(8 * kBlock);
  const auto area = Make(64, &family);
  Release(*area, Take(*area, 16));
  TickAfter(*area, 2 * kPeriodNs);
  EXPECT_EQ(family.touched_bytes(), 7 * kBlock);
}

TEST_F(DataAreaTest, OneHighBlockInUseKeepsTheSpareBelowIt) {
  DataAreaFamily family(8 * kBlock);
  const auto area = Make(64, &family);
  Take(*area, 32);
  Release(*area, Range(0, 16));
  Release(*area, Range(17, 15));
  for (int i = 0; i < 3; ++i) TickAfter(*area, kPeriodNs);
  EXPECT_EQ(area->stats().culled, 15u);
  EXPECT_EQ(area->stats().spare_blocks, 16u);
  EXPECT_EQ(MemoryOf(*area), 17 * kBlock);
  Release(*area, {16});
}

TEST_F(DataAreaTest, AnAreaThatGoesLeavesItsFamily) {
  DataAreaFamily family(8 * kBlock);
  {
    const auto area = Make(64, &family);
    Release(*area, Take(*area, 16));
    EXPECT_EQ(family.touched_bytes(), 16 * kBlock);
  }
  EXPECT_EQ(family.touched_bytes(), 0u);
}

TEST_F(DataAreaTest, WhatCannotBeReservedIsRefused) {
  const auto area =
      DataArea::Create({.size_bytes = uint64_t{1} << 56, .block_bytes = uint64_t{1} << 30});
  ASSERT_FALSE(area.ok());
  EXPECT_THAT(std::string(area.status().message()), testing::HasSubstr("RLIMIT"));
}

TEST_F(DataAreaTest, MoreBlocksThanNumbersAreRefused) {
  const auto area = DataArea::Create({.size_bytes = kBlock << 32, .block_bytes = kBlock});
  ASSERT_FALSE(area.ok());
  EXPECT_THAT(std::string(area.status().message()), testing::HasSubstr("blocks"));
}

// The rules once more, with one state per block and no care for speed.
class Model {
 public:
  enum class State { kAbsent, kSpare, kUsed };

  Model(uint64_t count_blocks, uint64_t limit_bytes, uint64_t now_ns)
      : states_(count_blocks, State::kAbsent), limit_bytes_(limit_bytes), start_ns_(now_ns) {}

  uint64_t Count(State state) const {
    return static_cast<uint64_t>(std::count(states_.begin(), states_.end(), state));
  }
  uint64_t touched_bytes() const { return (states_.size() - Count(State::kAbsent)) * kBlock; }
  bool Is(uint64_t block, State state) const {
    return block < states_.size() && states_[block] == state;
  }
  Blocks Take(size_t count) {
    if (count > states_.size() - Count(State::kUsed)) return {};
    Blocks blocks;
    for (const State wanted : {State::kSpare, State::kAbsent}) {
      for (uint32_t block = 0; block < states_.size(); ++block) {
        if (blocks.size() == count) break;
        if (states_[block] != wanted) continue;
        states_[block] = State::kUsed;
        blocks.push_back(block);
        peak_ = std::max<uint64_t>(peak_, block + 1);
      }
    }
    return blocks;
  }
  void Release(uint32_t block) { states_[block] = State::kSpare; }
  void Drop(uint32_t block) { states_[block] = State::kAbsent; }
  void Tick(uint64_t now_ns) {
    uint64_t in_use = 0;
    for (uint64_t block = 0; block < states_.size(); ++block) {
      if (states_[block] == State::kUsed) in_use = block + 1;
    }
    if (const uint64_t passed_ns = now_ns - start_ns_; passed_ns >= kPeriodNs) {
      last_peak_ = passed_ns >= 2 * kPeriodNs ? in_use : peak_;
      peak_ = in_use;
      start_ns_ = now_ns;
    }
    if (touched_bytes() <= limit_bytes_) return;
    for (uint64_t block = states_.size(); block-- > std::max(peak_, last_peak_);) {
      if (touched_bytes() < limit_bytes_ / 8 * 7 + kBlock) return;
      if (states_[block] == State::kSpare) states_[block] = State::kAbsent;
    }
  }

 private:
  std::vector<State> states_;
  const uint64_t limit_bytes_;
  uint64_t start_ns_;
  uint64_t peak_ = 0, last_peak_ = 0;
};

TEST_F(DataAreaTest, RandomUseAgreesWithAModel) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Prng prng(seed);
    const uint64_t count_blocks = 1 + prng.Below(150);
    const uint64_t limit_bytes = 8 * kBlock * (1 + prng.Below(1 + count_blocks / 8));
    DataAreaFamily family(limit_bytes);
    const auto area = Make(count_blocks, &family);
    Model model(count_blocks, limit_bytes, clock_.NowNs());
    Blocks used;
    std::set<uint32_t> given;  // of those used
    bool filling = true;
    for (int step = 0; step < 1500; ++step) {
      SCOPED_TRACE(step);
      if (prng.Chance(1, 40)) filling = !filling;
      if (const uint64_t action = prng.Below(10); action < (filling ? 5 : 2)) {
        const size_t count = prng.Below(1 + count_blocks / 4) + prng.Below(3);
        const Blocks expected = model.Take(count);
        ASSERT_EQ(Take(*area, count), expected);
        used.insert(used.end(), expected.begin(), expected.end());
        for (const uint32_t block : expected) {
          if (!prng.Chance(1, 2)) continue;
          area->Give(block);
          given.insert(block);
        }
      } else if (action < 8) {
        for (uint64_t i = prng.Below(8); i > 0 && !used.empty(); --i) {
          std::swap(used[prng.Below(used.size())], used.back());
          const bool by_owner = prng.Chance(1, 3);
          if (by_owner) area->Release(used.back());
          const bool known = given.erase(used.back()) > 0 && !by_owner;
          ASSERT_EQ(TakeBackAndRelease(*area, used.back()), known);
          if (!known && !by_owner) area->Release(used.back());
          model.Release(used.back());
          used.pop_back();
        }
      } else if (action < 9) {
        clock_.Advance(prng.Below(prng.Chance(1, 10) ? 3 * kPeriodNs : kPeriodNs));
        area->Tick();
        model.Tick(clock_.NowNs());
      } else {
        const auto block = static_cast<uint32_t>(prng.Below(count_blocks + 1));
        ASSERT_EQ(area->Look(block).has_value(), given.contains(block));
        if (model.Is(block, Model::State::kSpare)) {
          area->Drop(block);
          model.Drop(block);
        }
      }
      ASSERT_EQ(area->stats().used_blocks, model.Count(Model::State::kUsed));
      ASSERT_EQ(area->stats().spare_blocks, model.Count(Model::State::kSpare));
      ASSERT_EQ(family.touched_bytes(), model.touched_bytes());
      ASSERT_EQ(MemoryOf(*area), model.touched_bytes());
      area->CheckInvariants();
    }
    const DataArea::Stats& stats = area->stats();
    EXPECT_EQ(stats.grown - stats.culled, stats.used_blocks + stats.spare_blocks);
    Release(*area, used);
  }
}

// A line of waiters, with a count of free blocks instead of their indices.
TEST_F(DataAreaTest, RandomWaitersAreServedInOrder) {
  constexpr size_t kBlocks = 12;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Prng prng(seed);
    const auto area = Make(kBlocks);
    std::vector<int> log, expected;
    std::list<TestWaiter> waiters;
    std::list<TestWaiter*> line;
    Blocks used;
    const auto serve = [&] {
      while (!line.empty() && line.front()->room.size() <= kBlocks - used.size()) {
        expected.push_back(line.front()->name);
        // Which ones is what the other tests are about.
        used.insert(used.end(), line.front()->room.begin(), line.front()->room.end());
        line.pop_front();
      }
    };
    for (int step = 0; step < 1500; ++step) {
      SCOPED_TRACE(step);
      const uint64_t action = prng.Below(10);
      if (action < 3) {
        waiters.emplace_back(log, step + 1, prng.Below(prng.Chance(1, 4) ? kBlocks + 1 : 4));
        waiters.back().deadline_ns = clock_.NowNs() + prng.Below(200);
        line.push_back(&waiters.back());
        area->Wait(waiters.back());
        serve();
      } else if (action < 4) {
        Blocks blocks(prng.Below(4));
        const bool expected_taken = line.empty() && blocks.size() <= kBlocks - used.size();
        ASSERT_EQ(area->Take(blocks), expected_taken);
        if (expected_taken) used.insert(used.end(), blocks.begin(), blocks.end());
      } else if (action < 8) {
        if (used.empty()) continue;
        std::swap(used[prng.Below(used.size())], used.back());
        const uint32_t block = used.back();
        used.pop_back();
        area->Release(block);
        serve();
      } else if (action < 9) {
        if (line.empty()) continue;
        const auto who = std::next(line.begin(), static_cast<long>(prng.Below(line.size())));
        TestWaiter& waiter = **who;
        line.erase(who);
        area->Cancel(waiter);
        EXPECT_FALSE(waiter.linked());
        serve();
      } else {
        clock_.Advance(prng.Below(100));
        for (TestWaiter* const waiter : line) {
          if (waiter->deadline_ns <= clock_.NowNs()) expected.push_back(-waiter->name);
        }
        line.remove_if([&](TestWaiter* one) { return one->deadline_ns <= clock_.NowNs(); });
        area->Tick();
        serve();
      }
      ASSERT_EQ(log, expected);
      ASSERT_EQ(area->stats().used_blocks, used.size());
      std::sort(used.begin(), used.end());
      ASSERT_EQ(std::adjacent_find(used.begin(), used.end()), used.end());  // each to one only
      area->CheckInvariants();
    }
    while (!line.empty()) {
      TestWaiter& last = *line.back();  // from behind: nobody is served
      line.pop_back();
      area->Cancel(last);
    }
    Release(*area, used);
  }
}

using DataAreaDeathTest = DataAreaTest;

TEST_F(DataAreaDeathTest, MisuseIsABug) {
  const auto area = Make(4);
  EXPECT_DEATH(area->Release(0), "Contains");
  Take(*area, 1);
  EXPECT_DEATH(area->Drop(0), "Contains");
  area->Release(0);
  EXPECT_DEATH(area->Release(0), "Contains");
  EXPECT_DEATH(area->Release(4), "Contains");
  EXPECT_DEATH(area->Give(0), "used_");  // or a peer could release what nobody has
  EXPECT_DEATH(area->Give(4), "used_");
  std::vector<int> log;
  TestWaiter greedy(log, 1, 5);  // could never be served
  EXPECT_DEATH(area->Wait(greedy), "count_blocks_");
}

TEST_F(DataAreaDeathTest, ALeakIsABug) {
  EXPECT_DEATH({ Take(*Make(4), 1); }, "used_");
}

}  // namespace
}  // namespace quire
