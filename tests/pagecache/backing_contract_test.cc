// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: what the engine promises does not depend on what lies under it, and a simulated backing may
// stand in for the kernel.
// Method: the same body over {a file of the kernel, memory of this process}: sizes on both sides of
// every boundary, over pages that are there and pages that are not; then random requests with a
// shadow as the oracle. Every byte written is a function of its offset and a version.

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <ostream>

#include "base/prng.h"
#include "pagecache/kernel_backing.h"
#include "tests/support/memory_backing.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint64_t kFileBytes = 8 * kMiB;
constexpr uint64_t kLengths[] = {1,          511,
                                 512,        513,
                                 4095,       4096,
                                 4097,       128 * 1024 - 1,
                                 128 * 1024, 128 * 1024 + 1,
                                 kMiB - 1,   kMiB,
                                 kMiB + 1,   kMaxTransferBytes};

enum class Kind : uint8_t { kKernelFile, kMemory };

std::string NameOf(Kind kind) { return kind == Kind::kKernelFile ? "KernelFile" : "Memory"; }
void PrintTo(Kind kind, std::ostream* out) { *out << NameOf(kind); }

std::vector<std::byte> Versioned(ByteRange range, uint64_t version) {
  std::vector<std::byte> bytes(range.length);
  for (uint64_t i = 0; i < range.length; ++i) {
    const uint64_t offset = range.offset + i;
    bytes[i] = static_cast<std::byte>((offset ^ (offset >> 9) ^ (version * 0x9d)) * 0x3b);
  }
  return bytes;
}

// A file of one kind, opened, with a client; and what only somebody outside can do to it.
class Served {
 public:
  Served(Kind kind, uint64_t size_bytes) {
    std::unique_ptr<Backing> backing;
    if (kind == Kind::kMemory) {
      auto memory = std::make_unique<MemoryBacking>(size_bytes);
      memory_ = memory.get();
      backing = std::move(memory);
    } else {
      scratch_ = std::make_unique<ScratchFile>(size_bytes);
      backing = *KernelBacking::Open({.path = scratch_->path()});
    }
    backing_ = backing.get();
    file_ = *File::Open(std::move(backing), {.path = NameOf(kind)});
    client_ = std::make_unique<Client>(workers_, *file_);
  }
  ~Served() { client_.reset(); }

  Backing& backing() { return *backing_; }
  File& file() { return *file_; }
  Client& client() { return *client_; }

  // Nothing is in memory afterwards.
  void Drop() {
    file_->RetireAll();
    if (memory_ != nullptr) {
      memory_->Drop();
    } else {
      scratch_->Drop();
    }
  }
  void Truncate(uint64_t size_bytes) {
    if (memory_ != nullptr) {
      memory_->Truncate(size_bytes);
    } else {
      ASSERT_EQ(ftruncate(scratch_->fd(), static_cast<off_t>(size_bytes)), 0);
    }
  }
  void Write(ByteRange range, uint64_t version) {
    ASSERT_EQ(client_->Write(range, Versioned(range, version)), IoResult::Bytes(range.length));
  }
  // The bytes, asked for in one of the ways.
  std::vector<std::byte> Bytes(ByteRange range, bool references = false, bool copies = false) {
    ReadOp op;
    op.references_only = references;
    op.copies_only = copies;
    EXPECT_EQ(client_->Read(op, range), IoResult::Bytes(range.length)) << range.offset;
    EXPECT_LE(op.referenced_bytes, copies ? 0 : range.length);
    std::vector<std::byte> bytes = Collect(op.data.view());
    op.data.Reset();
    EXPECT_FALSE(op.revoked);
    return bytes;
  }
  IoResult Read(ByteRange range) {
    ReadOp op;
    const IoResult result = client_->Read(op, range);
    op.data.Reset();
    return result;
  }

 private:
  WorkerPool workers_;
  std::unique_ptr<ScratchFile> scratch_;  // or
  MemoryBacking* memory_ = nullptr;
  Backing* backing_ = nullptr;
  std::unique_ptr<File> file_;
  std::unique_ptr<Client> client_;
};

// ---- Every length, at every edge ----

class BackingSizesTest : public testing::TestWithParam<std::tuple<Kind, uint64_t>> {
 protected:
  // In every way that there is, with what lies around it.
  static void ExpectVersion(Served& served, ByteRange range, uint64_t version, uint64_t around) {
    const std::vector<std::byte> expected = Versioned(range, version);
    EXPECT_EQ(served.Bytes(range), expected);
    EXPECT_EQ(served.Bytes(range, /*references=*/true), expected);
    EXPECT_EQ(served.Bytes(range, /*references=*/false, /*copies=*/true), expected);
    const uint64_t before = std::min<uint64_t>(range.offset, 5000);
    EXPECT_EQ(served.Bytes({range.offset - before, before}),
              Versioned({range.offset - before, before}, around));
    EXPECT_EQ(served.Bytes({range.end(), 5000}), Versioned({range.end(), 5000}, around));
  }
};

TEST_P(BackingSizesTest, WhatWasWrittenIsReadAndNothingElse) {
  const auto [kind, length] = GetParam();
  Served served(kind, kFileBytes);
  for (const uint64_t offset : {uint64_t{0}, uint64_t{1}, uint64_t{511}, uint64_t{4095},
                                uint64_t{4096}, kMiB - 512, kMiB, 2 * kMiB + 1}) {
    const ByteRange range{offset, length};
    SCOPED_TRACE(offset);
    for (uint64_t at = 0; at < kFileBytes; at += kMaxTransferBytes) {
      served.Write({at, kMaxTransferBytes}, 1);
    }
    served.Write(range, 2);  // over pages that are there
    ExpectVersion(served, range, 2, 1);
    served.Drop();
    served.Write(range, 3);  // and over pages that are not
    ExpectVersion(served, range, 3, 1);
    served.Drop();
    ExpectVersion(served, range, 3, 1);
  }
  EXPECT_EQ(served.file().stats().lent, 0u);
}

INSTANTIATE_TEST_SUITE_P(Over, BackingSizesTest,
                         testing::Combine(testing::Values(Kind::kKernelFile, Kind::kMemory),
                                          testing::ValuesIn(kLengths)),
                         [](const auto& test) {
                           return NameOf(std::get<0>(test.param)) + "_" +
                                  std::to_string(std::get<1>(test.param));
                         });

class BackingContractTest : public testing::TestWithParam<Kind> {};

INSTANTIATE_TEST_SUITE_P(Over, BackingContractTest,
                         testing::Values(Kind::kKernelFile, Kind::kMemory),
                         [](const auto& test) { return NameOf(test.param); });

// ---- References ----

TEST_P(BackingContractTest, AReferenceShowsALaterWrite) {
  for (const uint64_t length : kLengths) {
    SCOPED_TRACE(length);
    Served served(GetParam(), kFileBytes);
    const ByteRange range{kMiB - 100, length};
    served.Write(range, 1);
    ReadOp live;
    live.references_only = true;
    ASSERT_EQ(served.client().Read(live, range), IoResult::Bytes(length));
    EXPECT_EQ(live.referenced_bytes, length);
    ReadOp stable;
    stable.references_only = true;
    stable.stable = true;
    ASSERT_EQ(served.client().Read(stable, range), IoResult::Bytes(length));
    EXPECT_EQ(served.file().stats().lent, 2u);

    served.Write(range, 2);
    EXPECT_EQ(Collect(live.data.view()), Versioned(range, 2));
    {
      const StableLook look(stable.stable_bytes);
      EXPECT_EQ(Collect(look.left()), Versioned(range, 1));
    }
    EXPECT_EQ(served.file().stats().made_private, 1u);
    live.data.Reset();
    stable.data.Reset();
    EXPECT_EQ(served.file().stats().lent, 0u);
    EXPECT_FALSE(live.revoked);
    EXPECT_FALSE(stable.revoked);
  }
}

TEST_P(BackingContractTest, AMixedRangeIsOneRead) {
  Served served(GetParam(), kFileBytes);
  served.Write({0, 2 * kMiB}, 1);
  served.Drop();
  // Pages here and there come back.
  for (const uint64_t offset : {64 * 1024, 256 * 1024, 300 * 1024}) {
    served.Write({offset, 32 * 1024}, 2);
  }
  std::vector<std::byte> expected = Versioned({1, kMiB}, 1);
  for (const uint64_t offset : {64 * 1024, 256 * 1024, 300 * 1024}) {
    std::ranges::copy(Versioned({offset, 32 * 1024}, 2),
                      expected.begin() + static_cast<ptrdiff_t>(offset) - 1);
  }
  EXPECT_EQ(served.Bytes({1, kMiB}), expected);
}

// ---- Discards and flushes ----

TEST_P(BackingContractTest, DiscardedAndZeroedRangesAreZeros) {
  for (const bool zero : {false, true}) {
    for (const uint64_t length : kLengths) {
      Served served(GetParam(), kFileBytes);
      const ByteRange around{0, kMaxTransferBytes};
      served.Write(around, 1);
      const ByteRange range = ByteRange{4096 - 1, length}.Intersect({0, around.end() - 1});
      ASSERT_EQ(served.client().Discard(range, zero), IoResult::Bytes(0));
      std::vector<std::byte> expected = Versioned(around, 1);
      std::fill_n(expected.begin() + static_cast<ptrdiff_t>(range.offset), range.length,
                  std::byte{0});
      EXPECT_EQ(served.Bytes(around), expected) << zero << " " << length;
      served.Write(range, 2);
      EXPECT_EQ(served.Bytes(range), Versioned(range, 2));
    }
  }
}

TEST_P(BackingContractTest, FlushesOfAnyRange) {
  Served served(GetParam(), kFileBytes);
  served.Write({0, kMiB}, 1);
  EXPECT_EQ(served.client().Sync(), IoResult::Bytes(0));
  EXPECT_EQ(served.client().Sync({kMiB - 1, 2}), IoResult::Bytes(0));
  EXPECT_EQ(served.client().Sync({kFileBytes, 0}), IoResult::Bytes(0));
  EXPECT_EQ(served.client().Sync({kFileBytes, 1}), IoResult::Error(EINVAL));
  EXPECT_EQ(served.client().Write({5, 4096}, Versioned({5, 4096}, 2), /*fua=*/true),
            IoResult::Bytes(4096));
  served.Drop();
  EXPECT_EQ(served.Bytes({5, 4096}), Versioned({5, 4096}, 2));
  EXPECT_EQ(served.file().latched_error(), 0);
}

// ---- The end ----

TEST_P(BackingContractTest, EndsAtTheLastByte) {
  for (const uint64_t size : kLengths) {
    SCOPED_TRACE(size);
    Served served(GetParam(), size);
    EXPECT_EQ(served.file().size_bytes(), size);
    EXPECT_EQ(served.Bytes({0, size}), Filled(size, 0));
    served.Write({0, size}, 1);
    served.Write({size - 1, 1}, 2);
    EXPECT_EQ(served.Bytes({size - 1, 1}), Versioned({size - 1, 1}, 2));
    served.Drop();
    EXPECT_EQ(served.Bytes({0, size - 1}), Versioned({0, size - 1}, 1));
    EXPECT_EQ(served.Bytes({size, 0}), Filled(0, 0));
    for (const ByteRange beyond :
         {ByteRange{size, 1}, ByteRange{size - 1, 2}, ByteRange{0, size + 1},
          ByteRange{~uint64_t{0}, 1}, ByteRange{1, ~uint64_t{0}}}) {
      EXPECT_EQ(served.Read(beyond), IoResult::Error(EINVAL)) << beyond.offset;
      EXPECT_EQ(served.client().Discard(beyond), IoResult::Error(EINVAL)) << beyond.offset;
    }
    EXPECT_EQ(served.client().Write({size, 1}, Filled(1, 'x')), IoResult::Error(EINVAL));
    EXPECT_EQ(served.backing().CurrentSize(), static_cast<int64_t>(size)) << "nothing made it grow";
  }
}

TEST_P(BackingContractTest, GrowsUnderReferences) {
  for (const uint64_t size : kLengths) {
    SCOPED_TRACE(size);
    Served served(GetParam(), size);
    served.Write({0, size}, 1);
    ReadOp held;
    held.references_only = true;
    ASSERT_EQ(served.client().Read(held, {0, size}), IoResult::Bytes(size));
    const uint64_t larger = size + 4097;
    EXPECT_EQ(served.Read({size, 1}), IoResult::Error(EINVAL));
    ASSERT_TRUE(served.file().Grow(larger).ok());
    EXPECT_FALSE(served.file().Grow(size).ok());
    EXPECT_EQ(served.backing().CurrentSize(), static_cast<int64_t>(larger));
    EXPECT_EQ(served.Bytes({size, 4097}), Filled(4097, 0));
    served.Write({size - 1, 4098}, 2);
    EXPECT_EQ(served.Bytes({size - 1, 4098}), Versioned({size - 1, 4098}, 2));
    const std::vector<std::byte> bytes = Collect(held.data.view());
    EXPECT_EQ(std::vector(bytes.begin(), bytes.end() - 1), Versioned({0, size - 1}, 1));
    held.data.Reset();
    EXPECT_FALSE(held.revoked);
  }
}

// Of whole pages: what is behind the end of the last page that is there, nothing tells.
TEST_P(BackingContractTest, WhatSomebodyCutOffIsAnError) {
  constexpr uint64_t kEnd = 3 * kMiB;
  Served served(GetParam(), kFileBytes);
  served.Write({0, kMaxTransferBytes}, 1);
  served.Drop();
  served.Truncate(kEnd);
  for (const uint64_t length : kLengths) {
    EXPECT_EQ(served.Read({kEnd - length / 2, length}), IoResult::Error(EIO)) << length;
  }
  EXPECT_EQ(served.Bytes({0, kEnd}), Versioned({0, kEnd}, 1));
  for (const uint64_t length : kLengths) {
    const ByteRange cut{kEnd - length / 2, length};
    EXPECT_EQ(served.client().Write(cut, Versioned(cut, 1)), IoResult::Error(EIO)) << length;
  }
  EXPECT_EQ(served.backing().CurrentSize(), static_cast<int64_t>(kEnd)) << "nothing made it grow";
  EXPECT_EQ(served.Bytes({0, kEnd}), Versioned({0, kEnd}, 1));
  EXPECT_EQ(served.file().stats().lent, 0u);
}

// ---- Everything at once ----

TEST_P(BackingContractTest, RandomRequestsAgreeWithAShadow) {
  constexpr uint64_t kSize = 3 * kMiB + 1234;
  for (const uint64_t seed : {1, 2, 3}) {
    SCOPED_TRACE(seed);
    Served served(GetParam(), kSize);
    std::vector<std::byte> shadow = Filled(kSize, 0);
    Prng prng(seed);
    for (uint64_t version = 1; version <= 300; ++version) {
      const uint64_t offset = prng.Below(kSize);
      const uint64_t longest = std::min(kSize - offset, uint64_t{1} << (1 + prng.Below(21)));
      const ByteRange range{offset, prng.Below(longest) + 1};
      const auto at = shadow.begin() + static_cast<ptrdiff_t>(offset);
      const auto end = at + static_cast<ptrdiff_t>(range.length);
      switch (prng.Below(10)) {
        case 0:
        case 1:
        case 2:
        case 3:
          served.Write(range, version);
          std::ranges::copy(Versioned(range, version), at);
          break;
        case 4:
          ASSERT_TRUE(served.client().Discard(range, prng.Chance(1, 2)).ok());
          std::fill(at, end, std::byte{0});
          break;
        case 5:
          served.Drop();
          break;
        default:
          ASSERT_EQ(served.Bytes(range, prng.Chance(1, 2), prng.Chance(1, 4)),
                    std::vector<std::byte>(at, end))
              << version << ": " << range.offset << " + " << range.length;
      }
    }
    EXPECT_EQ(served.Bytes({0, kSize}), shadow);
  }
}

// ---- The seam itself ----

TEST_P(BackingContractTest, ReadsAreShortAtTheEnd) {
  Served served(GetParam(), 10000);
  served.Write({0, 10000}, 1);
  std::vector<std::byte> bytes(8192);
  const Segment piece{bytes.data(), bytes.size()};
  IoOp op;
  op.PrepareRead(-1, 4096, {&piece, 1});
  EXPECT_EQ(served.backing().RunNow(op), IoResult::Bytes(10000 - 4096));
  bytes.resize(10000 - 4096);
  EXPECT_EQ(bytes, Versioned({4096, 10000 - 4096}, 1));
  for (const uint64_t beyond : {10000, 12288, 1 << 20}) {
    op.PrepareRead(-1, beyond, {&piece, 1});
    EXPECT_EQ(served.backing().RunNow(op), IoResult::Bytes(0)) << beyond;
  }
}

TEST_P(BackingContractTest, TellsWhatIsInMemory) {
  Served served(GetParam(), kMiB);
  served.Write({0, kMiB}, 1);
  Backing& backing = served.backing();
  const auto mapping = *backing.Map(kMiB);
  std::vector<uint8_t> pages(kMiB / kPageBytes);
  const auto count_pages = [&] {
    EXPECT_TRUE(backing.AskPages(*mapping, {0, kMiB}, pages));
    return std::ranges::count(pages, uint8_t{1});
  };
  const auto expect_cached = [&backing](int64_t bytes) {
    const int64_t cached = backing.CountCached({0, kMiB});
    EXPECT_TRUE(cached == bytes || cached == -1) << cached;  // -1: this kernel cannot tell
  };
  EXPECT_EQ(count_pages(), 256);
  expect_cached(kMiB);
  served.Drop();
  EXPECT_EQ(count_pages(), 0);
  expect_cached(0);
  std::byte byte{};
  const Segment piece{&byte, 1};
  IoOp op;
  op.PrepareRead(-1, kMiB / 2, {&piece, 1}, RWF_NOWAIT);
  EXPECT_EQ(backing.RunNow(op), IoResult::Error(EAGAIN));
  op.PrepareRead(-1, kMiB / 2, {&piece, 1});
  EXPECT_EQ(backing.RunNow(op), IoResult::Bytes(1));
  count_pages();
  EXPECT_EQ(pages[128], 1) << "what is read stays";
}

TEST_P(BackingContractTest, NeverCallsBackFromSubmit) {
  Served served(GetParam(), kMiB);
  served.Write({0, kMiB}, 1);
  for (const Backing::Via via : {Backing::Via::kRing, Backing::Via::kWorker}) {
    std::vector<std::byte> bytes(4096);
    const Segment piece{bytes.data(), bytes.size()};
    IoOp op;
    op.PrepareRead(-1, 4096, {&piece, 1});
    static bool called;
    called = false;
    op.Start(served.client().reactor(), [](Completion&) { called = true; });
    served.backing().Submit(served.client().reactor(), op, via, /*direct=*/false);
    EXPECT_FALSE(called);
    EXPECT_EQ(served.client().Await(op), IoResult::Bytes(4096));
    EXPECT_TRUE(called);
    EXPECT_EQ(bytes, Versioned({4096, 4096}, 1));
  }
}

}  // namespace
}  // namespace quire
