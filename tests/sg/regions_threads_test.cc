// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: no two threads ever own the same byte, while chunks retire under them.
// Method: four threads write their number all over what they take and look again before release;
//   two of them register the chunks as rings do, and a fifth one retires without a pause.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "base/prng.h"
#include "sg/regions.h"

namespace quire {
namespace {

constexpr uint64_t kChunk = Regions::kChunkBytes;

using Block = std::span<std::byte>;

// What a ring does: attaches to the chunks it uses, lets go of those that retire.
class Ring {
 public:
  explicit Ring(Regions& regions) : regions_(regions), attached_(regions.count_chunks()) {}
  ~Ring() {
    for (uint32_t i = 0; i < attached_.size(); ++i) LetGo(i);
  }
  void Use(Block block) {
    const auto index = regions_.ChunkOf(block.data());
    if (!index.has_value() || attached_[*index]) return;
    attached_[*index] = true;
    regions_.Attach(*index);
  }
  void Tick() {
    if (!regions_.any_retiring()) return;
    for (uint32_t i = 0; i < attached_.size(); ++i) {
      if (regions_.Retiring(i)) LetGo(i);
    }
  }

 private:
  void LetGo(uint32_t index) {
    if (!attached_[index]) return;
    attached_[index] = false;
    regions_.Detach(index);
  }

  Regions& regions_;
  std::vector<bool> attached_;
};

void TakeAndRelease(Regions& regions, uint64_t number, bool registers) {
  Prng prng(number);
  Ring ring(regions);
  const auto mine = static_cast<std::byte>(number);
  std::vector<Block> blocks;
  for (int i = 0; i < 2000; ++i) {
    const uint64_t length = 1 + prng.Below(uint64_t{4096} << prng.Below(7));
    const bool huge = prng.Chance(1, 200);
    const Block block = huge                ? regions.Take(kChunk + length)
                        : prng.Chance(1, 2) ? regions.Take(length)
                                            : regions.TakePages(1 + prng.Below(64));
    if (!block.empty()) {
      if (registers) ring.Use(block);
      std::fill(block.begin(),
                block.begin() + static_cast<long>(std::min<size_t>(block.size(), 16384)), mine);
      block.back() = mine;
      blocks.push_back(block);
    }
    const size_t keep = prng.Chance(1, 50) ? 0 : 8;
    while (blocks.size() > keep) {
      const size_t at = prng.Below(blocks.size());
      const Block old = blocks[at];
      const auto end = old.begin() + static_cast<long>(std::min<size_t>(old.size(), 16384));
      ASSERT_TRUE(std::all_of(old.begin(), end, [&](std::byte b) { return b == mine; }));
      ASSERT_EQ(old.back(), mine);
      blocks.erase(blocks.begin() + static_cast<long>(at));
      regions.Release(old);
    }
    ring.Tick();
  }
  for (const Block block : blocks) regions.Release(block);
}

TEST(RegionsThreads, BlocksAreExclusiveWhileChunksRetire) {
  const auto regions = *Regions::Create({.max_bytes = 4 * kChunk});
  std::atomic<bool> done{false};
  std::thread retires([&] {
    while (!done.load()) {
      regions->Retire(0, 2);
      regions->CheckInvariants();
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> threads;
  for (uint64_t i = 1; i <= 4; ++i) {
    threads.emplace_back([&, i] { TakeAndRelease(*regions, i, i % 2 == 0); });
  }
  for (std::thread& thread : threads) thread.join();
  done.store(true);
  retires.join();
  EXPECT_EQ(regions->stats().used_bytes, 0u);
  EXPECT_EQ(regions->stats().registered, 0u);
  regions->Retire(0, 4);
  EXPECT_EQ(regions->stats().chunks, 0u);
  EXPECT_FALSE(regions->any_retiring());
  regions->CheckInvariants();
}

}  // namespace
}  // namespace quire
