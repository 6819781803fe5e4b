// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: disks without a page cache take any request; one that fails leaves no memory taken and no
// byte half written.
// Method: ragged requests against a model; a faulty backing that fails the k-th operation for k =
// 0, 1, ... until all goes well.

#include "pagecache/direct_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/log.h"
#include "tests/support/faulty_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
using Kind = IoOp::Kind;

TEST(DirectWriterTest, TakesAnyRequest) {
  FaultyFile served(kMiB, {.path = "", .cache = CacheMode::kNone});
  const uint64_t align = served.file().traits().direct_offset_align_bytes;
  std::vector<std::byte> model = Filled(kMiB, 'a');
  const auto put = [&](ByteRange range, int value) {
    ASSERT_EQ(served.client().Write(range, Filled(range.length, value)),
              IoResult::Bytes(range.length));
    std::fill_n(model.begin() + static_cast<ptrdiff_t>(range.offset), range.length,
                static_cast<std::byte>(value));
  };
  put({0, align}, 'b');
  put({align - 1, 2}, 'c');
  put({10 * align + 1, 3 * align}, 'd');
  put({20 * align, 2 * align - 1}, 'e');
  put({kMiB - 1, 1}, 'f');
  EXPECT_EQ(served.scratch().Contents(0, kMiB), model);
  ReadOp op;
  ASSERT_TRUE(served.client().Read(op, {align - 3, 40 * align}).ok());
  EXPECT_EQ(Collect(op.data.view()),
            std::vector<std::byte>(model.begin() + static_cast<ptrdiff_t>(align) - 3,
                                   model.begin() + static_cast<ptrdiff_t>(41 * align) - 3));
  EXPECT_EQ(op.referenced_bytes, 0u);
  op.data.Reset();
}

TEST(DirectWriterTest, EveryFailureIsAnswered) {
  FaultyFile served(kMiB, {.path = "", .cache = CacheMode::kNone});
  const uint64_t align = served.file().traits().direct_offset_align_bytes;
  const ByteRange ragged{align + 1, 3 * align};
  for (const Kind kind : {Kind::kRead, Kind::kWrite}) {
    for (uint64_t k = 0;; ++k) {
      ASSERT_LT(k, 10u);
      served.faulty().Set({.kind = kind, .error = EIO, .first = k, .count = 1});
      const IoResult result = served.client().Write(ragged, Filled(ragged.length, 'b'));
      EXPECT_EQ(TakenPages(served.client().reactor()), 0u);
      EXPECT_EQ(served.file().stats().lent, 0u);
      if (result.ok()) break;
      EXPECT_EQ(result, IoResult::Error(EIO));
    }
  }
  EXPECT_EQ(served.scratch().Contents(ragged.offset, ragged.length), Filled(ragged.length, 'b'));
  EXPECT_EQ(served.scratch().Contents(0, align + 1), Filled(align + 1, 'a'));
}

TEST(DirectWriterTest, PiecesOfAnyLength) {
  FaultyFile served(kMiB, {.path = "", .cache = CacheMode::kNone});
  alignas(4096) static std::array<std::byte, 8192> memory;
  memory.fill(std::byte{'b'});
  const Segment pieces[] = {{memory.data(), 1000}, {memory.data() + 4096, 3096}};
  WriteOp op;
  op.range = {8192, 4096};
  op.source = SgView(pieces);
  served.client().channel().Write(op, Client::Mark);
  EXPECT_EQ(served.client().Await(op), IoResult::Bytes(4096));
  EXPECT_EQ(served.scratch().Contents(8192, 4096), Filled(4096, 'b'));
}

TEST(DirectWriterTest, AFlushThatFailsWithItsWriteIsLatched) {
  FaultyFile served(kMiB, {.path = "", .cache = CacheMode::kNone});
  SetLogSink([](LogLevel, std::string_view) {});
  served.faulty().Set({.kind = Kind::kWrite, .error = EIO, .count = 2});
  EXPECT_EQ(served.client().Write({0, 4096}, Filled(4096, 'b')), IoResult::Error(EIO));
  EXPECT_EQ(served.file().latched_error(), 0);
  EXPECT_EQ(served.client().Write({0, 4096}, Filled(4096, 'b'), true), IoResult::Error(EIO));
  EXPECT_EQ(served.file().latched_error(), EIO);
  SetLogSink(nullptr);
}

TEST(DirectWriterTest, AShortWriteIsNoSuccess) {
  FaultyFile served(kMiB, {.path = "", .cache = CacheMode::kNone});
  served.faulty().Set({.kind = Kind::kWrite, .count = 1, .short_bytes = 512});
  EXPECT_EQ(served.client().Write({0, 65536}, Filled(65536, 'b')), IoResult::Error(ENOSPC));
  EXPECT_EQ(served.client().Write({0, 65536}, Filled(65536, 'b')), IoResult::Bytes(65536));
}

}  // namespace
}  // namespace quire
