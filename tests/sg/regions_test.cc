// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: blocks are exclusive and aligned, the cap is never exceeded, and chunks that nobody uses
//   give their memory back, but never under a ring that has registered them.
// Method: a clock set by hand, the memfd's own count of blocks, then random calls on a model of
//   intervals.
#include "sg/regions.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/prng.h"

namespace quire {
namespace {

using Block = std::span<std::byte>;

constexpr uint64_t kUnit = Regions::kUnitBytes;
constexpr uint64_t kChunk = Regions::kChunkBytes;

constexpr uint64_t kMapped = 2 * kChunk;  // may be mapped on their own

std::unique_ptr<Regions> Make(uint64_t count_chunks, const Clock* clock = &Clock::System()) {
  absl::StatusOr<std::unique_ptr<Regions>> regions = Regions::Create(
      {.max_bytes = count_chunks * kChunk, .max_mapped_bytes = kMapped, .clock = clock});
  EXPECT_TRUE(regions.ok());
  return *std::move(regions);
}

uint64_t OffsetOf(const Regions& regions, Block block) {
  return static_cast<uint64_t>(block.data() - regions.area().memory().data());
}

// Memory behind the chunks as the kernel counts it.
uint64_t BackedBytes(const Regions& regions) {
  struct stat status = {};
  EXPECT_EQ(fstat(regions.area().fd(), &status), 0);
  return static_cast<uint64_t>(status.st_blocks) * 512;
}

void Touch(Block block) { std::memset(block.data(), 0xa5, block.size()); }

TEST(Regions, BlocksAreAlignedToTheirSizeAndCutToTheLength) {
  const auto regions = Make(2);
  std::vector<Block> blocks;
  for (uint32_t order = 0; order < 10; ++order) {
    for (const uint64_t length : {(kUnit << order) / 2 + 1, (kUnit << order)}) {
      const Block block = regions->Take(length);
      ASSERT_EQ(block.size(), length);
      EXPECT_EQ(OffsetOf(*regions, block) % (kUnit << order), 0u) << "order " << order;
      Touch(block);
      blocks.push_back(block);
    }
  }
  regions->CheckInvariants();
  uint64_t used = 0;
  for (uint32_t order = 0; order < 10; ++order) used += 2 * (kUnit << order);
  EXPECT_EQ(regions->stats().used_bytes, used);
  for (const Block block : blocks) regions->Release(block);
  EXPECT_EQ(regions->stats().used_bytes, 0u);
  EXPECT_EQ(regions->stats().taken, blocks.size());
}

TEST(Regions, TheLowestChunkThatHasOneIsTakenFrom) {
  const auto regions = Make(3);
  const Block first = regions->Take(kChunk);
  const Block second = regions->Take(kChunk);
  const Block third = regions->Take(kUnit);
  EXPECT_EQ(regions->ChunkOf(first.data()), 0u);
  EXPECT_EQ(regions->ChunkOf(second.data()), 1u);
  EXPECT_EQ(regions->ChunkOf(third.data()), 2u);
  regions->Release(second);
  const Block small = regions->Take(1);
  EXPECT_EQ(regions->ChunkOf(small.data()), 1u);
  EXPECT_EQ(OffsetOf(*regions, small), kChunk);
  // What does not fit into a low chunk goes to the next one.
  regions->Release(first);
  const Block low = regions->Take(kUnit);
  const Block high = regions->Take(kChunk);
  EXPECT_EQ(high.data(), nullptr);
  EXPECT_EQ(regions->ChunkOf(low.data()), 0u);
  const Block half = regions->Take(kChunk / 2);
  EXPECT_EQ(OffsetOf(*regions, half), kChunk / 2);
  for (const Block block : {third, small, low, half}) regions->Release(block);
}

TEST(Regions, FullIsAnAnswerAndTellsOthers) {
  const auto regions = Make(2);
  EXPECT_FALSE(regions->wanting());
  const Block a = regions->Take(kChunk);
  const Block b = regions->Take(kChunk);
  EXPECT_FALSE(regions->wanting());
  EXPECT_TRUE(regions->Take(1).empty());
  EXPECT_TRUE(regions->wanting());
  EXPECT_TRUE(regions->TakePages(1).empty());
  EXPECT_EQ(regions->stats().refused, 2u);
  EXPECT_EQ(regions->stats().chunks, 2u);
  regions->Release(b);
  const Block again = regions->Take(kChunk);
  EXPECT_EQ(again.data(), b.data());
  EXPECT_FALSE(regions->wanting());
  regions->Release(a);
  regions->Release(again);
}

TEST(Regions, AChunkThatGoesEndsTheWant) {
  ManualClock clock;
  const auto regions = Make(1, &clock);
  const Block a = regions->Take(kChunk);
  EXPECT_TRUE(regions->Take(1).empty());
  regions->Release(a);
  EXPECT_EQ(regions->Retire(0, 1), 1u);
  EXPECT_FALSE(regions->wanting());
}

TEST(Regions, ABlockThatComesBackEndsTheWant) {
  const auto regions = Make(2);
  const Block a = regions->Take(kChunk);
  const Block b = regions->Take(kUnit);
  const Block c = regions->Take(kUnit);
  EXPECT_TRUE(regions->Take(kChunk).empty());
  EXPECT_TRUE(regions->wanting());
  regions->Release(b);  // enough or not: whoever wants asks again
  EXPECT_FALSE(regions->wanting());
  EXPECT_TRUE(regions->Take(kChunk).empty());
  EXPECT_TRUE(regions->wanting());
  regions->Release(c);
  EXPECT_FALSE(regions->wanting());
  regions->Release(a);
}

TEST(Regions, WhatIsMappedOnItsOwnIsNoMatterOfIdlePieces) {
  const auto regions = Make(1);
  const Block half = regions->Take(kChunk / 2);
  for (const uint64_t length : {kMapped + 1, ~uint64_t{0} - kUnit, ~uint64_t{0}}) {
    EXPECT_TRUE(regions->Take(length).empty());
    EXPECT_FALSE(regions->wanting()) << length;
  }
  EXPECT_TRUE(regions->Take(kChunk).empty());  // this one could, once that came back
  EXPECT_TRUE(regions->wanting());
  EXPECT_TRUE(regions->Take(kMapped + 1).empty());
  EXPECT_TRUE(regions->wanting());  // the other one still is
  EXPECT_EQ(regions->stats().refused, 5u);
  regions->Release(half);
}

TEST(Regions, PagesAreTheLargestPartThatIsLeft) {
  const auto regions = Make(1);
  const Block half = regions->Take(kChunk / 2);
  const Block quarter = regions->Take(kChunk / 4);
  const Block rest = regions->TakePages(1024);
  EXPECT_EQ(rest.size(), kChunk / 4);
  EXPECT_TRUE(regions->TakePages(1).empty());
  regions->ReleasePages(half);
  // Never more than are asked for: a page that nobody was charged for is nobody's.
  const Block two = regions->TakePages(3);
  EXPECT_EQ(two.size(), 2 * kUnit);
  EXPECT_EQ(regions->stats().used_bytes, kChunk / 2 + 2 * kUnit);
  for (const Block block : {quarter, rest, two}) regions->ReleasePages(block);
  // More than a chunk is served in parts.
  const Block most = regions->TakePages(5000);
  EXPECT_EQ(most.size(), kChunk);
  regions->ReleasePages(most);
}

TEST(Regions, LargeRequestsAreMappedOnTheirOwn) {
  const auto regions = Make(4);
  const Block large = regions->Take(kChunk + 1);
  ASSERT_EQ(large.size(), kChunk + 1);
  EXPECT_FALSE(regions->ChunkOf(large.data()).has_value());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(large.data()) % kUnit, 0u);
  Touch(large);
  EXPECT_EQ(regions->stats().mapped_bytes, kChunk + kUnit);
  EXPECT_EQ(regions->stats().chunks, 0u);
  // They have a cap of their own.
  EXPECT_TRUE(regions->Take(kMapped).empty());
  EXPECT_FALSE(regions->wanting());
  regions->Release(large);
  unsigned char resident = 0;
  EXPECT_EQ(mincore(large.data(), kUnit, &resident), -1);
  EXPECT_EQ(errno, ENOMEM);
  EXPECT_EQ(regions->stats().mapped_bytes, 0u);
  const Block exact = regions->Take(kMapped);
  EXPECT_EQ(exact.size(), kMapped);
  EXPECT_TRUE(regions->Take(kMapped + 1).empty());
  EXPECT_EQ(regions->stats().mapped_taken, 2u);
  regions->Release(exact);
  regions->CheckInvariants();
}

// A page in use of every chunk, and yet a run of 4 MiB is to be had.
TEST(Regions, RunsAreMappedWhereChunksHaveOnlyParts) {
  const auto regions = Make(4);
  std::vector<Block> pages;
  for (uint64_t i = 0; i < 4 * kChunk / kUnit; ++i) pages.push_back(regions->Take(kUnit));
  EXPECT_TRUE(regions->TakePages(1).empty());
  const Block run = regions->TakeRun(kChunk / kUnit);
  ASSERT_EQ(run.size(), kChunk);
  Touch(run);
  EXPECT_FALSE(regions->ChunkOf(run.data()).has_value());
  regions->ReleasePages(run);
  EXPECT_EQ(regions->stats().mapped_bytes, 0u);
  for (const Block page : pages) regions->Release(page);
}

TEST(Regions, ChunkOfKnowsItsOwnBytesOnly) {
  const auto regions = Make(3);
  const std::byte* const start = regions->area().memory().data();
  EXPECT_EQ(regions->count_chunks(), 3u);
  EXPECT_EQ(regions->ChunkOf(start), 0u);
  EXPECT_EQ(regions->ChunkOf(start + kChunk - 1), 0u);
  EXPECT_EQ(regions->ChunkOf(start + kChunk), 1u);
  EXPECT_EQ(regions->ChunkOf(start + 3 * kChunk - 1), 2u);
  EXPECT_FALSE(regions->ChunkOf(start + 3 * kChunk).has_value());
  EXPECT_FALSE(regions->ChunkOf(start - 1).has_value());
  const std::byte foreign{};
  EXPECT_FALSE(regions->ChunkOf(&foreign).has_value());
  EXPECT_FALSE(regions->ChunkOf(nullptr).has_value());
  EXPECT_EQ(regions->chunk(2).data(), start + 2 * kChunk);
  EXPECT_EQ(regions->chunk(2).size(), kChunk);
}

TEST(Regions, AnAreaIsAMultipleOfTheChunk) {
  const auto regions = *Regions::Create({.max_bytes = 2 * kChunk + kChunk - 1});
  EXPECT_EQ(regions->count_chunks(), 2u);
}

TEST(Regions, TheOldestGoFirst) {
  ManualClock clock;
  const auto regions = Make(4, &clock);
  std::vector<Block> blocks;
  for (int i = 0; i < 4; ++i) blocks.push_back(regions->Take(kChunk));
  for (const size_t i : {2u, 0u, 3u, 1u}) {
    regions->Release(blocks[i]);
    clock.Advance(10);
  }
  EXPECT_EQ(regions->Retire(0, 2), 2u);
  const Block again = regions->Take(kChunk);
  EXPECT_EQ(regions->ChunkOf(again.data()), 1u) << "0 and 2 are gone, 1 and 3 have their memory";
  regions->Release(again);
}

TEST(Regions, OnlyWhatIsIdleForLongEnoughRetires) {
  ManualClock clock;
  const auto regions = Make(4, &clock);
  std::vector<Block> blocks;
  for (int i = 0; i < 4; ++i) blocks.push_back(regions->Take(kChunk));
  for (const Block block : blocks) Touch(block);
  EXPECT_EQ(BackedBytes(*regions), 4 * kChunk);
  clock.Advance(1000);
  EXPECT_EQ(regions->Retire(0, 4), 0u);  // all in use, however old
  regions->Release(blocks[1]);
  clock.Advance(10);
  regions->Release(blocks[3]);
  EXPECT_EQ(regions->stats().idle_chunks, 2u);
  clock.Advance(90);
  EXPECT_EQ(regions->Retire(101, 4), 0u);
  EXPECT_EQ(regions->Retire(100, 4), 1u);
  EXPECT_EQ(BackedBytes(*regions), 3 * kChunk);
  // A use in between starts the time anew, and what is left of a chunk keeps the whole.
  const Block one = regions->Take(kUnit);
  EXPECT_EQ(regions->ChunkOf(one.data()), 3u);
  clock.Advance(1000);
  EXPECT_EQ(regions->Retire(100, 4), 0u);
  regions->Release(one);
  EXPECT_EQ(regions->Retire(100, 4), 0u);
  clock.Advance(100);
  EXPECT_EQ(regions->Retire(100, 4), 1u);
  EXPECT_EQ(BackedBytes(*regions), 2 * kChunk);
  EXPECT_EQ(regions->stats().retired_chunks, 2u);
  regions->CheckInvariants();
  regions->Release(blocks[0]);
  regions->Release(blocks[2]);
}

TEST(Regions, TheOptionsSayHowLongIdleIs) {
  ManualClock clock;
  const auto regions = *Regions::Create({.max_bytes = 2 * kChunk, .idle_ns = 50, .clock = &clock});
  regions->Release(regions->Take(1));
  clock.Advance(49);
  EXPECT_EQ(regions->Retire(4), 0u);
  clock.Advance(1);
  EXPECT_EQ(regions->Retire(4), 1u);
  EXPECT_EQ(regions->stats().chunks, 0u);
}

TEST(Regions, TheHighestRetireFirstAndNotMoreThanWanted) {
  ManualClock clock;
  const auto regions = Make(4, &clock);
  std::vector<Block> blocks;
  for (int i = 0; i < 4; ++i) blocks.push_back(regions->Take(kChunk));
  for (const Block block : blocks) regions->Release(block);
  EXPECT_EQ(regions->Retire(0, 0), 0u);
  EXPECT_EQ(regions->Retire(0, 3), 3u);
  EXPECT_EQ(regions->stats().chunks, 1u);
  const Block low = regions->Take(kChunk);
  EXPECT_EQ(regions->ChunkOf(low.data()), 0u);
  EXPECT_EQ(regions->stats().grown_chunks, 4u);
  regions->Release(low);
  EXPECT_EQ(regions->Retire(0, 9), 1u);
  EXPECT_EQ(BackedBytes(*regions), 0u);
}

TEST(Regions, ARegisteredChunkKeepsItsMemoryUntilTheLastDetach) {
  ManualClock clock;
  const auto regions = Make(2, &clock);
  const Block block = regions->Take(kChunk);
  Touch(block);
  regions->Attach(0);
  regions->Attach(0);
  EXPECT_EQ(regions->stats().registered, 2u);
  regions->Release(block);
  EXPECT_FALSE(regions->Retiring(0));
  EXPECT_EQ(regions->Retire(0, 1), 0u);
  EXPECT_TRUE(regions->Retiring(0));
  EXPECT_TRUE(regions->any_retiring());
  EXPECT_EQ(BackedBytes(*regions), kChunk);
  EXPECT_EQ(block[7], std::byte{0xa5});
  regions->Detach(0);
  EXPECT_EQ(BackedBytes(*regions), kChunk);
  regions->CheckInvariants();
  regions->Detach(0);
  EXPECT_EQ(BackedBytes(*regions), 0u);
  EXPECT_FALSE(regions->Retiring(0));
  EXPECT_FALSE(regions->any_retiring());
  EXPECT_EQ(regions->stats().retired_chunks, 1u);
  EXPECT_EQ(regions->stats().registered, 0u);
  regions->CheckInvariants();
}

TEST(Regions, ATakeRevivesARetiringChunk) {
  ManualClock clock;
  const auto regions = Make(2, &clock);
  Block block = regions->Take(kChunk);
  regions->Attach(0);
  regions->Release(block);
  EXPECT_EQ(regions->Retire(0, 1), 0u);
  block = regions->Take(kUnit);
  EXPECT_EQ(regions->ChunkOf(block.data()), 0u);
  EXPECT_FALSE(regions->Retiring(0));
  EXPECT_FALSE(regions->any_retiring());
  Touch(block);
  regions->Detach(0);
  EXPECT_EQ(block[7], std::byte{0xa5});
  EXPECT_EQ(regions->stats().chunks, 1u);
  regions->Release(block);
  EXPECT_EQ(regions->stats().chunks, 1u);  // idle, not retiring any more
  EXPECT_EQ(regions->Retire(0, 1), 1u);
}

TEST(Regions, OneThatOnlyBeginsToRetireDoesNotHoldTheOthersUp) {
  ManualClock clock;
  const auto regions = Make(2, &clock);
  const Block low = regions->Take(kChunk);
  const Block high = regions->Take(kChunk);
  regions->Attach(1);
  regions->Release(low);
  regions->Release(high);
  EXPECT_EQ(regions->Retire(0, 1), 0u);
  EXPECT_TRUE(regions->Retiring(1));
  EXPECT_EQ(regions->Retire(0, 1), 1u);
  regions->Detach(1);
  EXPECT_EQ(regions->stats().chunks, 0u);
}

TEST(Regions, AFamilyCountsTheChunks) {
  DataAreaFamily family;
  const auto regions = *Regions::Create({.max_bytes = 2 * kChunk, .family = &family});
  const Block block = regions->Take(1);
  EXPECT_EQ(family.touched_bytes(), kChunk);
  regions->Release(block);
  EXPECT_EQ(regions->Retire(0, 1), 1u);
  EXPECT_EQ(family.touched_bytes(), 0u);
}

// ---- At random, against intervals ----

class RandomRegions {
 public:
  explicit RandomRegions(uint64_t seed)
      : prng_(seed), regions_(Make(kChunks, &clock_)), attached_(kChunks) {}

  void Run() {
    for (int step = 0; step < 4000 && !testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      Step();
      if (step % 16 == 0) regions_->CheckInvariants();
    }
    while (!blocks_.empty()) ReleaseOne();
    for (uint32_t i = 0; i < kChunks; ++i) {
      while (attached_[i] > 0) DetachOne(i);
    }
    regions_->Retire(0, kChunks);
    EXPECT_EQ(regions_->stats().used_bytes, 0u);
    EXPECT_EQ(regions_->stats().chunks, 0u);
    EXPECT_FALSE(regions_->any_retiring());
    EXPECT_EQ(BackedBytes(*regions_), 0u);
    regions_->CheckInvariants();
  }

 private:
  static constexpr uint32_t kChunks = 5;
  struct Taken {
    uint64_t length_bytes;
    std::byte mark;
  };

  void Step() {
    clock_.Advance(prng_.Below(20));
    const uint64_t what = prng_.Below(100);
    if (what < 45) {
      const uint64_t length = 1 + prng_.Below(kUnit << prng_.Below(12));
      Took(regions_->Take(length), length, length);
    } else if (what < 55) {
      const uint64_t pages = 1 + prng_.Below(uint64_t{1} << prng_.Below(12));
      Took(regions_->TakePages(pages), kUnit, pages * kUnit);
    } else if (what < 90) {
      ReleaseOne();
    } else if (what < 94) {
      regions_->Retire(prng_.Below(60), static_cast<uint32_t>(prng_.Below(kChunks)));
    } else if (what < 97) {
      AttachOne();
    } else {
      DetachOne(static_cast<uint32_t>(prng_.Below(kChunks)));
    }
    const Regions::Stats stats = regions_->stats();
    ASSERT_LE(stats.chunks, kChunks);
    ASSERT_LE(stats.mapped_bytes, kMapped);
    ASSERT_LE(BackedBytes(*regions_), stats.chunks * kChunk);
    ASSERT_EQ(stats.grown_chunks - stats.retired_chunks, stats.chunks);
  }

  // The first and the last byte of every page carry the mark of the block.
  template <typename Each>
  static void Marks(Block block, Each each) {
    for (size_t at = 0; at < block.size(); at += kUnit) each(block[at]);
    each(block.back());
  }

  void Took(Block block, uint64_t least_bytes, uint64_t most_bytes) {
    if (block.empty()) return;
    ASSERT_GE(block.size(), least_bytes);
    ASSERT_LE(block.size(), most_bytes);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(block.data()) % kUnit, 0u);
    const auto next = blocks_.lower_bound(block.data());
    if (next != blocks_.end()) {
      ASSERT_LE(block.data() + block.size(), next->first);
    }
    if (next != blocks_.begin()) {
      const auto& [start, taken] = *std::prev(next);
      ASSERT_LE(start + taken.length_bytes, block.data());
    }
    const auto mark = static_cast<std::byte>(prng_.Next());
    Marks(block, [&](std::byte& byte) { byte = mark; });
    blocks_[block.data()] = {block.size(), mark};
    if (regions_->ChunkOf(block.data()).has_value()) {
      ASSERT_FALSE(regions_->Retiring(*regions_->ChunkOf(block.data())));
    }
  }

  auto Any() { return std::next(blocks_.begin(), static_cast<long>(prng_.Below(blocks_.size()))); }

  void ReleaseOne() {
    if (blocks_.empty()) return;
    const auto one = Any();
    const Block block{one->first, one->second.length_bytes};
    Marks(block, [&](std::byte& byte) { ASSERT_EQ(byte, one->second.mark); });
    blocks_.erase(one);
    regions_->Release(block);
  }

  void AttachOne() {
    if (blocks_.empty()) return;
    const auto chunk = regions_->ChunkOf(Any()->first);
    if (!chunk.has_value()) return;
    regions_->Attach(*chunk);
    ++attached_[*chunk];
  }

  void DetachOne(uint32_t index) {
    if (attached_[index] == 0) return;
    regions_->Detach(index);
    --attached_[index];
  }

  Prng prng_;
  ManualClock clock_;
  std::unique_ptr<Regions> regions_;
  std::map<std::byte*, Taken> blocks_;
  std::vector<uint32_t> attached_;
};

TEST(Regions, RandomCallsAgreeWithIntervals) {
  for (uint64_t seed = 1; seed <= 20 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomRegions(seed).Run();
  }
}

}  // namespace
}  // namespace quire
