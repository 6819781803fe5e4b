// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: what lies outside is refused; streams are read by reference where they are in memory,
// plainly and one read at a time where they are not; all of it without io_uring as well. Method:
// files that are in memory or dropped, and the paths that were counted.

#include "pagecache/reader.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "tests/support/faulty_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint64_t kRead = 64 * 1024;

uint64_t CountOf(const File& file, ReadPath path) {
  return file.stats().read_paths[static_cast<size_t>(path)];
}

// Reads all of the file in order, `depth` reads at once; checks every byte.
void ReadInOrder(FaultyFile& served, size_t depth) {
  struct Read : ReadOp {
    size_t* count_running = nullptr;
    std::vector<ReadOp*>* idle = nullptr;
  };
  std::vector<std::unique_ptr<Read>> reads;
  std::vector<ReadOp*> idle;
  size_t count_running = 0;
  for (size_t i = 0; i < depth; ++i) {
    reads.push_back(std::make_unique<Read>());
    reads.back()->count_running = &count_running;
    reads.back()->idle = &idle;
    idle.push_back(reads.back().get());
  }
  for (uint64_t offset = 0; offset < served.file().size_bytes() || count_running > 0;) {
    while (!idle.empty() && offset < served.file().size_bytes()) {
      ReadOp& op = *idle.back();
      idle.pop_back();
      ++count_running;
      op.range = {offset, kRead};
      offset += kRead;
      served.client().channel().Read(op, [](Completion& completion) {
        Read& read = static_cast<Read&>(completion);
        EXPECT_EQ(read.result(), IoResult::Bytes(kRead));
        EXPECT_EQ(Collect(read.data.view()), Filled(kRead, 'a'));
        read.data.Reset();
        --*read.count_running;
        read.idle->push_back(&read);
      });
    }
    served.client().reactor().Wait(kNsPerMs);
  }
}

TEST(ReaderTest, RefusesWhatLiesOutside) {
  FaultyFile served(kMiB);
  ReadOp op;
  EXPECT_EQ(served.client().Read(op, {kMiB, 1}), IoResult::Error(EINVAL));
  EXPECT_EQ(served.client().Read(op, {~uint64_t{0}, ~uint64_t{0}}), IoResult::Error(EINVAL));
  EXPECT_EQ(served.client().Read(op, {kMiB, 0}), IoResult::Bytes(0));
}

TEST(ReaderTest, WithoutIoUringAllIsTheSame) {
  KernelFeatures features = KernelFeatures::Get();
  features.io_uring = false;
  ReactorOptions options;
  options.features = &features;
  FaultyFile served(4 * kMiB, {}, options);
  EXPECT_FALSE(served.client().reactor().has_ring());
  served.Drop();
  ReadOp op;
  ASSERT_EQ(served.client().Read(op, {kMiB, 65536}), IoResult::Bytes(65536));
  EXPECT_EQ(Collect(op.data.view()), Filled(65536, 'a'));
  op.data.Reset();
  EXPECT_TRUE(served.client().Write({kMiB, 4096}, Filled(4096, 'b'), true).ok());
  EXPECT_TRUE(served.client().Discard({0, 4096}).ok());
}

TEST(ReaderTest, AStreamInMemoryIsReadByReference) {
  FaultyFile served(8 * kMiB);
  ReadInOrder(served, 8);
  EXPECT_EQ(served.file().stats().referenced_bytes, 8 * kMiB);
}

TEST(ReaderTest, AStreamThatMissesIsReadPlainly) {
  for (const size_t depth : {size_t{1}, size_t{8}, size_t{100}}) {
    FaultyFile served(8 * kMiB);
    served.Drop();
    ReadInOrder(served, depth);
    // The first read tells; those that came before it was known asked as well.
    EXPECT_LE(CountOf(served.file(), ReadPath::kAsk), 1u);
    EXPECT_GE(CountOf(served.file(), ReadPath::kCopyNow), 8 * kMiB / kRead - 1);
    EXPECT_LE(served.file().stats().referenced_bytes, kRead);
    EXPECT_EQ(served.file().stats().lent, 0u);
  }
}

TEST(ReaderTest, AStreamThatFailsLetsTheNextReadGoOn) {
  FaultyFile served(2 * kMiB);
  served.Drop();
  served.faulty().Set({.kind = IoOp::Kind::kRead, .error = EIO, .first = 0, .count = 1000});
  std::vector<std::unique_ptr<ReadOp>> ops;
  static int count_failed;
  count_failed = 0;
  for (uint64_t i = 0; i < 16; ++i) {
    ops.push_back(std::make_unique<ReadOp>());
    ops.back()->range = {i * kRead, kRead};
    served.client().channel().Read(*ops.back(), [](Completion& completion) {
      count_failed += static_cast<ReadOp&>(completion).result() == IoResult::Error(EIO) ? 1 : 0;
    });
  }
  for (int i = 0; i < 1000 && count_failed < 16; ++i) served.client().reactor().Wait(kNsPerMs);
  EXPECT_EQ(count_failed, 16);
}

TEST(ReaderTest, SmallMissesInARowStopLookingFirst) {
  FaultyFile served(8 * kMiB);
  served.Drop();
  for (uint64_t i = 0; i < 64; ++i) {
    // Far apart and backwards: the kernel reads nothing ahead.
    ReadOp op;
    ASSERT_TRUE(served.client().Read(op, {8 * kMiB - (i + 1) * 128 * 1024, 4096}).ok());
    op.data.Reset();
  }
  EXPECT_GE(CountOf(served.file(), ReadPath::kFill), 60u);
  EXPECT_LE(CountOf(served.file(), ReadPath::kCopyNow), 16u);
}

}  // namespace
}  // namespace quire
