// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: an atomic write is one RWF_ATOMIC of the kernel, whatever the cache mode and the source's
// pieces, and everybody sees its bytes; a file that has none refuses it.
// Method: an XFS of one's own on a loop device; what the file has, what references show, and a
// faulty backing that answers as the kernel does when it cannot drop what it has cached.

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <optional>

#include "tests/support/faulty_file.h"
#include "tests/support/loop.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint64_t kFileBytes = 4 * kMiB;
constexpr uint64_t kUnit = 16 * 1024;

IoResult WriteAtomic(Client& client, ByteRange range, SgView source, bool fua = false) {
  WriteOp op;
  op.range = range;
  op.source = source;
  op.fua = fua;
  op.atomic = true;
  client.channel().Write(op, Client::Mark);
  return client.Await(op);
}
IoResult WriteAtomic(Client& client, ByteRange range, int value, bool fua = false) {
  std::vector<std::byte> bytes = Filled(range.length, value);
  const Segment piece{bytes.data(), bytes.size()};
  return WriteAtomic(client, range, SgView({&piece, 1}), fua);
}

class AtomicWriteTest : public testing::TestWithParam<CacheMode> {
 protected:
  AtomicWriteTest() : mount_("xfs", 320 * kMiB) {}
  void SetUp() override {
    if (!mount_.mounted()) GTEST_SKIP() << mount_.why();
    served_.emplace(kFileBytes, FileOptions{.path = "", .cache = GetParam()}, ReactorOptions{},
                    mount_.folder());
    if (traits().atomic_write_max_bytes < kUnit) GTEST_SKIP() << "no atomic writes on XFS here";
  }

  const BackingTraits& traits() { return served_->file().traits(); }
  Client& client() { return served_->client(); }
  std::vector<std::byte> Contents(ByteRange range) {
    return served_->scratch().Contents(range.offset, range.length);
  }

  LoopFileSystem mount_;
  std::optional<FaultyFile> served_;
};

TEST_P(AtomicWriteTest, EveryLengthThatTheKernelTakes) {
  uint64_t offset = kMiB;
  int value = 'b';
  for (uint64_t length = traits().atomic_write_min_bytes;
       length <= traits().atomic_write_max_bytes && length <= kMiB; length *= 2) {
    EXPECT_EQ(WriteAtomic(client(), {offset, length}, value, value % 2 == 0),
              IoResult::Bytes(length));
    EXPECT_EQ(Contents({offset, length}), Filled(length, value++));
  }
  EXPECT_EQ(Contents({0, kMiB}), Filled(kMiB, 'a'));
  const FileStats stats = served_->file().stats();
  EXPECT_EQ(stats.write_paths[static_cast<size_t>(WritePath::kDirect)], stats.writes);
}

TEST_P(AtomicWriteTest, OtherRangesAreRefused) {
  for (const ByteRange range : {ByteRange{0, 3 * kUnit}, ByteRange{kUnit / 2, kUnit},
                                ByteRange{0, traits().atomic_write_min_bytes / 2},
                                ByteRange{0, uint64_t{2} * traits().atomic_write_max_bytes}}) {
    EXPECT_EQ(WriteAtomic(client(), range, 'b'), IoResult::Error(EINVAL));
  }
  EXPECT_EQ(Contents({0, kFileBytes}), Filled(kFileBytes, 'a'));
}

TEST_P(AtomicWriteTest, PiecesGoAsOneWrite) {
  std::vector<std::byte> bytes = Filled(kUnit + 1, 'b');
  const std::array pieces = {Segment{bytes.data() + 1, 1000},
                             Segment{bytes.data() + 1001, kUnit - 1000}};
  EXPECT_EQ(WriteAtomic(client(), {0, kUnit}, SgView(pieces)), IoResult::Bytes(kUnit));
  EXPECT_EQ(Contents({0, kUnit}), Filled(kUnit, 'b'));
  EXPECT_EQ(TakenPages(client().reactor()), 0u);
  EXPECT_EQ(served_->faulty().Log(), "w");
}

TEST_P(AtomicWriteTest, ReferencesLiveOrStable) {
  ReadOp live;
  live.references_only = true;
  ReadOp stable;
  stable.references_only = true;
  stable.stable = true;
  ASSERT_TRUE(client().Read(live, {0, kUnit}).ok());
  ASSERT_TRUE(client().Read(stable, {0, kUnit}).ok());
  ASSERT_TRUE(WriteAtomic(client(), {0, kUnit}, 'b').ok());
  if (GetParam() != CacheMode::kNone) {
    EXPECT_EQ(live.referenced_bytes, kUnit);
    EXPECT_EQ(Collect(live.data.view()), Filled(kUnit, 'b'));
  }
  EXPECT_EQ(Collect(StableLook(stable.stable_bytes).left()), Filled(kUnit, 'a'));
  live.data.Reset();
  stable.data.Reset();
  EXPECT_FALSE(live.revoked);
  ReadOp after;
  ASSERT_TRUE(client().Read(after, {0, kUnit}).ok());
  EXPECT_EQ(Collect(after.data.view()), Filled(kUnit, 'b'));
  after.data.Reset();
}

TEST_P(AtomicWriteTest, BetweenStoresIntoTheSameFolio) {
  for (int round = 0; round < 20; ++round) {
    const int value = 'b' + round;
    ASSERT_TRUE(client().Write({0, kMiB}, Filled(kMiB, value)).ok());
    ASSERT_TRUE(WriteAtomic(client(), {kUnit, kUnit}, value + 1).ok());
    ASSERT_TRUE(client().Write({3 * kUnit, 100}, Filled(100, value + 2)).ok());
    ASSERT_TRUE(client().Sync().ok());
    EXPECT_EQ(Contents({0, kUnit}), Filled(kUnit, value));
    EXPECT_EQ(Contents({kUnit, kUnit}), Filled(kUnit, value + 1));
    EXPECT_EQ(Contents({2 * kUnit, kUnit}), Filled(kUnit, value));
    EXPECT_EQ(Contents({3 * kUnit, 100}), Filled(100, value + 2));
  }
}

TEST_P(AtomicWriteTest, TriesAgainWhileTheKernelCannotDropPages) {
  served_->faulty().Set({.kind = IoOp::Kind::kWrite, .error = EAGAIN, .count = 3});
  EXPECT_EQ(WriteAtomic(client(), {0, kUnit}, 'b'), IoResult::Bytes(kUnit));
  EXPECT_EQ(Contents({0, kUnit}), Filled(kUnit, 'b'));
  served_->faulty().Set({.kind = IoOp::Kind::kWrite, .error = EAGAIN, .count = 1000});
  EXPECT_EQ(WriteAtomic(client(), {0, kUnit}, 'c'), IoResult::Error(EBUSY));
  EXPECT_EQ(Contents({0, kUnit}), Filled(kUnit, 'b'));
}

// A store into another page of its folio could bring old bytes of the range back to the medium.
TEST_P(AtomicWriteTest, WritesNearByWaitForIt) {
  served_->faulty().Set({.kind = IoOp::Kind::kWrite, .error = EAGAIN, .count = 1, .hold = true});
  std::vector<std::byte> bytes = Filled(kUnit, 'b');
  const Segment piece{bytes.data(), bytes.size()};
  WriteOp atomic;
  atomic.range = {0, kUnit};
  atomic.source = SgView({&piece, 1});
  atomic.atomic = true;
  client().channel().Write(atomic, Client::Mark);
  ASSERT_TRUE(client().Write({2 * kMiB, kUnit}, bytes).ok()) << "not of that folio";
  WriteOp near;
  near.range = {kMiB, kUnit};
  near.source = atomic.source;
  client().channel().Write(near, Client::Mark);
  const bool beside_the_cache = GetParam() != CacheMode::kNone;
  EXPECT_EQ(served_->file().stats().waits, beside_the_cache ? 1u : 0u);
  served_->faulty().LetGo(client().reactor());
  EXPECT_EQ(client().Await(atomic), IoResult::Bytes(kUnit));
  EXPECT_EQ(client().Await(near), IoResult::Bytes(kUnit));
}

std::string NameOf(const testing::TestParamInfo<CacheMode>& test) {
  constexpr std::array<const char*, 3> kNames = {"Writeback", "Writethrough", "None"};
  return kNames[static_cast<size_t>(test.param)];
}

INSTANTIATE_TEST_SUITE_P(Modes, AtomicWriteTest,
                         testing::Values(CacheMode::kWriteback, CacheMode::kWritethrough,
                                         CacheMode::kNone),
                         NameOf);

TEST(NoAtomicWriteTest, IsRefused) {
  WorkerPool workers;
  const ScratchFile scratch(kFileBytes, "/dev/shm");
  const auto file = *File::Open({.path = scratch.path()});
  Client client(workers, *file);
  EXPECT_EQ(file->traits().atomic_write_max_bytes, 0u);
  EXPECT_EQ(WriteAtomic(client, {0, kUnit}, 'b'), IoResult::Error(EOPNOTSUPP));
  EXPECT_EQ(scratch.Contents(0, kUnit), Filled(kUnit, 0));
}

}  // namespace
}  // namespace quire
