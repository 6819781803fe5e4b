// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: memory for data comes once, by `done`, is charged exactly until it goes back, waits in
// order where a limit or the memory itself is short, and can be given up at any moment.
// Method: small budgets and small regions; a manual clock where time must not help.

#include "target/data_buffers.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "tests/support/no_allocation.h"
#include "tests/target/data_buffers_fixture.h"

namespace quire {
namespace {

using Order = std::vector<const TestBuffer*>;

// ---- What is had at once ----

class DataBuffersTest : public testing::Test {
 protected:
  DataBuffersTest() : memory_(64 * kMib, {.limit_bytes = 32 * kMib}), side_(memory_, "me") {}
  ~DataBuffersTest() override {
    EXPECT_EQ(side_.buffers().count(), 0u);
    memory_.ExpectAllBack();
  }

  TestMemory memory_;
  TestSide side_;
};

TEST_F(DataBuffersTest, MemoryOfTheLengthComesByDoneAndIsChargedExactly) {
  for (const uint64_t length :
       {uint64_t{1}, uint64_t{4095}, uint64_t{4096}, uint64_t{4097}, 12 * kKib, kMib - 1, kMib,
        3 * kMib, 4 * kMib, 4 * kMib + 1, 9 * kMib}) {
    TestBuffer buffer(1, length);
    side_.Ask(buffer);
    const uint64_t capacity = SgvPool::CapacityOf(length);
    EXPECT_GE(capacity, length);
    EXPECT_EQ(memory_.used_bytes(), capacity) << "charged before it is used";
    side_.Turn();
    ASSERT_EQ(buffer.count_done, 1) << length;
    EXPECT_EQ(buffer.memory.length_bytes(), length);
    uint64_t sum = 0;
    for (const Segment& segment : buffer.memory.view().segments()) {
      sum += segment.size_bytes;
      std::memset(segment.data, 0x5a, segment.size_bytes);
    }
    EXPECT_EQ(sum, length);
    EXPECT_EQ(memory_.StatsOf("me").used_bytes, capacity);
    EXPECT_EQ(memory_.StatsOf("disks LUN 0").used_bytes, 0u);
    EXPECT_EQ(memory_.StatsOf("disks LUN 1").used_bytes, capacity);
    EXPECT_EQ(side_.buffers().count(), 1u);
    buffer.memory.Reset();
    EXPECT_EQ(side_.buffers().count(), 0u);
    EXPECT_EQ(memory_.used_bytes(), 0u);
  }
}

TEST_F(DataBuffersTest, TheMemoryOutlivesTheRequestForIt) {
  SgVector kept;
  {
    TestBuffer buffer(8 * kKib);
    side_.Ask(buffer);
    side_.Turn();
    kept = std::move(buffer.memory);
  }
  EXPECT_EQ(memory_.used_bytes(), 8 * kKib);
  EXPECT_EQ(kept.length_bytes(), 8 * kKib);
  Mark(kept, 7);
  EXPECT_TRUE(Marked(kept, 7));
  kept.Reset();
  EXPECT_EQ(memory_.used_bytes(), 0u);
}

TEST_F(DataBuffersTest, ARequestMayBeMadeAgainInItsDone) {
  TestBuffer buffer(64 * kKib);
  int depth = 0;
  buffer.then = [&] {
    EXPECT_EQ(++depth, 1) << "nested";
    buffer.memory.Reset();
    QUIRE_CHECK(buffer.count_done == 100 || side_.buffers().Ask(buffer));
    --depth;
  };
  side_.Ask(buffer);
  EXPECT_TRUE(side_.TurnUntil([&] { return buffer.count_done == 100; }));
}

TEST_F(DataBuffersTest, WhatCanNeverBeHadIsRefused) {
  for (const uint64_t length :
       {32 * kMib + 1, uint64_t{1} << 40, ~uint64_t{0} - 4095, ~uint64_t{0}}) {
    TestBuffer buffer(length);
    EXPECT_FALSE(side_.buffers().Ask(buffer)) << length;
    side_.Turn();
    EXPECT_EQ(buffer.count_done, 0) << length;
    EXPECT_EQ(side_.buffers().count(), 0u);
    EXPECT_EQ(memory_.used_bytes(), 0u);
  }
}

TEST(DataBuffersLimitTest, WhatNoAccountMayHaveIsRefused) {
  TestMemory memory(64 * kMib, {.limit_bytes = 32 * kMib,
                                .initiator_limit_bytes = 2 * kMib,
                                .device_limit_bytes = 3 * kMib,
                                .guaranteed_bytes = 0});
  TestSide side(memory, "me");
  // The charge is what counts, not the length.
  TestBuffer buffer(2 * kMib + 1);
  EXPECT_FALSE(side.buffers().Ask(buffer));
  buffer.length_bytes = 2 * kMib;
  side.Ask(buffer);
  side.Turn();
  EXPECT_TRUE(buffer.granted());
}

TEST_F(DataBuffersTest, ASteadyStateAllocatesNothing) {
  const uint64_t lengths[] = {512, 4 * kKib, 100 * kKib, kMib, 4 * kMib};
  const auto pass = [&] {
    for (const uint64_t length : lengths) {
      TestBuffer buffer(length);
      QUIRE_CHECK(side_.buffers().Ask(buffer));
      while (buffer.count_done == 0) side_.reactor().Poll();
      QUIRE_CHECK(buffer.memory.held());
    }
  };
  pass();
  const NoAllocation scope;
  for (int i = 0; i < 1000; ++i) pass();
}

// ---- Where a limit is short ----

enum class Short { kInitiator, kDevice, kGlobal };

std::string NameOf(const testing::TestParamInfo<Short>& info) {
  switch (info.param) {
    case Short::kInitiator:
      return "AtTheInitiatorsLimit";
    case Short::kDevice:
      return "AtTheDevicesLimit";
    case Short::kGlobal:
      return "AtTheGlobalLimit";
  }
  return "";
}

class DataBuffersWaitTest : public testing::TestWithParam<Short> {
 protected:
  DataBuffersWaitTest() : memory_(16 * kMib, OptionsFor(GetParam())), side_(memory_, "me") {}
  ~DataBuffersWaitTest() override {
    EXPECT_EQ(side_.buffers().count(), 0u);
    memory_.ExpectAllBack();
  }
  static Admission::Options OptionsFor(Short which) {
    Admission::Options options = {.limit_bytes = 8 * kMib, .guaranteed_bytes = 0};
    if (which == Short::kInitiator) options.initiator_limit_bytes = kMib;
    if (which == Short::kDevice) options.device_limit_bytes = kMib;
    if (which == Short::kGlobal) options.limit_bytes = kMib;
    return options;
  }
  TestBuffer& New(uint64_t length_bytes) {
    TestBuffer& buffer = buffers_.emplace_back(length_bytes);
    buffer.then = [this, &buffer] { order_.push_back(&buffer); };
    return buffer;
  }
  std::string Account() const { return GetParam() == Short::kDevice ? "disks LUN 0" : "me"; }

  TestMemory memory_;
  TestSide side_;
  Order order_;
  std::deque<TestBuffer> buffers_;
};

TEST_P(DataBuffersWaitTest, FirstInFirstOut) {
  TestBuffer& all = New(kMib);
  TestBuffer& half = New(512 * kKib);
  TestBuffer& page = New(4 * kKib);
  TestBuffer& other_half = New(512 * kKib);
  TestBuffer& other_page = New(4 * kKib);
  for (TestBuffer& one : buffers_) side_.Ask(one);
  side_.Turn();
  EXPECT_EQ(order_, Order{&all});
  EXPECT_EQ(memory_.StatsOf(Account()).waiters, 4u);
  EXPECT_EQ(memory_.used_bytes(), kMib);
  all.memory.Reset();
  EXPECT_EQ(page.count_done, 0) << "on the stack of whoever gave back";
  side_.Turn();
  EXPECT_EQ(order_, (Order{&all, &half, &page})) << "nobody overtakes the other half";
  EXPECT_EQ(memory_.StatsOf(Account()).waiters, 2u);
  page.memory.Reset();
  side_.Turn();
  EXPECT_EQ(order_, (Order{&all, &half, &page, &other_half}));
  half.memory.Reset();
  side_.Turn();
  EXPECT_EQ(order_, (Order{&all, &half, &page, &other_half, &other_page}));
  for (TestBuffer& one : buffers_) {
    EXPECT_EQ(one.count_done, 1);
    one.memory.Reset();
  }
}

TEST_P(DataBuffersWaitTest, WhoComesLaterDoesNotOvertake) {
  TestBuffer& most = New(512 * kKib);
  TestBuffer& all = New(kMib);
  side_.Ask(most);
  side_.Turn();
  side_.Ask(all);
  TestBuffer& page = New(4 * kKib);
  side_.Ask(page);  // there would be room
  side_.Turn();
  EXPECT_EQ(order_, Order{&most});
  most.memory.Reset();
  side_.Turn();
  EXPECT_EQ(order_, (Order{&most, &all}));
  all.memory.Reset();
  side_.Turn();
  EXPECT_EQ(order_, (Order{&most, &all, &page}));
  page.memory.Reset();
}

TEST_P(DataBuffersWaitTest, WhatIsGivenUpWhileItWaitsLetsOthersGoOn) {
  TestBuffer& most = New(512 * kKib);
  TestBuffer& all = New(kMib);
  TestBuffer& page = New(4 * kKib);
  for (TestBuffer& one : buffers_) side_.Ask(one);
  side_.Turn();
  side_.Cancel(all);
  side_.Cancel(all);  // in vain
  EXPECT_EQ(memory_.used_bytes(), 516 * kKib) << "of those who have it, and no more";
  side_.Turn();
  EXPECT_EQ(all.count_done, 1);
  EXPECT_FALSE(all.memory.held());
  EXPECT_TRUE(page.granted());
  EXPECT_EQ(memory_.used_bytes(), 516 * kKib) << "what was not charged does not go back";
  EXPECT_EQ(side_.buffers().count(), 2u);
  // And may be asked for again.
  side_.Ask(all);
  most.memory.Reset();
  page.memory.Reset();
  side_.Turn();
  EXPECT_EQ(all.count_done, 2);
  EXPECT_TRUE(all.granted());
  all.memory.Reset();
}

TEST_P(DataBuffersWaitTest, WhatIsGivenUpOnItsWayComesWithoutMemory) {
  TestBuffer& all = New(kMib);
  TestBuffer& next = New(kMib);
  TestBuffer& last = New(kMib);
  for (TestBuffer& one : buffers_) side_.Ask(one);
  side_.Turn();
  all.memory.Reset();  // granted to the next one from here on
  side_.Cancel(next);
  side_.Turn();
  EXPECT_EQ(next.count_done, 1);
  EXPECT_FALSE(next.memory.held());
  EXPECT_TRUE(last.granted());
  EXPECT_EQ(memory_.used_bytes(), kMib);
  last.memory.Reset();
}

INSTANTIATE_TEST_SUITE_P(All, DataBuffersWaitTest,
                         testing::Values(Short::kInitiator, Short::kDevice, Short::kGlobal),
                         NameOf);

TEST(DataBuffersAccountsTest, AFullDeviceHoldsUpNoOther) {
  TestMemory memory(16 * kMib,
                    {.limit_bytes = 8 * kMib, .device_limit_bytes = kMib, .guaranteed_bytes = 0});
  TestSide side(memory, "me");
  TestBuffer all(0, kMib);
  TestBuffer waits(0, kMib);
  TestBuffer other(1, kMib);
  for (TestBuffer* one : {&all, &waits, &other}) side.Ask(*one);
  side.Turn();
  EXPECT_EQ(waits.count_done, 0);
  EXPECT_TRUE(other.granted());
  all.memory.Reset();
  side.Turn();
  EXPECT_TRUE(waits.granted());
}

TEST(DataBuffersAccountsTest, SessionsOfAnInitiatorShareItsLimit) {
  TestMemory memory(
      16 * kMib, {.limit_bytes = 8 * kMib, .initiator_limit_bytes = kMib, .guaranteed_bytes = 0});
  TestSide first(memory, "me");
  TestSide second(memory, "me");
  TestSide stranger(memory, "somebody else");
  TestBuffer all(kMib);
  TestBuffer waits(4 * kKib);
  TestBuffer of_stranger(kMib);
  first.Ask(all);
  second.Ask(waits);
  stranger.Ask(of_stranger);
  for (TestSide* side : {&first, &second, &stranger}) side->Turn();
  EXPECT_TRUE(all.granted());
  EXPECT_EQ(waits.count_done, 0);
  EXPECT_TRUE(of_stranger.granted());
  all.memory.Reset();
  second.Turn();
  EXPECT_TRUE(waits.granted()) << "on the reactor of who asked";
}

// ---- Given up, or short of memory, behind the budget ----

class DataBuffersHungryTest : public testing::Test {
 protected:
  // A budget of more than there is.
  DataBuffersHungryTest()
      : memory_(4 * kMib, {.limit_bytes = 32 * kMib, .guaranteed_bytes = 0}),
        side_(memory_, "me", clock_) {}
  ~DataBuffersHungryTest() override {
    EXPECT_EQ(side_.buffers().count(), 0u);
    memory_.ExpectAllBack();
  }
  void Pass() {
    clock_.Advance(kNsPerMs);
    side_.Turn();
  }

  ManualClock clock_;
  TestMemory memory_;
  TestSide side_;
};

TEST_F(DataBuffersHungryTest, WhatIsGivenUpBeforeItsDoneComesWithoutMemory) {
  TestBuffer buffer(kMib);
  side_.Ask(buffer);
  side_.Cancel(buffer);
  side_.Turn();
  EXPECT_EQ(buffer.count_done, 1);
  EXPECT_FALSE(buffer.memory.held());
  EXPECT_EQ(memory_.used_bytes(), 0u);
}

TEST_F(DataBuffersHungryTest, MemoryThatLacksComesInOrderOnceItIsThere) {
  TestBuffer all(4 * kMib);
  TestBuffer half(2 * kMib);
  TestBuffer page(4 * kKib);
  for (TestBuffer* one : {&all, &half, &page}) side_.Ask(*one);
  Pass();
  EXPECT_TRUE(all.granted());
  EXPECT_EQ(half.count_done, 0);
  EXPECT_EQ(page.count_done, 0);
  EXPECT_EQ(memory_.used_bytes(), 6 * kMib + 4 * kKib) << "charged all the same";
  for (int i = 0; i < 5; ++i) Pass();
  EXPECT_EQ(half.count_done, 0);
  bool half_was_first = false;
  page.then = [&] { half_was_first = half.granted(); };
  all.memory.Reset();
  EXPECT_EQ(half.count_done, 0);
  Pass();
  EXPECT_TRUE(half.granted());
  EXPECT_TRUE(page.granted());
  EXPECT_TRUE(half_was_first);
}

TEST_F(DataBuffersHungryTest, WhatIsGivenUpWhileMemoryLacksLetsOthersGoOn) {
  TestBuffer most(3 * kMib);  // takes 4
  TestBuffer first(4 * kMib);
  TestBuffer second(4 * kKib);
  for (TestBuffer* one : {&most, &first, &second}) side_.Ask(*one);
  Pass();
  EXPECT_EQ(memory_.used_bytes(), 8 * kMib + 4 * kKib);
  side_.Cancel(first);
  side_.Cancel(first);  // in vain
  side_.Turn();
  EXPECT_EQ(first.count_done, 1);
  EXPECT_FALSE(first.memory.held());
  EXPECT_EQ(memory_.used_bytes(), 4 * kMib + 4 * kKib);
  EXPECT_EQ(second.count_done, 0);
  side_.Cancel(second);
  most.memory.Reset();
  Pass();
  EXPECT_EQ(second.count_done, 1);
  EXPECT_FALSE(second.memory.held()) << "given up, although there is memory by now";
  EXPECT_EQ(side_.buffers().count(), 0u);
}

TEST_F(DataBuffersHungryTest, OthersMayBeGivenUpInADone) {
  TestBuffer all(4 * kMib);
  TestBuffer first(4 * kKib);
  TestBuffer second(4 * kKib);
  TestBuffer third(4 * kKib);
  for (TestBuffer* one : {&all, &first, &second, &third}) side_.Ask(*one);
  Pass();
  EXPECT_EQ(first.count_done, 0);
  first.then = [&] { side_.Cancel(second); };  // the next one
  all.memory.Reset();
  Pass();
  EXPECT_TRUE(first.granted());
  EXPECT_EQ(second.count_done, 1);
  EXPECT_FALSE(second.memory.held());
  EXPECT_TRUE(third.granted());
}

TEST(DataBuffersDeathTest, AllMemoryComesBackFirst) {
  const auto misuse = [] {
    TestMemory memory(8 * kMib, {.limit_bytes = 8 * kMib});
    TestBuffer buffer(4 * kKib);
    TestSide side(memory, "me");
    side.Ask(buffer);
    side.Turn();
  };
  EXPECT_DEATH(misuse(), "count\\(\\) == 0");
}

}  // namespace
}  // namespace quire
