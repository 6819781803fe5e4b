// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the rules of the range lock hold whatever threads the commands and their releases are on.
// Method: threads claim random ranges; who is at each block is counted beside the table. A storm of
// reads that one exclusive claim must get through; copies between two disks in both directions.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/prng.h"
#include "vdisk/range_lock.h"

namespace quire {
namespace {

constexpr uint64_t kSpan = RangeShards::kSpanBytes;
constexpr uint64_t kBlockBytes = kSpan / 4;
constexpr uint64_t kBlocks = 32;  // few, so that claims meet, and wide ones are among them

struct Claim : RangeClaim {
  std::array<RangePart, 2> parts;
  std::atomic<bool> told{false};

  bool Acquire(std::span<RangePart> which) {
    return RangeLock::Acquire(
        *this, which, [](RangeClaim& claim) { static_cast<Claim&>(claim).told.store(true); });
  }
  bool AcquireShared(RangeLane& lane) {
    return RangeLock::AcquireShared(lane, *this, parts[0], [](RangeClaim& claim) {
      static_cast<Claim&>(claim).told.store(true);
    });
  }
  void Await(bool now) const {
    while (!now && !told.load()) std::this_thread::yield();
  }
};

// Who is at each block. An exclusive claim must be alone there.
class Blocks {
 public:
  void Enter(const RangePart& part) {
    for (uint64_t i = First(part); i < Last(part); ++i) {
      const uint32_t before = blocks_[i].fetch_add(Weight(part));
      if (part.mode == RangeMode::kExclusive) {
        EXPECT_EQ(before, 0u) << "block " << i;
      } else {
        EXPECT_LT(before, kAlone) << "block " << i;
      }
    }
  }
  void Leave(const RangePart& part) {
    for (uint64_t i = First(part); i < Last(part); ++i) blocks_[i].fetch_sub(Weight(part));
  }

 private:
  static constexpr uint32_t kAlone = 1 << 16;
  static uint32_t Weight(const RangePart& part) {
    return part.mode == RangeMode::kExclusive ? kAlone : 1;
  }
  static uint64_t First(const RangePart& part) { return part.range.offset / kBlockBytes; }
  static uint64_t Last(const RangePart& part) { return part.range.end() / kBlockBytes; }
  std::array<std::atomic<uint32_t>, kBlocks> blocks_{};
};

ByteRange RandomRange(Prng& random) {
  const uint64_t first = random.Below(kBlocks);
  const uint64_t longest = random.Chance(1, 8) ? kBlocks : 4;
  const uint64_t count = 1 + random.Below(std::min(longest, kBlocks - first));
  return {first * kBlockBytes, count * kBlockBytes};
}

class RangeLockThreadsTest : public testing::Test {
 protected:
  RangeLockThreadsTest()
      : seed_(static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed())),
        trace_(__FILE__, __LINE__, testing::Message() << "--gtest_random_seed=" << seed_) {}

  template <typename Run>
  void OnThreads(uint64_t count, Run run) {
    std::vector<std::thread> threads;
    for (uint64_t number = 0; number < count; ++number) threads.emplace_back(run, number);
    for (std::thread& thread : threads) thread.join();
  }

  const uint64_t seed_;
  const testing::ScopedTrace trace_;
};

TEST_F(RangeLockThreadsTest, ExclusiveClaimsAreAlone) {
  RangeLock table;
  Blocks blocks;
  OnThreads(4, [&](uint64_t number) {
    Prng random(seed_ * 100 + number);
    RangeLane lane(table);
    for (int i = 0; i < 6000; ++i) {
      Claim claim;
      RangePart& part = claim.parts[0];
      part.table = &table;
      part.range = RandomRange(random);
      // Long stretches without an exclusive claim, so that the table goes to lanes and back.
      const bool exclusive = i % 3000 < 600 && random.Chance(1, 3);
      part.mode = exclusive ? RangeMode::kExclusive : RangeMode::kShared;
      const bool now = exclusive ? claim.Acquire({&part, 1}) : claim.AcquireShared(lane);
      if (!now && random.Chance(1, 4) && RangeLock::Withdraw(claim)) continue;
      claim.Await(now);
      blocks.Enter(part);
      if (random.Chance(1, 4)) std::this_thread::yield();
      blocks.Leave(part);
      RangeLock::Release(claim);
      if (i % 256 == 0) table.CheckInvariants();
    }
  });
}

TEST_F(RangeLockThreadsTest, ReleasedOnAnotherThread) {
  RangeLock table;
  Blocks blocks;
  constexpr int kTimes = 2000;
  constexpr size_t kSlots = 8;
  std::array<std::atomic<Claim*>, kSlots> slots{};
  std::thread releaser([&] {
    for (int released = 0; released < kTimes;) {
      for (std::atomic<Claim*>& slot : slots) {
        Claim* const claim = slot.exchange(nullptr);
        if (claim == nullptr) continue;
        blocks.Leave(claim->parts[0]);
        RangeLock::Release(*claim);
        delete claim;
        ++released;
      }
      std::this_thread::yield();
    }
  });
  RangeLane lane(table);
  Prng random(seed_);
  for (size_t i = 0; i < kTimes; ++i) {
    auto claim = std::make_unique<Claim>();
    RangePart& part = claim->parts[0];
    part.table = &table;
    part.range = RandomRange(random);
    const bool exclusive = i % 500 == 499;
    part.mode = exclusive ? RangeMode::kExclusive : RangeMode::kShared;
    const bool now = exclusive ? claim->Acquire({&part, 1}) : claim->AcquireShared(lane);
    claim->Await(now);
    blocks.Enter(part);
    std::atomic<Claim*>& slot = slots[i % kSlots];
    while (slot.load() != nullptr) std::this_thread::yield();
    slot.store(claim.release());
  }
  releaser.join();
}

TEST_F(RangeLockThreadsTest, AnExclusiveClaimGetsThroughAStormOfReads) {
  RangeLock table;
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> count_reads{0};
  std::thread swapper([&] {
    for (int i = 0; i < 200; ++i) {
      while (count_reads.load() < static_cast<uint64_t>(i) * 10) std::this_thread::yield();
      Claim claim;
      claim.parts[0].table = &table;
      claim.parts[0].range = {kBlockBytes, 512};
      claim.parts[0].mode = RangeMode::kExclusive;
      claim.Await(claim.Acquire({claim.parts.data(), 1}));
      RangeLock::Release(claim);
    }
    stop = true;
  });
  // Each reader always holds one of two claims, so that the block is never free by itself.
  OnThreads(2, [&](uint64_t) {
    RangeLane lane(table);
    std::array<Claim, 2> claims;
    for (Claim& claim : claims) claim.parts[0].range = {0, 4 * kBlockBytes};
    claims[0].Await(claims[0].AcquireShared(lane));
    size_t held = 0;
    while (!stop) {
      Claim& next = claims[1 - held];
      next.told = false;
      const bool now = next.AcquireShared(lane);
      RangeLock::Release(claims[held]);  // before the wait: a reader must not wait for itself
      next.Await(now);
      held = 1 - held;
      count_reads.fetch_add(1);
    }
    RangeLock::Release(claims[held]);
  });
  swapper.join();
}

TEST_F(RangeLockThreadsTest, CopiesInBothDirections) {
  std::array<RangeLock, 2> disks;
  std::array<Blocks, 2> blocks;
  OnThreads(4, [&](uint64_t number) {
    Prng random(seed_ * 100 + number);
    for (int i = 0; i < 2000; ++i) {
      const size_t from = number % 2;
      Claim claim;
      for (size_t side = 0; side < 2; ++side) {
        claim.parts[side].table = &disks[(from + side) % 2];
        claim.parts[side].range = RandomRange(random);
        claim.parts[side].mode =
            side == 0 && random.Chance(1, 2) ? RangeMode::kShared : RangeMode::kExclusive;
      }
      claim.Await(claim.Acquire(claim.parts));
      for (size_t side = 0; side < 2; ++side) blocks[(from + side) % 2].Enter(claim.parts[side]);
      for (size_t side = 0; side < 2; ++side) blocks[(from + side) % 2].Leave(claim.parts[side]);
      RangeLock::Release(claim);
    }
  });
}

}  // namespace
}  // namespace quire
