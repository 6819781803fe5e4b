// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: registered files and buffers are used, and taken back; where the kernel refuses, all goes
// on unregistered and the log says once what to do. Method: transfers by slot; slots exhausted and
// reused; a child without privileges or memory limit.
#include "engine/registered.h"

#include <pwd.h>
#include <sys/resource.h>

#include <atomic>
#include <cstring>

#include "base/log.h"
#include "tests/engine/reactor_fixture.h"

namespace quire {
namespace {

class RegisteredTest : public ReactorFixture {};
class SlotTest : public ReactorFixture {};  // there are none without a ring

TEST_P(RegisteredTest, TransfersBySlot) {
  reactor_->Poll();
  const TempFile file("hello world");
  const FixedFile slot(*reactor_, file.fd());
  EXPECT_EQ(slot.index() >= 0, reactor_->has_ring());
  Sgv* const vector = reactor_->memory().TakeContiguous(5);
  const std::span<std::byte> run = vector->memory();
  const Segment piece{run.data(), run.size()};
  const int32_t index = reactor_->memory().FixedBufferOf(run);
  EXPECT_EQ(index >= 0, reactor_->has_ring());
  TestOp op;
  op.PrepareRead(file.fd(), 6, {&piece, 1});
  op.fixed_file = slot.index();
  op.fixed_buffer = index;
  Submit(op);
  WaitFor(op);
  EXPECT_EQ(op.last, IoResult::Bytes(5));
  EXPECT_EQ(std::memcmp(run.data(), "world", 5), 0);
  op.PrepareWrite(file.fd(), 0, {&piece, 1});
  op.fixed_file = slot.index();
  op.fixed_buffer = index;
  Submit(op);
  WaitUntil([&] { return op.count_callbacks == 2; });
  EXPECT_EQ(file.Read(11), "world world");
  SgvPool::Return(*vector);
}

TEST_P(SlotTest, TheSlotIsWhatIsRead) {
  const TempFile file("slot");
  const TempFile other("none");
  const FixedFile slot(*reactor_, file.fd());
  std::string text(4, '.');
  const Segment piece = PieceOf(text);
  TestOp op;
  op.PrepareRead(other.fd(), 0, {&piece, 1});
  op.fixed_file = slot.index();
  Submit(op);
  WaitFor(op);
  EXPECT_EQ(text, "slot");
}

TEST_P(SlotTest, OutsideOfTheBufferIsRefused) {
  reactor_->Poll();
  const TempFile file("hello");
  std::string text(4, '.');
  const Segment piece = PieceOf(text);
  TestOp op;
  op.PrepareRead(file.fd(), 0, {&piece, 1});
  Sgv* const vector = reactor_->memory().TakeContiguous(5);
  op.fixed_buffer = reactor_->memory().FixedBufferOf(vector->memory());
  Submit(op);
  WaitFor(op);
  EXPECT_EQ(op.last.error(), EFAULT);
  SgvPool::Return(*vector);
}

TEST_P(SlotTest, SlotsAreTakenBack) {
  const TempFile file("hello");
  for (int round = 0; round < 3; ++round) {
    std::vector<FixedFile> slots;
    for (int i = 0; i < 64; ++i) {
      slots.emplace_back(*reactor_, file.fd());
      ASSERT_EQ(slots.back().index(), i);
    }
    EXPECT_EQ(FixedFile(*reactor_, file.fd()).index(), -1);
    FixedFile moved = std::move(slots[3]);
    EXPECT_EQ(moved.index(), 3);
    EXPECT_EQ(slots[3].index(), -1);
    if (round == 1) reactor_->Poll();
  }
}

TEST_P(SlotTest, BadThingsAreNotRegistered) {
  EXPECT_EQ(FixedFile(*reactor_, 9999).index(), -1);
  std::byte* nowhere = reinterpret_cast<std::byte*>(4096);
  EXPECT_EQ(FixedBuffer(*reactor_, {nowhere, 4096}).index(), -1);
  // The slots are free again.
  const TempFile file("hello");
  EXPECT_EQ(FixedFile(*reactor_, file.fd()).index(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, RegisteredTest, AllRingKinds(), NameOf);
INSTANTIATE_TEST_SUITE_P(Rings, SlotTest, RingKindsWithRing(), NameOf);

std::atomic<int> g_count_lines{0};

void PrintAndCount(LogLevel, std::string_view line) {
  if (line.find("LimitMEMLOCK") == std::string_view::npos) return;
  ++g_count_lines;
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

// In the child: two reactors whose memory may not be locked.
[[noreturn]] void RegisterWithoutPrivileges() {
  const rlimit limit{64 << 10, 64 << 10};
  QUIRE_CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
  QUIRE_CHECK(setgid(65534) == 0);
  QUIRE_CHECK(setuid(65534) == 0);
  SetLogSink(PrintAndCount);
  WorkerPool workers;
  ReactorOptions options;
  options.count_ring_entries = 8;
  for (int i = 0; i < 2; ++i) {
    const std::unique_ptr<Reactor> reactor = *Reactor::Create(workers, options);
    reactor->Poll();
    Sgv* const vector = reactor->memory().TakeContiguous(4096);
    QUIRE_CHECK(reactor->memory().FixedBufferOf(vector->memory()) == -1);
    QUIRE_CHECK(reactor->memory().FixedBufferOf(vector->memory()) == -1);
    SgvPool::Return(*vector);
    QUIRE_CHECK(g_count_lines == (reactor->has_ring() ? 1 : 0));
    std::array<std::byte, 8> memory{};
    const Segment piece{memory.data(), memory.size()};
    TestOp op;
    const int zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    op.PrepareRead(zeros, 0, {&piece, 1});
    op.Start(*reactor, TestOp::OnDone);
    reactor->Submit(op);
    while (!op.done()) reactor->Wait(kNsPerSecond);
    QUIRE_CHECK(op.last == IoResult::Bytes(8));
    close(zeros);
  }
  _exit(0);
}

TEST(RegisteredDeathTest, ASmallMemoryLockLimit) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  if (!KernelFeatures::Get().io_uring) GTEST_SKIP() << KernelFeatures::Get().Describe();
  EXPECT_EXIT(RegisterWithoutPrivileges(), testing::ExitedWithCode(0),
              "4 MiB of buffers.*LimitMEMLOCK");
}

}  // namespace
}  // namespace quire
