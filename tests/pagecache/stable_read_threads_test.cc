// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a reader that asked for stable bytes never sees a later write; a reader through Quire sees
// each block old or new; a write never waits for a reader.
// Method: hold references, overwrite below them, and look again; threads that write whole versions
// of blocks and threads that read them by StableLook.

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "base/prng.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

constexpr uint64_t kFileBytes = 4 * 1024 * 1024;

TEST(StableReadThreadsTest, AWriteLeavesWhatIsNotYetConsumed) {
  WorkerPool workers;
  const ScratchFile scratch(kFileBytes);
  scratch.Fill(0, Filled(kFileBytes, 'a'));
  auto file = *File::Open({.path = scratch.path()});
  {
    Client client(workers, *file);
    ReadOp op;
    op.stable = true;
    op.references_only = true;
    ASSERT_EQ(client.Read(op, {0, 64 * 1024}), IoResult::Bytes(64 * 1024));
    EXPECT_EQ(op.referenced_bytes, 64u * 1024);
    {
      StableLook look(op.stable_bytes);
      look.Consume(10000);
    }
    ASSERT_TRUE(client.Write({0, 64 * 1024}, Filled(64 * 1024, 'b')).ok());
    {
      StableLook look(op.stable_bytes);
      EXPECT_EQ(Collect(look.left()), Filled(64 * 1024 - 10000, 'a'));
      look.Consume(look.left().length_bytes());
    }
    EXPECT_TRUE(op.stable_bytes.made_private());
    EXPECT_EQ(file->stats().made_private, 1u);
    // Now that it is private, nothing more happens to it.
    ASSERT_TRUE(client.Write({0, 4096}, Filled(4096, 'c')).ok());
    EXPECT_EQ(file->stats().made_private, 1u);
    op.data.Reset();
    EXPECT_EQ(scratch.Contents(0, 1)[0], std::byte{'c'});
    EXPECT_EQ(scratch.Contents(4096, 1)[0], std::byte{'b'});
  }
}

TEST(StableReadThreadsTest, ALiveReadSeesTheWrite) {
  WorkerPool workers;
  const ScratchFile scratch(kFileBytes);
  scratch.Fill(0, Filled(kFileBytes, 'a'));
  auto file = *File::Open({.path = scratch.path()});
  Client client(workers, *file);
  ReadOp op;
  op.references_only = true;
  ASSERT_TRUE(client.Read(op, {0, 8192}).ok());
  ASSERT_TRUE(client.Write({0, 4096}, Filled(4096, 'b')).ok());
  EXPECT_EQ(Collect(op.data.view()).front(), std::byte{'b'});
  EXPECT_EQ(Collect(op.data.view()).back(), std::byte{'a'});
  op.data.Reset();
}

// Every 512 bytes of a block carry the block's number and version.
struct Stamp {
  uint64_t block;
  uint64_t version;
};
constexpr uint64_t kBlockBytes = 4096;
constexpr uint64_t kBlocks = 16;  // few, so that they collide

std::vector<std::byte> Versioned(uint64_t block, uint64_t version) {
  std::vector<std::byte> bytes(kBlockBytes);
  const Stamp stamp{block, version};
  for (uint64_t at = 0; at < kBlockBytes; at += sizeof(stamp)) {
    std::memcpy(bytes.data() + at, &stamp, sizeof(stamp));
  }
  return bytes;
}

::testing::AssertionResult IsWhole(const std::vector<std::byte>& bytes, uint64_t block) {
  Stamp first;
  std::memcpy(&first, bytes.data(), sizeof(first));
  if (first.block != block) {
    return ::testing::AssertionFailure() << "block " << first.block << " instead of " << block;
  }
  for (uint64_t at = 0; at < bytes.size(); at += sizeof(Stamp)) {
    Stamp stamp;
    std::memcpy(&stamp, bytes.data() + at, sizeof(stamp));
    if (stamp.block != first.block || stamp.version != first.version) {
      return ::testing::AssertionFailure()
             << "torn at byte " << at << ": versions " << first.version << " and " << stamp.version;
    }
  }
  return ::testing::AssertionSuccess();
}

TEST(StableReadThreadsTest, NoBlockIsEverTorn) {
  const uint64_t seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  WorkerPool workers;
  const ScratchFile scratch(kFileBytes);
  for (uint64_t block = 0; block < kBlocks; ++block) {
    scratch.Fill(block * kBlockBytes, Versioned(block, 0));
  }
  auto file = *File::Open({.path = scratch.path()});
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> count_reads{0};
  const auto write = [&](uint64_t number) {
    Client client(workers, *file);
    Prng random(seed + number);
    for (uint64_t version = 1; version < 3000; ++version) {
      const uint64_t block = random.Below(kBlocks);
      ASSERT_TRUE(
          client.Write({block * kBlockBytes, kBlockBytes}, Versioned(block, version * 10 + number))
              .ok());
    }
    stop.store(true);
  };
  const auto read = [&](uint64_t number, bool copies_only) {
    Client client(workers, *file);
    Prng random(seed + number);
    while (!stop.load() || count_reads.load() < 1000) {
      const uint64_t block = random.Below(kBlocks);
      ReadOp op;
      op.stable = true;
      op.copies_only = copies_only;
      op.references_only = !copies_only;
      ASSERT_TRUE(client.Read(op, {block * kBlockBytes, kBlockBytes}).ok());
      {
        StableLook look(op.stable_bytes);
        ASSERT_TRUE(IsWhole(Collect(look.left()), block));
      }
      op.data.Reset();
      count_reads.fetch_add(1);
    }
  };
  std::vector<std::thread> threads;
  threads.emplace_back(write, 1);
  threads.emplace_back(write, 2);
  threads.emplace_back(read, 3, false);
  threads.emplace_back(read, 4, true);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(file->stats().lent, 0u);
}

TEST(StableReadThreadsTest, WritersOnBothSidesOfATableShard) {
  constexpr uint64_t kMiddle = 4 * 1024 * 1024;  // where the pin table changes its lock
  WorkerPool workers;
  const ScratchFile scratch(2 * kMiddle);
  scratch.Fill(0, Filled(2 * kMiddle, 'a'));
  auto file = *File::Open({.path = scratch.path()});
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (const uint64_t offset : {kMiddle - 4096, kMiddle}) {
    writers.emplace_back([&, offset] {
      Client client(workers, *file);
      while (!stop.load()) {
        ASSERT_TRUE(client.Write({offset, 4096}, Filled(4096, 'a')).ok());
      }
    });
  }
  {
    Client client(workers, *file);
    for (int i = 0; i < 2000; ++i) {
      ReadOp op;
      op.stable = true;
      op.references_only = true;
      ASSERT_TRUE(client.Read(op, {kMiddle - 4096, 8192}).ok());
      {
        StableLook look(op.stable_bytes);
        ASSERT_EQ(look.left().length_bytes(), 8192u);
      }
      op.data.Reset();
    }
  }
  stop.store(true);
  for (std::thread& writer : writers) writer.join();
}

}  // namespace
}  // namespace quire
