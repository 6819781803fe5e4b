// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: vectors have the right order and length, the warmest comes first, and memory goes back when
//   it is old, too much, or wanted elsewhere; nothing leaks whatever the source refuses.
// Method: a source that hands out single pages in chosen orders of addresses and refuses the k-th
//   call, times made by hand, then random calls on a model.
#include "sg/sgv_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/prng.h"
#include "sg/regions.h"
#include "tests/support/no_allocation.h"

namespace quire {
namespace {

constexpr uint64_t kPage = PageSource::kPageBytes;

// Hands out single pages in the order that a test wrote down, then the lowest ones; with
// `in_one_piece` the longest piece from that page on.
class TestSource : public PageSource {
 public:
  explicit TestSource(uint64_t count_pages)
      : memory_(new (std::align_val_t{kPage}) std::byte[count_pages * kPage]), free_(count_pages) {
    std::fill(free_.begin(), free_.end(), true);
  }
  ~TestSource() override {
    EXPECT_EQ(taken(), 0u);
    ::operator delete[](memory_, std::align_val_t{kPage});
  }

  std::span<std::byte> TakePages(uint64_t count_pages) override {
    EXPECT_GT(count_pages, 0u);
    const bool fails = calls_++ == fail_at;
    const size_t first = fails ? free_.size() : NextPage();
    if (first == free_.size()) {
      if (says_wanting) SetWanting(true);
      return {};
    }
    size_t end = first + 1;
    const size_t most = in_one_piece ? std::min(count_pages, longest) : 1;
    while (end - first < most && end < free_.size() && free_[end]) ++end;
    for (size_t page = first; page < end; ++page) free_[page] = false;
    return {memory_ + first * kPage, (end - first) * kPage};
  }
  void ReleasePages(std::span<std::byte> piece) override {
    const auto first = static_cast<size_t>(piece.data() - memory_) / kPage;
    for (size_t page = first; page < first + piece.size() / kPage; ++page) {
      EXPECT_FALSE(free_[page]);
      free_[page] = true;
    }
    released.push_back(first);
  }
  void Want(bool wanting) { SetWanting(wanting); }

  size_t taken() const {
    return static_cast<size_t>(std::count(free_.begin(), free_.end(), false));
  }
  uint64_t calls() const { return calls_; }
  size_t PageOf(const Sgv& vector) const {
    return static_cast<size_t>(vector.segments()[0].data - memory_) / kPage;
  }
  std::multiset<size_t> PagesOf(const Sgv& vector) const {
    std::multiset<size_t> pages;
    for (const Segment& segment : vector.segments()) {
      const auto start = static_cast<size_t>(segment.data - memory_);
      EXPECT_EQ(start % kPage, 0u);
      for (size_t at = 0; at < segment.size_bytes; at += kPage) pages.insert((start + at) / kPage);
    }
    return pages;
  }

  std::vector<size_t> script;    // pages to hand out next
  std::vector<size_t> released;  // first pages, in order
  uint64_t fail_at = ~uint64_t{0};
  bool in_one_piece = false;
  uint64_t longest = ~uint64_t{0};  // such a piece, in pages
  bool says_wanting = false;

 private:
  size_t NextPage() {
    while (!script.empty()) {
      const size_t page = script.front();
      script.erase(script.begin());
      if (free_[page]) return page;
      EXPECT_TRUE(in_one_piece);  // went with one before it
    }
    return static_cast<size_t>(std::find(free_.begin(), free_.end(), true) - free_.begin());
  }

  std::byte* const memory_;
  std::vector<bool> free_;
  uint64_t calls_ = 0;
};

uint64_t LengthOf(const Sgv& vector) {
  uint64_t bytes = 0;
  for (const Segment& segment : vector.segments()) bytes += segment.size_bytes;
  return bytes;
}

// Takes `n` vectors of one page each and returns them in order, at `now_ns` and on.
void FillIdle(SgvPool& pool, int n) {
  std::vector<Sgv*> vectors;
  for (int i = 0; i < n; ++i) vectors.push_back(pool.Take(kPage));
  for (Sgv* one : vectors) SgvPool::Return(*one);
}

TEST(SgvPool, OrdersMeetAtPowersOfTwoPages) {
  TestSource source(2048);
  source.in_one_piece = true;
  SgvPool pool(source, {});
  for (uint32_t order = 0; order < SgvPool::kOrders; ++order) {
    // The lengths on both sides of where the order begins, and of where it ends.
    std::vector<uint64_t> lengths = {(kPage << order) / 2 + 1, (kPage << order) - 1,
                                     kPage << order};
    if (order == 0) lengths[0] = 1;
    const SgvPool::OrderStats& stats = pool.stats().orders[order];
    for (const uint64_t length : lengths) {
      Sgv* const vector = pool.Take(length);
      ASSERT_NE(vector, nullptr);
      EXPECT_EQ(vector->length_bytes(), length);
      EXPECT_EQ(LengthOf(*vector), length);
      EXPECT_EQ(vector->memory().size(), length);
      EXPECT_EQ(source.taken(), (2u << order) - 1);  // those of lower orders are idle
      std::memset(vector->memory().data(), 1, length);
      SgvPool::Return(*vector);
      pool.CheckInvariants();
    }
    EXPECT_EQ(stats.misses.value(), 1u);
    EXPECT_EQ(stats.hits.value(), 2u);
  }
  EXPECT_EQ(pool.stats().outside.value(), 0u);
  EXPECT_EQ(pool.stats().cached_pages.load(), 2047u);
  EXPECT_EQ(pool.stats().idle_pages.load(), 2047u);
}

TEST(SgvPool, AVectorIsTrimmedAndRestored) {
  TestSource source(4);
  SgvPool pool(source, {.clustering = SgvPool::Clustering::kNone});
  for (int i = 0; i < 2; ++i) {
    Sgv* const vector = pool.Take(11 * 1024);
    ASSERT_EQ(vector->segments().size(), 3u);
    EXPECT_EQ(vector->segments()[0].size_bytes, kPage);
    EXPECT_EQ(vector->segments()[1].size_bytes, kPage);
    EXPECT_EQ(vector->segments()[2].size_bytes, 3072u);
    EXPECT_EQ(source.taken(), 4u);
    SgvPool::Return(*vector);
    pool.CheckInvariants();  // whole again
    Sgv* const whole = pool.Take(4 * kPage);
    EXPECT_EQ(whole, vector);
    EXPECT_EQ(whole->segments().size(), 4u);
    EXPECT_EQ(LengthOf(*whole), 4 * kPage);
    SgvPool::Return(*whole);
  }
}

TEST(SgvPool, TheNewestComesFirst) {
  TestSource source(8);
  SgvPool pool(source, {});
  Sgv* const a = pool.Take(1);
  Sgv* const b = pool.Take(1);
  Sgv* const c = pool.Take(1);
  SgvPool::Return(*b);
  SgvPool::Return(*a);
  SgvPool::Return(*c);
  EXPECT_EQ(pool.Take(1), c);
  EXPECT_EQ(pool.Take(1), a);
  EXPECT_EQ(pool.Take(1), b);
  for (Sgv* one : {a, b, c}) SgvPool::Return(*one);
}

TEST(SgvPool, FewestSegmentsComeFirst) {
  TestSource source(16);
  SgvPool pool(source, {});
  source.script = {0, 2, 4, 6, 8, 9, 10, 11, 1, 3, 12, 13};
  Sgv* const four = pool.Take(4 * kPage);
  Sgv* const one = pool.Take(4 * kPage);
  Sgv* const three = pool.Take(4 * kPage);
  EXPECT_EQ(four->segments().size(), 4u);
  EXPECT_EQ(one->segments().size(), 1u);
  EXPECT_EQ(three->segments().size(), 3u);
  for (Sgv* vector : {one, three, four}) SgvPool::Return(*vector);
  EXPECT_EQ(pool.Take(4 * kPage), one);
  EXPECT_EQ(pool.Take(4 * kPage), three);
  EXPECT_EQ(pool.Take(4 * kPage), four);
  for (Sgv* vector : {one, three, four}) SgvPool::Return(*vector);
}

struct ClusterCase {
  const char* what;
  std::vector<size_t> pages;
  size_t none, tail, full;  // segments
};

TEST(SgvPool, ClusteringMergesNeighbours) {
  const ClusterCase cases[] = {
      {"upwards", {0, 1, 2, 3}, 4, 1, 1},
      {"downwards", {3, 2, 1, 0}, 4, 4, 1},
      {"apart", {0, 2, 4, 6}, 4, 4, 4},
      {"two runs in turns", {0, 4, 1, 5}, 4, 4, 2},
      {"a tail, then a head", {4, 5, 3, 7}, 4, 3, 2},
      {"only the last one has a tail", {0, 2, 3, 5}, 4, 3, 3},
      {"a bridge by a tail", {0, 2, 1, 3}, 4, 4, 1},
      {"a bridge by a head", {2, 0, 1, 5}, 4, 3, 2},
      {"a bridge between others", {7, 2, 4, 3}, 4, 4, 2},
      {"a bridge at the end", {3, 0, 2, 1}, 4, 4, 1},
      {"a gap that stays", {0, 3, 1, 5}, 4, 4, 3},
  };
  using enum SgvPool::Clustering;
  for (const ClusterCase& one : cases) {
    SCOPED_TRACE(one.what);
    for (const auto& [clustering, expected] :
         {std::pair{kNone, one.none}, std::pair{kTail, one.tail}, std::pair{kFull, one.full}}) {
      TestSource source(8);
      SgvPool pool(source, {.clustering = clustering});
      source.script = one.pages;
      Sgv* const vector = pool.Take(4 * kPage);
      ASSERT_NE(vector, nullptr);
      EXPECT_EQ(vector->segments().size(), expected);
      EXPECT_EQ(LengthOf(*vector), 4 * kPage);
      // Whatever was merged, these are the pages, each of them once.
      EXPECT_EQ(source.PagesOf(*vector), std::multiset<size_t>(one.pages.begin(), one.pages.end()));
      const SgvPool::OrderStats& stats = pool.stats().orders[2];
      EXPECT_EQ(stats.pieces.value(), 4u);
      EXPECT_EQ(stats.segments.value(), expected);
      SgvPool::Return(*vector);
      pool.CheckInvariants();
      EXPECT_EQ(pool.Shrink(1), 4u);  // the pieces go as they came
      EXPECT_EQ(source.released, one.pages);
    }
  }
}

// However the pieces come: as many segments as there are runs of pages without a gap.
TEST(SgvPool, FullClusteringLeavesNoNeighbours) {
  for (uint64_t seed = 1; seed <= 300 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Prng prng(seed);
    TestSource source(40);
    source.in_one_piece = true;
    SgvPool pool(source, {});
    std::vector<size_t> order(40);
    std::iota(order.begin(), order.end(), size_t{0});
    for (size_t i = order.size(); i-- > 1;) std::swap(order[i], order[prng.Below(i + 1)]);
    source.script = order;
    source.longest = 1 + prng.Below(4);
    Sgv* const vector = pool.Take(16 * kPage);
    ASSERT_NE(vector, nullptr);
    const std::multiset<size_t> pages = source.PagesOf(*vector);
    EXPECT_EQ(pages.size(), 16u);
    size_t runs = 0;
    for (const size_t page : pages) {
      EXPECT_EQ(pages.count(page), 1u);
      runs += pages.contains(page + 1) ? 0 : 1;
    }
    EXPECT_EQ(vector->segments().size(), runs);
    SgvPool::Return(*vector);
    pool.CheckInvariants();
  }
}

TEST(SgvPool, WithoutClusteringAPieceIsCutIntoPages) {
  TestSource source(4);
  source.in_one_piece = true;
  SgvPool pool(source, {.clustering = SgvPool::Clustering::kNone});
  Sgv* const vector = pool.Take(4 * kPage);
  EXPECT_EQ(vector->segments().size(), 4u);
  EXPECT_EQ(pool.stats().orders[2].pieces.value(), 1u);
  SgvPool::Return(*vector);
}

TEST(SgvPool, ContiguousIsOneSegmentOrNone) {
  TestSource source(8);
  SgvPool pool(source, {});
  source.script = {2, 3, 1, 0};
  Sgv* const vector = pool.TakeContiguous(4 * kPage - 5);
  ASSERT_NE(vector, nullptr);
  EXPECT_EQ(vector->memory().size(), 4 * kPage - 5);
  source.script = {4, 6};
  EXPECT_EQ(pool.TakeContiguous(2 * kPage), nullptr);
  EXPECT_EQ(source.taken(), 4u);
  EXPECT_EQ(pool.stats().refused.value(), 1u);
  SgvPool::Return(*vector);
}

// A page in use of every chunk: the pool's regions have room, but no run of it.
TEST(SgvPool, ContiguousWhereThereAreOnlyParts) {
  const auto regions = *Regions::Create({.max_bytes = 4 * Regions::kChunkBytes});
  std::vector<std::span<std::byte>> pages;
  for (uint64_t i = 0; i < 4 * 1024; ++i) pages.push_back(regions->Take(kPage));
  for (size_t i = 0; i < pages.size(); ++i) {
    if (i % 1024 != 7) regions->Release(pages[i]);
  }
  SgvPool pool(*regions, {});
  for (const uint64_t length : {Regions::kChunkBytes, Regions::kChunkBytes + 2 * kPage}) {
    Sgv* const vector = pool.TakeContiguous(length);
    ASSERT_NE(vector, nullptr);
    EXPECT_EQ(vector->memory().size(), length);
    vector->memory().back() = std::byte{1};
    SgvPool::Return(*vector);
    EXPECT_EQ(regions->stats().mapped_bytes, 0u) << "made for that request only";
  }
  EXPECT_TRUE(pool.quiet());
  for (size_t i = 7; i < pages.size(); i += 1024) regions->Release(pages[i]);
}

// An idle vector of several segments is no answer, one of a single segment is.
TEST(SgvPool, ContiguousTakesNoOtherIdleOne) {
  TestSource source(8);
  SgvPool pool(source, {});
  source.script = {4, 6};
  Sgv* const scattered = pool.Take(2 * kPage);
  ASSERT_EQ(scattered->segments().size(), 2u);
  SgvPool::Return(*scattered);
  source.script = {1, 0};
  Sgv* const contiguous = pool.TakeContiguous(2 * kPage);
  ASSERT_NE(contiguous, nullptr);
  EXPECT_NE(contiguous, scattered);
  EXPECT_EQ(contiguous->segments().size(), 1u);
  SgvPool::Return(*contiguous);
  EXPECT_EQ(pool.TakeContiguous(2 * kPage), contiguous);
  EXPECT_EQ(pool.stats().orders[1].hits.value(), 1u);
  SgvPool::Return(*contiguous);
}

#ifndef NDEBUG
TEST(SgvPoolDeathTest, ContiguousNeedsClustering) {
  TestSource source(1);
  SgvPool pool(source, {.clustering = SgvPool::Clustering::kNone});
  EXPECT_DEATH(pool.TakeContiguous(1), "kNone");
}
#endif

TEST(SgvPool, ItIsQuietWithoutAnyMemory) {
  TestSource source(8);
  SgvPool pool(source, {.purge_ns = 100});
  EXPECT_TRUE(pool.quiet());
  Sgv* const one = pool.Take(kPage);
  EXPECT_FALSE(pool.quiet());  // taken: whoever returns it wakes nobody
  EXPECT_EQ(pool.stats().idle_pages.load(), 0u);
  pool.Tick(1);
  EXPECT_FALSE(pool.quiet());
  SgvPool::Return(*one);
  EXPECT_FALSE(pool.quiet());  // idle
  pool.Tick(101);
  EXPECT_TRUE(pool.quiet());
}

// ---- The heap ----

TEST(SgvPool, AMissAllocatesNothing) {
  TestSource source(64);
  source.released.reserve(10'000);
  SgvPool pool(source, {});
  const NoAllocation scope;
  std::array<Sgv*, 32> vectors;
  for (int round = 0; round < 10; ++round) {
    for (Sgv*& one : vectors) one = pool.Take(2 * kPage);
    for (Sgv* const one : vectors) {
      ASSERT_NE(one, nullptr);
      SgvPool::Return(*one);
    }
    EXPECT_EQ(pool.Shrink(64), 64u);
  }
  EXPECT_EQ(pool.stats().orders[1].misses.value(), 320u);
}

// However many pieces it takes, once a vector has had as many.
TEST(SgvPool, AMissOfManyPiecesAllocatesNothing) {
  TestSource source(64);
  source.released.reserve(10'000);
  SgvPool pool(source, {.clustering = SgvPool::Clustering::kNone});
  const auto miss = [&] {
    Sgv* const vector = pool.Take(32 * kPage);
    ASSERT_NE(vector, nullptr);
    EXPECT_EQ(vector->segments().size(), 32u);
    SgvPool::Return(*vector);
    EXPECT_EQ(pool.Shrink(32), 32u);
  };
  miss();
  const NoAllocation scope;
  for (int round = 0; round < 10; ++round) miss();
}

// Neither does a refusal.
TEST(SgvPool, AMissInVainAllocatesNothing) {
  TestSource source(1);
  source.released.reserve(10'000);
  SgvPool pool(source, {});
  const NoAllocation scope;
  for (int round = 0; round < 200; ++round) EXPECT_EQ(pool.Take(2 * kPage), nullptr);
  EXPECT_EQ(pool.stats().refused.value(), 200u);
}

TEST(SgvPool, MoreThanItHasSparesOf) {
  TestSource source(200);
  SgvPool pool(source, {});
  std::vector<Sgv*> vectors;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 200; ++i) vectors.push_back(pool.Take(kPage));
    EXPECT_EQ(pool.Take(kPage), nullptr);
    EXPECT_EQ(std::set<Sgv*>(vectors.begin(), vectors.end()).size(), 200u);
    for (Sgv* const one : vectors) SgvPool::Return(*one);
    vectors.clear();
    EXPECT_EQ(pool.Shrink(~uint64_t{0}), 200u);
    pool.CheckInvariants();
  }
}

TEST(SgvPool, MoreThanFourMebibytesIsMadeForTheRequest) {
  TestSource source(1200);
  source.in_one_piece = true;
  SgvPool pool(source, {});
  Sgv* const vector = pool.Take(SgvPool::kMaxPooledBytes + 1);
  ASSERT_NE(vector, nullptr);
  EXPECT_EQ(LengthOf(*vector), SgvPool::kMaxPooledBytes + 1);
  EXPECT_EQ(source.taken(), 1025u);  // no power of two
  EXPECT_EQ(pool.stats().cached_pages.load(), 1025u);
  SgvPool::Return(*vector);
  EXPECT_EQ(source.taken(), 0u);
  EXPECT_EQ(pool.stats().outside.value(), 1u);
  EXPECT_EQ(pool.stats().cached_pages.load(), 0u);
  EXPECT_TRUE(pool.quiet());
}

TEST(SgvPool, WhatIsIdleForTooLongIsPurgedTheOldestFirst) {
  TestSource source(8);
  SgvPool pool(source, {.purge_ns = 100});
  pool.Tick(1000);
  Sgv* const a = pool.Take(kPage);
  Sgv* const b = pool.Take(kPage);
  Sgv* const c = pool.Take(2 * kPage);
  const std::vector<size_t> pages = {source.PageOf(*b), source.PageOf(*c)};
  SgvPool::Return(*b);
  pool.Tick(1050);
  SgvPool::Return(*c);
  pool.Tick(1060);
  SgvPool::Return(*a);
  pool.Tick(1099);
  EXPECT_TRUE(source.released.empty());
  pool.Tick(1100);
  EXPECT_EQ(source.released, std::vector<size_t>{pages[0]});
  // Taken out again, it begins anew.
  EXPECT_EQ(pool.Take(kPage), a);
  pool.Tick(1150);
  EXPECT_EQ(source.taken(), 1u);
  EXPECT_EQ(pool.stats().purged.value(), 2u);
  SgvPool::Return(*a);
  pool.Tick(1249);
  EXPECT_FALSE(pool.quiet());
  pool.Tick(1250);
  EXPECT_TRUE(pool.quiet());
  EXPECT_EQ(pool.stats().purged.value(), 3u);
  EXPECT_EQ(pool.stats().shrunk.value(), 0u);
}

TEST(SgvPool, ATickPurgesSoManyAndTellsOfMore) {
  TestSource source(1500);
  SgvPool pool(source, {.purge_ns = 100});
  pool.Tick(1);
  std::vector<Sgv*> vectors;
  for (int i = 0; i < 1500; ++i) vectors.push_back(pool.Take(kPage));
  for (Sgv* const one : vectors) SgvPool::Return(*one);
  EXPECT_FALSE(pool.Tick(100));
  EXPECT_TRUE(pool.Tick(101));
  EXPECT_EQ(source.taken(), 1500u - 1024);
  EXPECT_FALSE(pool.Tick(101));
  EXPECT_EQ(source.taken(), 0u);
}

TEST(SgvPool, TheFirstTickStartsTheTime) {
  TestSource source(1);
  SgvPool pool(source, {.purge_ns = 100});
  FillIdle(pool, 1);
  pool.Tick(5000);
  EXPECT_EQ(source.taken(), 1u);
  pool.Tick(5100);
  EXPECT_EQ(source.taken(), 0u);
}

TEST(SgvPool, ShrinkStopsAtItsBound) {
  TestSource source(16);
  SgvPool pool(source, {});
  Sgv* const two = pool.Take(2 * kPage);
  Sgv* const four = pool.Take(4 * kPage);
  SgvPool::Return(*four);
  SgvPool::Return(*two);
  FillIdle(pool, 3);
  EXPECT_EQ(pool.Shrink(0), 0u);
  EXPECT_EQ(source.taken(), 9u);
  EXPECT_EQ(pool.Shrink(4), 4u);  // the oldest is just that
  EXPECT_EQ(source.taken(), 5u);
  EXPECT_EQ(pool.Shrink(3), 3u);
  EXPECT_EQ(source.taken(), 2u);
  EXPECT_EQ(pool.Shrink(100), 2u);
  EXPECT_EQ(pool.Shrink(1), 0u);
  EXPECT_EQ(pool.stats().shrunk.value(), 5u);
  EXPECT_EQ(pool.stats().cached_pages.load(), 0u);
}

// The last vector goes whole: less would not do.
TEST(SgvPool, ShrinkGivesAtLeastWhatIsAskedFor) {
  TestSource source(8);
  SgvPool pool(source, {});
  SgvPool::Return(*pool.Take(4 * kPage));
  FillIdle(pool, 2);
  EXPECT_EQ(pool.Shrink(1), 4u);
  EXPECT_EQ(source.taken(), 2u);
}

TEST(SgvPool, NoMoreThanAllowedStaysIdle) {
  TestSource source(16);
  SgvPool pool(source, {.max_idle_bytes = 3 * kPage});
  FillIdle(pool, 3);
  EXPECT_EQ(pool.stats().idle_pages.load(), 3u);
  Sgv* const two = pool.Take(2 * kPage);
  source.released.clear();
  SgvPool::Return(*two);
  EXPECT_EQ(source.released, (std::vector<size_t>{0, 1}));  // the two oldest
  EXPECT_EQ(pool.stats().idle_pages.load(), 3u);
  SgvPool::Return(*pool.Take(4 * kPage));  // more than all: nothing stays
  EXPECT_EQ(pool.stats().idle_pages.load(), 0u);
  EXPECT_EQ(source.taken(), 0u);
  EXPECT_EQ(pool.stats().shrunk.value(), 5u);
}

TEST(SgvPool, WhatIsIdleElsewhereServesWhenTheSourceIsEmpty) {
  TestSource source(8);
  SgvPool pool(source, {});
  FillIdle(pool, 6);
  Sgv* const four = pool.Take(4 * kPage);
  ASSERT_NE(four, nullptr);
  EXPECT_EQ(source.taken(), 6u);  // the two newest of the six are still there
  EXPECT_EQ(pool.stats().idle_pages.load(), 2u);
  Sgv* const other = pool.Take(4 * kPage);
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(pool.Take(1), nullptr);
  EXPECT_EQ(pool.stats().refused.value(), 1u);
  SgvPool::Return(*four);
  Sgv* const one = pool.Take(1);  // a large one makes room for a small one
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(source.taken(), 5u);
  SgvPool::Return(*one);
  SgvPool::Return(*other);
}

TEST(SgvPool, WhileTheSourceWantsNothingIsKept) {
  TestSource source(8);
  SgvPool pool(source, {.purge_ns = 1000});
  Sgv* const a = pool.Take(2 * kPage);
  FillIdle(pool, 2);
  source.Want(true);
  SgvPool::Return(*a);
  EXPECT_EQ(source.taken(), 2u);
  pool.Tick(1);  // what was idle goes at the next Tick
  EXPECT_EQ(source.taken(), 0u);
  source.Want(false);
  FillIdle(pool, 1);
  EXPECT_EQ(source.taken(), 1u);
}

TEST(SgvPool, OnePoolGivesBackWhatAnotherOneWants) {
  const auto regions = *Regions::Create({.max_bytes = Regions::kChunkBytes});
  SgvPool rich(*regions, {});
  SgvPool poor(*regions, {});
  SgvPool::Return(*rich.Take(SgvPool::kMaxPooledBytes));
  EXPECT_EQ(poor.Take(1), nullptr);
  rich.Tick(1);
  Sgv* const one = poor.Take(1);
  ASSERT_NE(one, nullptr);
  EXPECT_FALSE(regions->wanting());
  SgvPool::Return(*one);
}

TEST(SgvPool, ALentVectorGivesItselfBack) {
  TestSource source(8);
  SgvPool pool(source, {.clustering = SgvPool::Clustering::kNone});
  {
    Sgv* const vector = pool.Take(3 * kPage - 1);
    SgVector lent = SgvPool::Lend(*vector);
    EXPECT_TRUE(lent.held());
    EXPECT_EQ(lent.length_bytes(), 3 * kPage - 1);
    EXPECT_EQ(lent.view().segments().size(), 3u);
    EXPECT_EQ(lent.view().segments().data(), vector->segments().data());
    SgVector moved = std::move(lent);
    SgVector assigned;
    assigned = std::move(moved);
    EXPECT_EQ(assigned.view().segments().size(), 3u);
    EXPECT_EQ(pool.stats().idle_pages.load(), 0u);
  }
  EXPECT_EQ(pool.stats().idle_pages.load(), 4u);
  SgVector reset = SgvPool::Lend(*pool.Take(1));
  reset.Reset();
  EXPECT_EQ(pool.stats().idle_pages.load(), 5u);
}

TEST(SgvPool, WhatOthersReturnIsTakenInByTheOwner) {
  TestSource source(8);
  SgvPool pool(source, {});
  Sgv* const a = pool.Take(kPage);
  Sgv* const b = pool.Take(kPage);
  std::thread([lent = SgvPool::Lend(*a)]() mutable {
    const SgVector mine = std::move(lent);
  }).join();
  EXPECT_EQ(pool.stats().idle_pages.load(), 0u);
  EXPECT_FALSE(pool.quiet());  // it is on its way back
  EXPECT_EQ(pool.Take(kPage), a);
  EXPECT_EQ(pool.stats().from_others.value(), 1u);
  std::thread([&] {
    SgvPool::Return(*a);
    SgvPool::Return(*b);
  }).join();
  pool.Tick(1);
  EXPECT_EQ(pool.stats().idle_pages.load(), 2u);
  EXPECT_EQ(pool.stats().from_others.value(), 3u);
  pool.CheckInvariants();
  // The destructor takes in as well.
  Sgv* const last = pool.Take(kPage);
  std::thread([&] { SgvPool::Return(*last); }).join();
}

// ---- Faults ----

TEST(SgvPool, ARefusalAtAnyCallLeaksNothing) {
  bool failed = true;
  for (uint64_t k = 0; failed; ++k) {
    SCOPED_TRACE("call " + std::to_string(k));
    ASSERT_LT(k, 100u);
    TestSource source(32);
    source.fail_at = k;
    source.says_wanting = k % 2 == 1;
    SgvPool pool(source, {.clustering = SgvPool::Clustering::kFull});
    std::vector<Sgv*> vectors;
    uint64_t refused = 0;
    for (const uint64_t pages : {4u, 1u, 8u, 2u}) {
      Sgv* const vector = pool.Take(pages * kPage);
      if (vector == nullptr) {
        ++refused;
      } else {
        vectors.push_back(vector);
      }
      uint64_t held = 0;
      for (const Sgv* one : vectors) held += one->length_bytes() / kPage;
      EXPECT_EQ(source.taken(), held);
      EXPECT_EQ(pool.stats().cached_pages.load(), held);
    }
    failed = source.calls() > k;
    EXPECT_EQ(refused, failed ? 1u : 0u);
    EXPECT_EQ(pool.stats().refused.value(), refused);
    for (Sgv* one : vectors) SgvPool::Return(*one);
    // With something idle the same refusal is overcome.
    source.Want(false);
    FillIdle(pool, 1);
    source.fail_at = source.calls();
    Sgv* const again = pool.Take(16 * kPage);
    EXPECT_NE(again, nullptr);
    if (again != nullptr) SgvPool::Return(*again);
    pool.CheckInvariants();
  }
}

// ---- At random, against a model ----

void RandomTakesAndReturns(uint64_t seed) {
  Prng prng(seed);
  TestSource source(300);
  source.in_one_piece = prng.Chance(1, 2);
  const uint64_t max_idle_pages = prng.Chance(1, 2) ? 64 : 1000;
  SgvPool pool(source, {.clustering = static_cast<SgvPool::Clustering>(prng.Below(3)),
                        .purge_ns = 200,
                        .max_idle_bytes = max_idle_pages * kPage});
  struct Taken {
    Sgv* vector;
    uint64_t pages;
    std::byte mark;
  };
  std::vector<Taken> model;
  uint64_t now_ns = 1;
  uint64_t held_pages = 0;
  const auto each_byte_edge = [](const Sgv& vector, auto each) {
    for (const Segment& segment : vector.segments()) {
      each(segment.data[0]);
      each(segment.data[segment.size_bytes - 1]);
    }
  };
  const auto give_back = [&](size_t at) {
    const Taken one = model[at];
    each_byte_edge(*one.vector, [&](std::byte byte) { EXPECT_EQ(byte, one.mark); });
    model.erase(model.begin() + static_cast<long>(at));
    held_pages -= one.pages;
    if (prng.Chance(1, 20)) {
      std::thread([&] { SgvPool::Return(*one.vector); }).join();
    } else {
      SgvPool::Return(*one.vector);
    }
  };
  for (int step = 0; step < 2000 && !testing::Test::HasFailure(); ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    const uint64_t what = prng.Below(100);
    if (what < 48) {
      const uint64_t length = 1 + prng.Below(kPage << prng.Below(8));
      const uint64_t pages = std::bit_ceil((length + kPage - 1) / kPage);
      Sgv* const vector = pool.Take(length);
      if (vector == nullptr) {
        ASSERT_GT(held_pages + pages, 300u);  // never while there is enough
      } else {
        ASSERT_EQ(LengthOf(*vector), length);
        ASSERT_EQ(vector->length_bytes(), length);
        const Taken one{vector, pages, static_cast<std::byte>(prng.Next())};
        each_byte_edge(*vector, [&](std::byte& byte) { byte = one.mark; });
        model.push_back(one);
        held_pages += pages;
      }
    } else if (what < 90) {
      if (!model.empty()) give_back(prng.Below(model.size()));
    } else if (what < 96) {
      now_ns += prng.Below(100);
      pool.Tick(now_ns);
    } else {
      const uint64_t idle = pool.stats().idle_pages.load();
      const uint64_t wanted = prng.Below(20);
      ASSERT_GE(pool.Shrink(wanted), std::min(idle, wanted));
    }
    ASSERT_LE(pool.stats().idle_pages.load(), max_idle_pages);
    ASSERT_EQ(source.taken(), pool.stats().cached_pages.load());
    ASSERT_GE(pool.stats().cached_pages.load(), held_pages + pool.stats().idle_pages.load());
    pool.CheckInvariants();
  }
  while (!model.empty()) give_back(model.size() - 1);
  pool.Tick(now_ns);
  EXPECT_EQ(pool.stats().cached_pages.load(), pool.stats().idle_pages.load());
  pool.Tick(now_ns + 200);
  EXPECT_TRUE(pool.quiet());
  EXPECT_EQ(source.taken(), 0u);
}

TEST(SgvPool, RandomCallsAgreeWithAModel) {
  for (uint64_t seed = 1; seed <= 12 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomTakesAndReturns(seed);
  }
}

}  // namespace
}  // namespace quire
