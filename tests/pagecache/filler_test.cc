// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a fill that goes wrong says so and leaves nothing behind; one that is short goes on; one
// that finds no memory waits for some.
// Method: a faulty backing that fails the k-th read for k = 0, 1, ... until all goes well; short
// reads; memory for two reads.

#include "pagecache/filler.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "sg/copy.h"
#include "tests/support/faulty_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
using Kind = IoOp::Kind;

TEST(FillerTest, EveryFailureIsAnswered) {
  FaultyFile served(4 * kMiB);
  for (uint64_t k = 0;; ++k) {
    ASSERT_LT(k, 10u);
    served.Drop();
    served.faulty().Set({.kind = Kind::kRead, .error = EIO, .first = k, .count = 1000});
    ReadOp op;
    const IoResult result = served.client().Read(op, {kMiB, 65536});
    if (result.ok()) {
      EXPECT_EQ(Collect(op.data.view()), Filled(65536, 'a'));
      op.data.Reset();
      break;
    }
    EXPECT_EQ(result, IoResult::Error(EIO));
    EXPECT_FALSE(op.data.held());
    EXPECT_EQ(served.file().stats().lent, 0u);
  }
  EXPECT_EQ(TakenPages(served.client().reactor()), 0u);
}

TEST(FillerTest, ShortReadsAreContinued) {
  for (const CacheMode cache : {CacheMode::kWriteback, CacheMode::kNone}) {
    FaultyFile served(4 * kMiB, {.path = "", .cache = cache});
    served.Drop();
    served.faulty().Set({.kind = Kind::kRead, .count = 4, .short_bytes = 4096});
    ReadOp op;
    ASSERT_EQ(served.client().Read(op, {kMiB, 65536}), IoResult::Bytes(65536));
    EXPECT_EQ(Collect(op.data.view()), Filled(65536, 'a'));
    op.data.Reset();
  }
}

TEST(FillerTest, WaitsForMemory) {
  const auto memory = *SharedMemory::Create(
      {.max_bytes = 4 * kMiB, .max_mapped_bytes = 0, .pressure = std::nullopt});
  ReactorOptions options;
  options.memory = memory.get();
  FaultyFile served(32 * kMiB, {}, options);
  served.Drop();
  static int count_done;
  count_done = 0;
  std::vector<std::unique_ptr<ReadOp>> ops;
  for (uint64_t i = 0; i < 16; ++i) {
    ops.push_back(std::make_unique<ReadOp>());
    ops.back()->copies_only = true;
    ops.back()->range = {i * 2 * kMiB, 2 * kMiB};
    served.client().channel().Read(*ops.back(), [](Completion& completion) {
      ReadOp& op = static_cast<ReadOp&>(completion);
      EXPECT_TRUE(op.result().ok());
      op.data.Reset();
      ++count_done;
    });
  }
  for (int i = 0; i < 10000 && count_done < 16; ++i) served.client().reactor().Wait(kNsPerMs);
  EXPECT_EQ(count_done, 16);
  EXPECT_EQ(TakenPages(served.client().reactor()), 0u);
}

// Reads until a hint says that the first region is in memory, page tables filled.
void Warm(FaultyFile& served) {
  ReadOp op;
  for (int i = 0; i < 10000 && served.file().stats().hint_hits == 0; ++i) {
    ASSERT_TRUE(served.client().Read(op, {4096, 4096}).ok());
    op.data.Reset();
  }
  ASSERT_GT(served.file().stats().hint_hits, 0u);
}

TEST(FillerTest, PrivateBytesOfAHotRegionNeedNoSystemCall) {
  FaultyFile served(4 * kMiB);
  Warm(served);
  served.faulty().Set({.kind = Kind::kRead, .error = EIO, .count = 1000});  // who asks the file
  const CopyCounts before = ReadCopyCounts();
  ReadOp op;
  op.copies_only = true;
  ASSERT_EQ(served.client().Read(op, {512, 65536}), IoResult::Bytes(65536));
  EXPECT_EQ(op.referenced_bytes, 0u);
  EXPECT_EQ(ReadCopyCounts().user_bytes - before.user_bytes, 65536u);
  EXPECT_EQ(ReadCopyCounts().kernel_bytes, before.kernel_bytes);
  ASSERT_TRUE(served.client().Write({512, 4096}, Filled(4096, 'b')).ok());
  EXPECT_EQ(Collect(op.data.view()), Filled(65536, 'a')) << "they are private";
  op.data.Reset();
  EXPECT_EQ(TakenPages(served.client().reactor()), 0u);
}

TEST(FillerTest, AHotRegionThatWasCutOffIsAnError) {
  FaultyFile served(4 * kMiB);
  Warm(served);
  ASSERT_EQ(ftruncate(served.scratch().fd(), 0), 0);
  ReadOp op;
  op.copies_only = true;
  EXPECT_EQ(served.client().Read(op, {512, 65536}), IoResult::Error(EIO));
  EXPECT_EQ(served.file().stats().lent, 0u);
}

// A page that somebody holds leaves no run of 4 MiB; the longest read is answered all the same.
TEST(FillerTest, NeedsNoRunOfItsPool) {
  const auto memory = *SharedMemory::Create({.max_bytes = 4 * kMiB, .pressure = std::nullopt});
  ReactorOptions options;
  options.memory = memory.get();
  FaultyFile served(16 * kMiB, {.path = "", .cache = CacheMode::kNone}, options);
  const std::span<std::byte> held = memory->regions().Take(4096);
  ReadOp op;
  ASSERT_EQ(served.client().Read(op, {512, 4 * kMiB}), IoResult::Bytes(4 * kMiB));
  EXPECT_EQ(Collect(op.data.view()), Filled(4 * kMiB, 'a'));
  EXPECT_GT(memory->regions().stats().mapped_bytes, 0u);
  op.data.Reset();
  EXPECT_EQ(memory->regions().stats().mapped_bytes, 0u);
  memory->regions().Release(held);
}

}  // namespace
}  // namespace quire
