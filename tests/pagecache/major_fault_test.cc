// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the reactor's thread never waits in a page fault, also while another process brings the
// same file in: a page whose read is still in flight is not taken for one that is there.
// Method: a dropped file; a child reads it ahead, by advice and by reads; meanwhile it is read here
// in the ordinary way, every byte is touched, and the thread's major faults are counted.
//
//   [ child ] -- fadvise, pread -->  page cache  <-- references, reads -- [ reactor, touches ]

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <ostream>

#include "base/prng.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint64_t kFileBytes = 32 * kMiB;

long CountMajorFaults() {
  rusage usage = {};
  EXPECT_EQ(getrusage(RUSAGE_THREAD, &usage), 0);
  return usage.ru_majflt;
}

// Eight bytes at a time, each telling where it is.
std::vector<std::byte> Numbered(uint64_t offset, uint64_t length) {
  std::vector<std::byte> bytes(length);
  for (uint64_t i = 0; i < length; i += 8) {
    const uint64_t here = (offset + i) * 0x9e3779b97f4a7c15u;
    std::memcpy(bytes.data() + i, &here, 8);
  }
  return bytes;
}

enum class Ahead : uint8_t { kAdviseAll, kAdvisePieces, kReadPieces, kBackwards };

// In the child: loads the file, then ends.
[[noreturn]] void LoadAll(const std::string& path, Ahead ahead) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) _exit(1);
  constexpr uint64_t kPiece = 256 * 1024;
  static std::byte piece[kPiece];
  if (ahead == Ahead::kAdviseAll) posix_fadvise(fd, 0, kFileBytes, POSIX_FADV_WILLNEED);
  for (uint64_t i = 0; i < kFileBytes / kPiece; ++i) {
    const uint64_t at = (ahead == Ahead::kBackwards ? kFileBytes / kPiece - 1 - i : i) * kPiece;
    const auto offset = static_cast<off_t>(at);
    if (ahead != Ahead::kReadPieces) posix_fadvise(fd, offset, 4 * kPiece, POSIX_FADV_WILLNEED);
    if (pread(fd, piece, kPiece, offset) != static_cast<ssize_t>(kPiece)) _exit(2);
  }
  _exit(0);
}

struct Load {
  const char* name;
  uint64_t length;
  bool random;
  Ahead ahead;
};
void PrintTo(const Load& load, std::ostream* out) { *out << load.name; }

constexpr Load kLoads[] = {
    {"Small", 4096, false, Ahead::kAdviseAll},
    {"SmallRandom", 4096, true, Ahead::kAdvisePieces},
    {"LeastReference", 16 * 1024, false, Ahead::kAdvisePieces},
    {"Middle", 128 * 1024, false, Ahead::kAdviseAll},
    {"MiddleAgainstReads", 128 * 1024, false, Ahead::kReadPieces},
    {"MiddleRandom", 128 * 1024, true, Ahead::kAdviseAll},
    {"Large", kMiB, false, Ahead::kAdvisePieces},
    {"LargeMeets", kMiB, false, Ahead::kBackwards},
    {"LargeRandom", kMiB, true, Ahead::kReadPieces},
};

class MajorFaultTest : public testing::TestWithParam<Load> {
 protected:
  MajorFaultTest() : scratch_(kFileBytes) {
    for (uint64_t at = 0; at < kFileBytes; at += kMiB) scratch_.Fill(at, Numbered(at, kMiB));
  }

  // Reads a file's worth of pieces, and touches every byte as soon as it is there.
  void ReadAndTouch(Client& client) {
    const uint64_t length = GetParam().length;
    Prng prng(1);
    ReadOp op;
    for (uint64_t i = 0; i < kFileBytes / length; ++i) {
      const uint64_t at = (GetParam().random ? prng.Below(kFileBytes / length) : i) * length;
      ASSERT_EQ(client.Read(op, {at, length}), IoResult::Bytes(length));
      uint64_t count_wrong = 0;
      uint64_t offset = at;
      for (const Segment& segment : op.data.view().segments()) {
        for (size_t within = 0; within < segment.size_bytes; within += 8, offset += 8) {
          uint64_t found = 0;
          std::memcpy(&found, segment.data + within, 8);
          count_wrong += found != offset * 0x9e3779b97f4a7c15u ? 1 : 0;
        }
      }
      op.data.Reset();
      ASSERT_EQ(count_wrong, 0u) << at;
    }
  }

  ScratchFile scratch_;
};

TEST_P(MajorFaultTest, NoneOnTheReactorWhileOthersReadAhead) {
  {
    // Once with everything there, so that our own code is in memory.
    WorkerPool workers;
    const auto file = *File::Open({.path = scratch_.path()});
    Client client(workers, *file);
    ReadAndTouch(client);
  }
  uint64_t referenced = 0;
  uint64_t read = 0;
  for (int round = 0; round < 4; ++round) {
    scratch_.Drop();
    const pid_t child = fork();
    if (child == 0) LoadAll(scratch_.path(), GetParam().ahead);
    WorkerPool workers;
    const auto file = *File::Open({.path = scratch_.path()});
    Client client(workers, *file);
    const long before = CountMajorFaults();
    ReadAndTouch(client);
    EXPECT_EQ(CountMajorFaults() - before, 0) << "round " << round;
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    referenced += file->stats().referenced_bytes;
    read += file->stats().read_bytes;
  }
  RecordProperty("percent_by_reference", static_cast<int>(referenced * 100 / read));
}

INSTANTIATE_TEST_SUITE_P(Loads, MajorFaultTest, testing::ValuesIn(kLoads),
                         [](const auto& test) { return std::string(test.param.name); });

// The measure measures: a touch of a page that is not there is seen.
TEST(MajorFaultMeasureTest, SeesATouchOfAnAbsentPage) {
  const ScratchFile scratch(kMiB);
  scratch.Fill(0, Filled(kMiB, 'a'));
  scratch.Drop();
  void* memory = mmap(nullptr, kMiB, PROT_READ, MAP_SHARED, scratch.fd(), 0);
  ASSERT_NE(memory, MAP_FAILED);
  const long before = CountMajorFaults();
  EXPECT_EQ(*static_cast<const volatile char*>(memory), 'a');
  const long count = CountMajorFaults() - before;
  munmap(memory, kMiB);
  if (count == 0) GTEST_SKIP() << "the file system of " << scratch.path() << " evicts nothing";
  EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace quire
