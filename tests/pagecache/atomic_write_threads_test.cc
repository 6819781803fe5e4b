// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: an atomic write beside a cached file is not torn for any reader and not undone by whoever
// dirties other pages of its folio meanwhile.
// Method: one thread writes versions atomically and reads each back, another stores all around
// them, a third reads; at the end what is on the medium, by O_DIRECT. An XFS on a loop device.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "tests/support/loop.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr ByteRange kUnit{kMiB + 64 * 1024, 16 * 1024};
constexpr ByteRange kNeighbour{kMiB + 80 * 1024, 64 * 1024};
constexpr int kVersions = 150;

IoResult WriteAtomic(Client& client, std::vector<std::byte>& bytes) {
  const Segment piece{bytes.data(), bytes.size()};
  WriteOp op;
  op.range = kUnit;
  op.source = SgView({&piece, 1});
  op.atomic = true;
  client.channel().Write(op, Client::Mark);
  return client.Await(op);
}

// The version that all bytes have; -1 when they differ.
int VersionOf(const std::vector<std::byte>& bytes) {
  const bool same = std::ranges::all_of(bytes, [&](std::byte byte) { return byte == bytes[0]; });
  return same ? static_cast<int>(bytes[0]) : -1;
}

int ReadVersion(Client& client) {
  ReadOp op;
  op.stable = true;
  EXPECT_EQ(client.Read(op, kUnit), IoResult::Bytes(kUnit.length));
  const int version = VersionOf(Collect(StableLook(op.stable_bytes).left()));
  op.data.Reset();
  return version;
}

std::vector<std::byte> OnTheMedium(const std::string& path) {
  struct alignas(4096) Space {
    std::array<std::byte, kUnit.length> bytes;
  };
  const auto space = std::make_unique<Space>();
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC);
  EXPECT_EQ(pread(fd, space->bytes.data(), kUnit.length, kUnit.offset),
            static_cast<ssize_t>(kUnit.length));
  close(fd);
  return {space->bytes.begin(), space->bytes.end()};
}

// As a stream does whose read-ahead makes large folios.
void ReadInOrder(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::vector<std::byte> bytes(128 * 1024);
  for (uint64_t at = 0; at < 2 * kMiB; at += bytes.size()) {
    EXPECT_GT(pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(at)), 0);
  }
  close(fd);
}

TEST(AtomicWriteThreadsTest, NeitherTornNorUndone) {
  const LoopFileSystem mount("xfs", 320 * kMiB);
  if (!mount.mounted()) GTEST_SKIP() << mount.why();
  const ScratchFile scratch(4 * kMiB, mount.folder());
  scratch.Fill(0, Filled(4 * kMiB, 0));
  const auto file = *File::Open({.path = scratch.path()});
  if (!file->traits().TakesAtomic(kUnit)) GTEST_SKIP() << "no atomic writes on XFS here";
  WorkerPool workers;
  std::atomic<bool> over = false;
  std::thread neighbour([&] {
    Client client(workers, *file);
    while (!over) {
      ReadInOrder(scratch.path());
      EXPECT_TRUE(client.Write(kNeighbour, Filled(kNeighbour.length, 'n')).ok());
    }
  });
  std::thread reader([&] {
    Client client(workers, *file);
    for (int last = 0; !over;) {
      const int version = ReadVersion(client);
      EXPECT_GE(version, last);
      last = version;
    }
  });
  {
    Client client(workers, *file);
    for (int version = 1; version <= kVersions; ++version) {
      std::vector<std::byte> bytes = Filled(kUnit.length, version);
      EXPECT_EQ(WriteAtomic(client, bytes), IoResult::Bytes(kUnit.length));
      EXPECT_EQ(ReadVersion(client), version);
    }
    over = true;
    neighbour.join();
    reader.join();
    EXPECT_TRUE(client.Sync().ok());
  }
  EXPECT_EQ(VersionOf(OnTheMedium(scratch.path())), kVersions);
  EXPECT_EQ(scratch.Contents(kNeighbour.offset, kNeighbour.length), Filled(kNeighbour.length, 'n'));
}

}  // namespace
}  // namespace quire
