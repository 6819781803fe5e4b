// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: exclusive claims have their bytes to themselves; the earlier goes first; shared claims are
// beside each other; claims of many ranges and disks are granted as one.
// Method: tables of pairs; then random claims beside a model that compares everybody with
// everybody.

#include "vdisk/range_lock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <memory>
#include <vector>

#include "base/prng.h"

namespace quire {
namespace {

constexpr RangeMode kShared = RangeMode::kShared;
constexpr RangeMode kExclusive = RangeMode::kExclusive;
constexpr uint64_t kSpan = RangeShards::kSpanBytes;

struct Claim : RangeClaim {
  explicit Claim(size_t count = 1) : parts(count) {}
  std::vector<RangePart> parts;
  bool told = false;
};

void Told(RangeClaim& claim) { static_cast<Claim&>(claim).told = true; }

class RangeLockTest : public testing::Test {
 protected:
  bool Acquire(Claim& claim, ByteRange range, RangeMode mode) {
    claim.parts[0].table = &table_;
    claim.parts[0].range = range;
    claim.parts[0].mode = mode;
    const bool now = RangeLock::Acquire(claim, claim.parts, Told);
    table_.CheckInvariants();
    return now;
  }
  bool AcquireInLane(RangeLane& lane, Claim& claim, ByteRange range) {
    claim.parts[0].range = range;
    const bool now = RangeLock::AcquireShared(lane, claim, claim.parts[0], Told);
    table_.CheckInvariants();
    return now;
  }
  void Release(Claim& claim) {
    RangeLock::Release(claim);
    table_.CheckInvariants();
  }
  RangeLock table_;
};

TEST_F(RangeLockTest, EveryPair) {
  struct Row {
    RangeMode earlier, later;
    bool waits;
  };
  // Within a span, over a border of spans, of which one is wide, both wide.
  const std::vector<std::pair<ByteRange, ByteRange>> overlaps = {
      {{0, 8192}, {4096, 8192}},
      {{0, kSpan + 512}, {kSpan, 512}},
      {{kSpan - 512, 2 * kSpan}, {kSpan, kSpan}},
      {{0, 8 * kSpan}, {5 * kSpan, 4096}},
      {{5 * kSpan - 512, 1024}, {0, 8 * kSpan}},
      {{0, 8 * kSpan}, {7 * kSpan, 9 * kSpan}}};
  for (const auto& [here, over] : overlaps) {
    for (const Row& row : {Row{kShared, kShared, false}, Row{kShared, kExclusive, true},
                           Row{kExclusive, kShared, true}, Row{kExclusive, kExclusive, true}}) {
      Claim earlier;
      Claim later;
      Claim beside;
      EXPECT_TRUE(Acquire(earlier, here, row.earlier));
      EXPECT_EQ(Acquire(later, over, row.later), !row.waits);
      EXPECT_TRUE(Acquire(beside, {100 * kSpan, 512}, kExclusive)) << "nothing overlaps";
      EXPECT_FALSE(later.told);
      Release(earlier);
      EXPECT_EQ(later.told, row.waits);
      Release(later);
      Release(beside);
    }
  }
}

TEST_F(RangeLockTest, NeighboursDoNotMeet) {
  Claim left;
  Claim right;
  Claim wide;
  EXPECT_TRUE(Acquire(left, {0, 512}, kExclusive));
  EXPECT_TRUE(Acquire(right, {512, 512}, kExclusive));
  EXPECT_TRUE(Acquire(wide, {1024, 10 * kSpan}, kExclusive));
  for (Claim* claim : {&left, &right, &wide}) Release(*claim);
}

TEST_F(RangeLockTest, AWaitingExclusiveIsNotOvertaken) {
  Claim reader;
  Claim swap;
  Claim late;
  Claim last;
  ASSERT_TRUE(Acquire(reader, {0, 4096}, kShared));
  ASSERT_FALSE(Acquire(swap, {0, 512}, kExclusive));
  ASSERT_FALSE(Acquire(late, {0, 4096}, kShared));
  ASSERT_FALSE(Acquire(last, {512, 512}, kExclusive)) << "behind both readers";
  Release(reader);
  EXPECT_TRUE(swap.told);
  EXPECT_FALSE(late.told);
  Release(swap);
  EXPECT_TRUE(late.told);
  EXPECT_FALSE(last.told);
  Release(late);
  EXPECT_TRUE(last.told);
  Release(last);
}

TEST_F(RangeLockTest, AWithdrawnClaimHoldsNobodyUp) {
  Claim reader;
  Claim swap;
  Claim late;
  ASSERT_TRUE(Acquire(reader, {0, 4096}, kShared));
  ASSERT_FALSE(Acquire(swap, {0, 512}, kExclusive));
  ASSERT_FALSE(Acquire(late, {0, 4096}, kShared));
  EXPECT_TRUE(RangeLock::Withdraw(swap));
  EXPECT_TRUE(late.told);
  EXPECT_FALSE(swap.told);
  EXPECT_FALSE(RangeLock::Withdraw(late)) << "granted";
  Release(reader);
  Release(late);
  ASSERT_TRUE(Acquire(swap, {0, 512}, kExclusive)) << "it may be used again";
  Release(swap);
}

TEST_F(RangeLockTest, LanesUntilThereIsAnExclusive) {
  RangeLane lane(table_);
  RangeLane other(table_);
  Claim a;
  Claim b;
  Claim swap;
  Claim late;
  ASSERT_TRUE(AcquireInLane(lane, a, {0, 4096}));
  ASSERT_TRUE(AcquireInLane(other, b, {0, 8 * kSpan}));
  EXPECT_TRUE(table_.direct());
  ASSERT_FALSE(Acquire(swap, {512, 512}, kExclusive));
  EXPECT_FALSE(table_.direct());
  ASSERT_FALSE(AcquireInLane(lane, late, {0, 4096}));
  Release(a);
  EXPECT_FALSE(swap.told);
  Release(b);
  EXPECT_TRUE(swap.told);
  Release(swap);
  EXPECT_TRUE(late.told);
  Release(late);
}

TEST_F(RangeLockTest, BackToLanesAfterAWhile) {
  RangeLane lane(table_);
  Claim swap;
  const auto read = [&](int times) {
    for (int i = 0; i < times; ++i) {
      Claim reader;
      ASSERT_TRUE(AcquireInLane(lane, reader, {1 << 20, 4096}));
      RangeLock::Release(reader);
    }
  };
  ASSERT_TRUE(Acquire(swap, {0, 512}, kExclusive));
  read(5000);
  EXPECT_FALSE(table_.direct()) << "it is still there";
  Release(swap);
  read(3000);
  EXPECT_TRUE(table_.direct());
  ASSERT_TRUE(Acquire(swap, {0, 512}, kExclusive));
  EXPECT_FALSE(table_.direct());
  Release(swap);
}

TEST_F(RangeLockTest, ManyRangesAreOneClaim) {
  Claim unmap(4);
  const ByteRange ranges[] = {{8 * kSpan, 512}, {0, 4096}, {2048, 4096}, {20 * kSpan, 9 * kSpan}};
  for (size_t i = 0; i < 4; ++i) {
    unmap.parts[i].table = &table_;
    unmap.parts[i].range = ranges[i];
    unmap.parts[i].mode = kExclusive;
  }
  Claim first;
  Claim wide;
  ASSERT_TRUE(Acquire(first, {4096, 4096}, kShared));
  ASSERT_TRUE(Acquire(wide, {22 * kSpan, 9 * kSpan}, kShared));
  EXPECT_FALSE(RangeLock::Acquire(unmap, unmap.parts, Told));
  Claim waits;
  Claim passes;
  EXPECT_FALSE(Acquire(waits, {8 * kSpan, 512}, kShared)) << "of an earlier one that waits itself";
  EXPECT_TRUE(Acquire(passes, {9 * kSpan, 512}, kExclusive));
  Release(first);
  EXPECT_FALSE(unmap.told);
  Release(wide);
  EXPECT_TRUE(unmap.told);
  Release(unmap);
  EXPECT_TRUE(waits.told);
  Release(waits);
  Release(passes);
}

TEST_F(RangeLockTest, TwoDisksAreOneClaim) {
  RangeLock target;
  RangeLane lane(target);
  Claim copy(2);
  copy.parts[0].table = &target;
  copy.parts[0].range = {0, 4096};
  copy.parts[0].mode = kExclusive;
  copy.parts[1].table = &table_;
  copy.parts[1].range = {0, 4096};
  Claim swap;
  Claim writer;
  ASSERT_TRUE(Acquire(swap, {0, 512}, kExclusive));
  ASSERT_TRUE(AcquireInLane(lane, writer, {0, 512}));
  EXPECT_FALSE(RangeLock::Acquire(copy, copy.parts, Told));
  Release(swap);
  EXPECT_FALSE(copy.told);
  RangeLock::Release(writer);
  EXPECT_TRUE(copy.told);
  EXPECT_FALSE(AcquireInLane(lane, writer, {0, 512}));
  RangeLock::Release(copy);
  EXPECT_TRUE(writer.told);
  RangeLock::Release(writer);
}

TEST_F(RangeLockTest, NoRangesAreGranted) {
  Claim nothing(0);
  EXPECT_TRUE(RangeLock::Acquire(nothing, nothing.parts, Told));
  RangeLock::Release(nothing);
}

// Two disks and two lanes of each; every claim that the model would grant is granted, no other.
class RangeLockModel {
 public:
  explicit RangeLockModel(uint64_t seed) : random_(seed) {
    for (RangeLock& table : tables_) {
      for (int i = 0; i < 2; ++i) lanes_.push_back(std::make_unique<RangeLane>(table));
    }
  }
  ~RangeLockModel() {
    while (!claims_.empty()) Finish(claims_.begin());
  }

  void Step() {
    if (random_.Chance(1, 1000)) Quieten();
    if (claims_.size() > 40 || (!claims_.empty() && random_.Chance(1, 2))) {
      auto claim = claims_.begin();
      std::advance(claim, random_.Below(claims_.size()));
      if (random_.Chance(1, 20)) return Withdraw(claim);
      while (!claim->told) --claim;  // the oldest is never waiting
      Finish(claim);
    } else if (random_.Chance(1, 2)) {
      AddInLane();
    } else {
      Add();
    }
    Check();
  }

 private:
  using Claims = std::list<Claim>;

  static bool Conflict(const Claim& a, const Claim& b) {
    for (const RangePart& x : a.parts) {
      for (const RangePart& y : b.parts) {
        if (x.table != y.table || !x.range.Overlaps(y.range)) continue;
        if (x.mode == kExclusive || y.mode == kExclusive) return true;
      }
    }
    return false;
  }
  // Everybody leaves, and both disks have only reads for so long that they turn direct again.
  void Quieten() {
    while (!claims_.empty()) Finish(claims_.begin());
    for (size_t i = 0; i < 2 * 3000; ++i) {
      Claim& claim = claims_.emplace_back();
      claim.parts[0].range = {0, 512};
      RangeLock::AcquireShared(*lanes_[2 * (i % 2)], claim, claim.parts[0], Told);
      Finish(claims_.begin());
    }
    for (RangeLock& table : tables_) EXPECT_TRUE(table.direct());
  }
  ByteRange RandomRange() {
    if (random_.Chance(1, 6)) return {random_.Below(8) * kSpan, (1 + random_.Below(8)) * kSpan};
    return {random_.Below(64) * kSpan / 8, (1 + random_.Below(12)) * kSpan / 8};
  }
  void AddInLane() {
    Claim& claim = claims_.emplace_back();
    claim.parts[0].range = RandomRange();
    RangeLane& lane = *lanes_[random_.Below(lanes_.size())];
    claim.told = RangeLock::AcquireShared(lane, claim, claim.parts[0], Told);
  }
  void Add() {
    Claim& claim = claims_.emplace_back(1 + random_.Below(3));
    for (RangePart& part : claim.parts) {
      part.table = &tables_[random_.Below(2)];
      part.range = RandomRange();
      part.mode = random_.Chance(1, 3) ? kExclusive : kShared;
    }
    claim.told = RangeLock::Acquire(claim, claim.parts, Told);
  }
  void Withdraw(Claims::iterator claim) {
    const bool was_waiting = !claim->told;
    ASSERT_EQ(RangeLock::Withdraw(*claim), was_waiting);
    if (was_waiting) claims_.erase(claim);
    Check();
  }
  void Finish(Claims::iterator claim) {
    RangeLock::Release(*claim);
    claims_.erase(claim);
  }
  void Check() {
    for (RangeLock& table : tables_) table.CheckInvariants();
    for (auto claim = claims_.begin(); claim != claims_.end(); ++claim) {
      const bool blocked = std::any_of(
          claims_.begin(), claim, [&](const Claim& earlier) { return Conflict(earlier, *claim); });
      ASSERT_EQ(claim->told, !blocked);
    }
  }

  Prng random_;
  std::array<RangeLock, 2> tables_;
  std::vector<std::unique_ptr<RangeLane>> lanes_;
  Claims claims_;  // in order of arrival
};

TEST(RangeLockModelTest, EverybodyComparedWithEverybody) {
  const auto seed = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(testing::Message() << "--gtest_random_seed=" << seed);
  RangeLockModel model(seed);
  for (int i = 0; i < 20000 && !testing::Test::HasFatalFailure(); ++i) model.Step();
}

}  // namespace
}  // namespace quire
