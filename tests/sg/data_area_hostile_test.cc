// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a peer that has the area's memory cannot cut it off, take more of it for good, or do harm
//   by the indices that it writes.
// Method: a forked process with the inherited descriptor does its worst.
//
//   parent: DataArea ---- memfd (inherited) ---- child: maps all of it
//      Look, TakeBack <- shared page <---- writes indices
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/prng.h"
#include "sg/data_area.h"
#include "tests/sg/take_back.h"

namespace quire {
namespace {

constexpr uint64_t kBlock = 64 * 1024;
constexpr uint32_t kCountBlocks = 64;
constexpr uint64_t kPeriodNs = 5 * kNsPerSecond;

uint64_t MemoryOf(const DataArea& area) {
  struct stat status = {};
  EXPECT_EQ(fstat(area.fd(), &status), 0);
  return static_cast<uint64_t>(status.st_blocks) * 512;
}

// What both processes see.
struct SharedPage {
  static constexpr size_t kSlots = 256;
  std::array<std::atomic<uint64_t>, kSlots> indices;
  std::atomic<uint64_t> given;  // a bit per block, so that the peer can aim
  std::atomic<uint64_t> rounds;
};
static_assert(std::atomic<uint64_t>::is_always_lock_free);
static_assert(kCountBlocks <= 64);

class DataAreaHostileTest : public testing::Test {
 protected:
  void SetUp() override {
    void* const page = mmap(nullptr, sizeof(SharedPage), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(page, MAP_FAILED);
    shared_ = new (page) SharedPage{};
  }
  void TearDown() override {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    munmap(shared_, sizeof(SharedPage));
  }

  std::unique_ptr<DataArea> Make(DataAreaFamily* family = nullptr) {
    auto area = DataArea::Create({.size_bytes = kCountBlocks * kBlock,
                                  .block_bytes = kBlock,
                                  .period_ns = kPeriodNs,
                                  .family = family,
                                  .clock = &clock_});
    EXPECT_TRUE(area.ok()) << area.status();
    return *std::move(area);
  }

  // Runs `attack` in another process. Its answer is the exit code.
  void Fork(const std::function<int()>& attack) {
    child_ = fork();
    ASSERT_GE(child_, 0);
    if (child_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that aborts takes it along
    _exit(attack());
  }
  int Join() {
    int status = 0;
    EXPECT_EQ(waitpid(child_, &status, 0), child_);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
  }

  ManualClock clock_;
  SharedPage* shared_ = nullptr;
  pid_t child_ = -1;
};

// Another mapping of the same memory, as a peer makes it. nullptr when that fails.
std::byte* MapAsPeer(int fd) {
  void* const memory =
      mmap(nullptr, kCountBlocks * kBlock, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
}

TEST_F(DataAreaHostileTest, TheMemoryCannotBeCutOff) {
  const auto area = Make();
  std::array<uint32_t, kCountBlocks> blocks;
  ASSERT_TRUE(area->Take(blocks));
  for (const uint32_t block : blocks) std::memset(area->block(block).data(), 7, kBlock);
  Fork([&] {
    const int fd = area->fd();
    constexpr off_t kSize = kCountBlocks * kBlock;
    for (const off_t length : {off_t{0}, off_t{4096}, kSize - 4096, kSize + 4096}) {
      if (ftruncate(fd, length) == 0 || errno != EPERM) return 1;
    }
    if (fallocate(fd, 0, kSize, 4096) == 0) return 2;
    for (const int seal : {F_SEAL_WRITE, F_SEAL_FUTURE_WRITE, F_SEAL_SHRINK}) {
      if (fcntl(fd, F_ADD_SEALS, seal) == 0) return 3;
    }
    if (open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDWR | O_TRUNC) >= 0) return 4;
    // The bytes are its own to spoil, also by a hole.
    std::byte* const memory = MapAsPeer(fd);
    if (memory == nullptr) return 5;
    std::memset(memory, 9, kBlock);
    if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, kBlock, kBlock) != 0) return 6;
    return 0;
  });
  EXPECT_EQ(Join(), 0);
  // Every byte can still be read and written: no SIGBUS.
  for (const uint32_t block : blocks) {
    const std::byte expected{static_cast<uint8_t>(block == 0 ? 9 : block == 1 ? 0 : 7)};
    for (std::byte& byte : area->block(block)) {
      ASSERT_EQ(byte, expected);
      byte = std::byte{1};
    }
    area->Release(block);
  }
  area->CheckInvariants();
}

uint64_t HostileIndex(Prng& prng, uint64_t given) {
  constexpr uint64_t kEdges[] = {0,
                                 kCountBlocks - 1,
                                 kCountBlocks,
                                 kCountBlocks + 1,
                                 63,
                                 64,
                                 4096,
                                 kCountBlocks * kBlock,
                                 (uint64_t{1} << 31) - 1,
                                 uint64_t{1} << 31,
                                 (uint64_t{1} << 32) - 1,
                                 uint64_t{1} << 32,
                                 (uint64_t{1} << 32) + 1,
                                 (uint64_t{1} << 58),
                                 uint64_t{1} << 63,
                                 ~uint64_t{0}};
  switch (prng.Below(5)) {
    case 0:
      return kEdges[prng.Below(std::size(kEdges))];
    case 1:
      return prng.Next();
    case 2:
      return prng.Below(kCountBlocks) + (prng.Below(4) << 32);  // one of its own once it is cut
    case 3: {                                                   // the lowest that is not its own
      const uint64_t other = ~given;
      return other == 0 ? 0 : static_cast<uint64_t>(std::countr_zero(other));
    }
    default:
      return prng.Below(kCountBlocks + 2);
  }
}

TEST_F(DataAreaHostileTest, NoIndexDoesHarm) {
  DataAreaFamily family(kCountBlocks / 2 * kBlock);
  const auto area = Make(&family);
  Fork([&] {
    std::byte* const memory = MapAsPeer(area->fd());
    if (memory == nullptr) return 1;
    Prng prng(1);
    while (true) {
      for (auto& index : shared_->indices) index = HostileIndex(prng, shared_->given);
      memory[prng.Below(kCountBlocks) * kBlock] = std::byte{1};
      ++shared_->rounds;
    }
  });
  constexpr uint64_t kSeed = 2;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  Prng prng(kSeed);
  std::set<uint64_t> given, withheld;  // of those in use
  uint64_t refused = 0, refused_withheld = 0, released = 0;
  for (int step = 0; (step < 20'000 || shared_->rounds < 100) && !HasFailure(); ++step) {
    SCOPED_TRACE(step);
    const uint64_t index = shared_->indices[prng.Below(SharedPage::kSlots)];  // read once
    const auto found = area->Look(index);
    EXPECT_EQ(found.has_value(), given.contains(index)) << index;
    if (found.has_value()) {
      EXPECT_EQ(found->data(), area->memory().data() + index * kBlock);
      EXPECT_EQ(found->size(), kBlock);
      (*found)[kBlock - 1] = std::byte{1};
    } else {
      ++refused;
    }
    refused_withheld += withheld.contains(index) ? 1 : 0;
    const bool known = given.erase(index) > 0;
    EXPECT_EQ(TakeBackAndRelease(*area, index), known) << index;
    ++(known ? released : refused);
    EXPECT_FALSE(TakeBackAndRelease(*area, index)) << index;  // never twice
    ++refused;
    std::array<uint32_t, 3> room;
    const std::span<uint32_t> blocks(room.data(), prng.Below(4));
    const bool enough = blocks.size() <= kCountBlocks - given.size() - withheld.size();
    EXPECT_EQ(area->Take(blocks), enough);
    for (const uint32_t block : blocks) {
      if (!enough) break;
      EXPECT_TRUE(withheld.insert(block).second);
    }
    if (!withheld.empty() && prng.Chance(2, 3)) {
      const uint64_t block = *withheld.begin();
      area->Give(static_cast<uint32_t>(block));
      withheld.erase(block);
      given.insert(block);
    }
    if (prng.Chance(1, 50)) {  // the owner is through with all of them, given or not
      for (auto* const blocks_in_use : {&given, &withheld}) {
        for (const uint64_t block : *blocks_in_use) area->Release(static_cast<uint32_t>(block));
        blocks_in_use->clear();
      }
    }
    if (prng.Chance(1, 20)) {
      clock_.Advance(kNsPerSecond);
      area->Tick();
    }
    uint64_t bits = 0;
    for (const uint64_t block : given) bits |= uint64_t{1} << block;
    shared_->given = bits;
    EXPECT_EQ(area->stats().used_blocks, given.size() + withheld.size());
    EXPECT_EQ(area->stats().untrusted_refused, refused);
    area->CheckInvariants();
  }
  EXPECT_EQ(waitpid(child_, nullptr, WNOHANG), 0);  // it was at it all the time
  EXPECT_GT(released, 100u);
  EXPECT_GT(refused, 100u);
  EXPECT_GT(refused_withheld, 100u);
  for (const uint64_t block : given) area->Release(static_cast<uint32_t>(block));
  for (const uint64_t block : withheld) area->Release(static_cast<uint32_t>(block));
}

TEST_F(DataAreaHostileTest, StrangersMemoryGoesBackWhenAPeriodStarts) {
  const auto area = Make();  // no limit has to be exceeded
  std::array<uint32_t, 10> blocks;
  ASSERT_TRUE(area->Take(blocks));
  for (const uint32_t block : blocks) std::memset(area->block(block).data(), 7, kBlock);
  area->Release(3);
  ASSERT_EQ(MemoryOf(*area), 10 * kBlock);
  Fork([&] {
    std::byte* const memory = MapAsPeer(area->fd());
    if (memory == nullptr) return 1;
    for (uint64_t at = 10 * kBlock; at < kCountBlocks * kBlock; at += 4096) {
      memory[at] = std::byte{9};
    }
    return 0;
  });
  EXPECT_EQ(Join(), 0);
  clock_.Advance(kPeriodNs - 1);
  area->Tick();
  EXPECT_EQ(MemoryOf(*area), kCountBlocks * kBlock);
  clock_.Advance(1);
  area->Tick();
  EXPECT_EQ(MemoryOf(*area), 10 * kBlock);
  for (const uint32_t block : blocks) {
    EXPECT_EQ(area->block(block)[0], std::byte{7});  // what is in use or spare stays
    EXPECT_EQ(area->block(block)[kBlock - 1], std::byte{7});
  }
  EXPECT_EQ(area->stats().used_blocks, 9u);
  // Between blocks in use it goes as well.
  area->Drop(3);
  std::memset(area->block(3).data(), 9, kBlock);
  clock_.Advance(kPeriodNs);
  area->Tick();
  EXPECT_EQ(MemoryOf(*area), 9 * kBlock);
  for (const uint32_t block : blocks) {
    if (block != 3) area->Release(block);
  }
  area->CheckInvariants();
}

TEST_F(DataAreaHostileTest, APeerThatTouchesAllTheTimeIsHeldDownPeriodByPeriod) {
  const auto area = Make();
  std::array<uint32_t, 4> blocks;
  ASSERT_TRUE(area->Take(blocks));
  Fork([&] {
    std::byte* const memory = MapAsPeer(area->fd());
    if (memory == nullptr) return 1;
    for (Prng prng(1); true; ++shared_->rounds) {
      memory[prng.Below(kCountBlocks * kBlock)] = std::byte{9};
    }
  });
  const auto wait_for_rounds = [&](uint64_t count) {
    const uint64_t from = shared_->rounds;
    while (shared_->rounds - from < count) poll(nullptr, 0, 1);
  };
  wait_for_rounds(10'000);
  EXPECT_GT(MemoryOf(*area), kCountBlocks / 2 * kBlock);
  for (int i = 0; i < 20; ++i) {
    wait_for_rounds(1'000);
    clock_.Advance(kPeriodNs);
    area->Tick();
    area->CheckInvariants();
  }
  EXPECT_EQ(waitpid(child_, nullptr, WNOHANG), 0);  // no signal for the holes under its feet
  kill(child_, SIGKILL);
  EXPECT_EQ(Join(), 256 + SIGKILL);
  clock_.Advance(kPeriodNs);
  area->Tick();
  EXPECT_LE(MemoryOf(*area), 4 * kBlock);
  for (const uint32_t block : blocks) area->Release(block);
}

}  // namespace
}  // namespace quire
