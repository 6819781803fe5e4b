// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a chunk is registered when it is first used and let go when it retires, in every ring that
// had it; memory keeps its bytes meanwhile. Method: transfers through fixed buffers of a file; two
// reactors over the same regions; retirement with a manual clock.
#include "engine/registered_regions.h"

#include <cstring>

#include "tests/engine/reactor_fixture.h"

namespace quire {
namespace {

class RegisteredRegionsTest : public ReactorFixture {
 protected:
  void SetUp() override {
    ReactorFixture::SetUp();
    if (IsSkipped()) return;
    shared_ = *SharedMemory::Create(
        {.max_bytes = 4 * Regions::kChunkBytes, .pressure = std::nullopt, .clock = &clock_});
    regions_ = &shared_->regions();
    options_.memory = shared_.get();
    Start();
    reactor_->Poll();
  }
  void TearDown() override { reactor_.reset(); }
  uint64_t RegisteredChunks() const { return regions_->stats().registered; }

  ManualClock clock_;
  std::unique_ptr<SharedMemory> shared_;
  Regions* regions_ = nullptr;
};

TEST_P(RegisteredRegionsTest, OnceAChunk) {
  ReactorMemory& memory = reactor_->memory();
  const std::span<std::byte> one = regions_->Take(4096);
  const std::span<std::byte> two = regions_->Take(8192);
  EXPECT_EQ(RegisteredChunks(), 0u) << "not before it is used";
  const int32_t index = memory.FixedBufferOf(one);
  EXPECT_GE(index, 0);
  EXPECT_EQ(memory.FixedBufferOf(two), index);
  EXPECT_EQ(RegisteredChunks(), 1u);
  std::byte foreign{};
  EXPECT_EQ(memory.FixedBufferOf({&foreign, 1}), -1);
  regions_->Release(one);
  regions_->Release(two);
}

TEST_P(RegisteredRegionsTest, LetGoWhenItRetires) {
  const std::span<std::byte> block = regions_->Take(Regions::kChunkBytes);
  const int32_t index = reactor_->memory().FixedBufferOf(block);
  regions_->Release(block);
  EXPECT_EQ(regions_->Retire(0, 10), 0u) << "the ring has it";
  EXPECT_EQ(regions_->stats().chunks, 1u);
  reactor_->memory().registered().LetGo(10);
  EXPECT_EQ(regions_->stats().chunks, 0u);
  EXPECT_EQ(RegisteredChunks(), 0u);
  // And again.
  const std::span<std::byte> again = regions_->Take(Regions::kChunkBytes);
  EXPECT_EQ(reactor_->memory().FixedBufferOf(again), index);
  regions_->Release(again);
}

TEST_P(RegisteredRegionsTest, EveryRingThatHasItLetsGo) {
  const auto other = *Reactor::Create(workers_, options_);
  other->Poll();
  const std::span<std::byte> block = regions_->Take(4096);
  EXPECT_GE(reactor_->memory().FixedBufferOf(block), 0);
  EXPECT_GE(other->memory().FixedBufferOf(block), 0);
  EXPECT_EQ(RegisteredChunks(), 2u);
  regions_->Release(block);
  regions_->Retire(0, 10);
  reactor_->memory().registered().LetGo(10);
  EXPECT_EQ(regions_->stats().chunks, 1u);
  other->memory().registered().LetGo(10);
  EXPECT_EQ(regions_->stats().chunks, 0u);
}

TEST_P(RegisteredRegionsTest, LargeBlocksOnTheirOwn) {
  const std::span<std::byte> block = regions_->Take(2 * Regions::kChunkBytes);
  ReactorMemory& memory = reactor_->memory();
  EXPECT_EQ(memory.FixedBufferOf(block), -1);
  memory.registered().Add(block);
  const int32_t index = memory.FixedBufferOf(block.subspan(12345, 1000));
  EXPECT_GE(index, 0);
  const TempFile file("large");
  const Segment piece{block.data() + 4096, 5};
  TestOp op;
  op.PrepareRead(file.fd(), 0, {&piece, 1});
  op.fixed_buffer = index;
  Submit(op);
  WaitFor(op);
  EXPECT_EQ(op.last, IoResult::Bytes(5));
  EXPECT_EQ(std::memcmp(piece.data, "large", 5), 0);
  memory.registered().Remove(block);
  EXPECT_EQ(memory.FixedBufferOf(block), -1);
  regions_->Release(block);
}

INSTANTIATE_TEST_SUITE_P(Rings, RegisteredRegionsTest, RingKindsWithRing(), NameOf);

}  // namespace
}  // namespace quire
