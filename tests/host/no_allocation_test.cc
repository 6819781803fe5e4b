// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: once it is warm, a request allocates nothing on its reactor's thread, from the session down
// to the page cache and back through OnFreeCommand.
// Method: the same requests twice, the second time in a scope that fails on `operator new`; for
// longer than hints last, so that they are renewed and the housekeeping timer fires in it. What the
// requests did is read off the file's counters.

#include "tests/support/no_allocation.h"

#include <gtest/gtest.h>

#include "host/disk.h"
#include "pagecache/kernel_backing.h"
#include "tests/support/faulty_backing.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint64_t kFileBytes = 16 * kMiB;
constexpr uint64_t kLongEnoughNs = 3 * Residency::kEpochNs;

// A cached file as a disk with a session.
class Bed {
 public:
  explicit Bed(bool mapped) : scratch_(kFileBytes), source_(Filled(kMaxTransferBytes, 'b')) {
    scratch_.Fill(0, Filled(kFileBytes, 'a'));
    auto backing = std::make_unique<FaultyBacking>(*KernelBacking::Open({.path = scratch_.path()}));
    if (!mapped) backing->RefuseMaps();
    auto file = *File::Open(std::move(backing), {.path = scratch_.path()});
    device_ = *Device::Create(std::move(file), 512);
    target_.Add(*device_);
    reactor_ = *Reactor::Create(workers_);
    session_ = std::make_unique<Session>(target_, *reactor_, Session::Options{});
    StartWorker();
  }
  ~Bed() { session_.reset(); }

  FileStats stats() const { return device_->file().stats(); }
  const ScratchFile& scratch() const { return scratch_; }
  Device& device() { return *device_; }

  void Execute(Command& command) {
    command.done = [](Command& answered) {
      answered_ = answered.outcome.good();
      answered.Drop();
    };
    answered_ = false;
    QUIRE_CHECK(session_->Submit(command) == Session::Answer::kAccepted);
    while (session_->count_commands() > 0) reactor_->Wait(kNsPerMs);
    QUIRE_CHECK(answered_);
  }
  void Read(ByteRange range, bool references_only = false) {
    command_.kind = CommandKind::kRead;
    command_.references_only = references_only;
    Aim(range);
    Execute(command_);
  }
  void Write(ByteRange range) {
    command_.kind = CommandKind::kWrite;
    const Segment piece{source_.data(), range.length};
    command_.data_out = SgView({&piece, 1});
    Aim(range);
    Execute(command_);
  }
  // Calls `body` with ranges of `length` bytes all over the file, for longer than hints last.
  template <typename Body>
  void Sweep(uint64_t length, Body body) {
    const uint64_t until_ns = Clock::System().NowNs() + kLongEnoughNs;
    for (uint64_t offset = 0; Clock::System().NowNs() < until_ns; offset += length) {
      body(ByteRange{offset % kFileBytes, length});
    }
  }

 private:
  // The one there is: starting a thread allocates.
  void StartWorker() {
    WorkOp nothing;
    nothing.work = [](WorkOp&) { return IoResult::Bytes(0); };
    nothing.Start(*reactor_, [](Completion&) {});
    reactor_->SubmitToWorkers(nothing);
    while (nothing.state() != Completion::State::kIdle) reactor_->Wait(kNsPerMs);
  }
  void Aim(ByteRange range) {
    command_.blocks = {{range.offset / 512}, {static_cast<uint32_t>(range.length / 512)}};
  }

  inline static bool answered_;
  ScratchFile scratch_;
  std::vector<std::byte> source_;
  WorkerPool workers_{1};
  std::unique_ptr<Device> device_;
  Target target_{"test"};
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<Session> session_;
  Command command_;
};

uint64_t CountOf(const FileStats& stats, WritePath path) {
  return stats.write_paths[static_cast<size_t>(path)];
}

TEST(NoAllocationScopeTest, SeesAnAllocation) {
  NoAllocation scope;
  ::operator delete(::operator new(1));
  EXPECT_EQ(scope.End(), 1u);
  // And none where there is none.
  NoAllocation again;
  EXPECT_EQ(again.End(), 0u);
}

class NoAllocationTest : public testing::TestWithParam<uint64_t> {};

TEST_P(NoAllocationTest, InACachedRead) {
  Bed bed(/*mapped=*/true);
  const uint64_t length = GetParam();
  // Copies at first where they are small, then references by a hint.
  bed.Sweep(length, [&bed](ByteRange range) { bed.Read(range); });
  const FileStats before = bed.stats();
  {
    const NoAllocation scope;
    bed.Sweep(length, [&bed](ByteRange range) { bed.Read(range); });
    bed.Sweep(length, [&bed](ByteRange range) { bed.Read(range, /*references_only=*/true); });
  }
  const FileStats after = bed.stats();
  EXPECT_GT(after.referenced_bytes, before.referenced_bytes);
  EXPECT_GT(after.hint_hits, before.hint_hits);
  EXPECT_GT(after.renewed, before.renewed);
  EXPECT_EQ(after.lent, 0u);
  const Device::Counts counts = bed.device().counts();
  EXPECT_EQ(counts.executed, counts.freed);
}

TEST_P(NoAllocationTest, InACopyOfWhatIsCached) {
  Bed bed(/*mapped=*/false);
  bed.Sweep(GetParam(), [&bed](ByteRange range) { bed.Read(range); });
  const NoAllocation scope;
  bed.Sweep(GetParam(), [&bed](ByteRange range) { bed.Read(range); });
}

TEST_P(NoAllocationTest, InAMiss) {
  Bed bed(/*mapped=*/true);
  const uint64_t length = GetParam();
  const auto read_some = [&bed, length] {
    for (uint64_t i = 0; i < 6; ++i) bed.Read({i * 2 * kMiB, length});
  };
  bed.device().file().RetireAll();
  bed.scratch().Drop();
  read_some();
  bed.device().file().RetireAll();
  bed.scratch().Drop();
  const FileStats before = bed.stats();
  {
    const NoAllocation scope;
    read_some();
  }
  constexpr auto kFill = static_cast<size_t>(ReadPath::kFill);
  constexpr auto kAsk = static_cast<size_t>(ReadPath::kAsk);
  const FileStats after = bed.stats();
  EXPECT_GT(after.read_paths[kFill] + after.read_paths[kAsk],
            before.read_paths[kFill] + before.read_paths[kAsk]);
}

// Whichever way is found to be cheaper.
TEST_P(NoAllocationTest, InAnOverwriteOfWhatIsCached) {
  Bed bed(/*mapped=*/true);
  const uint64_t length = GetParam();
  bed.Sweep(length, [&bed](ByteRange range) { bed.Write(range); });
  const FileStats before = bed.stats();
  {
    const NoAllocation scope;
    bed.Sweep(length, [&bed](ByteRange range) { bed.Write(range); });
  }
  const FileStats after = bed.stats();
  EXPECT_GT(after.writes, before.writes);
  const auto absent = static_cast<size_t>(WriteReason::kAbsent);
  EXPECT_EQ(after.write_reasons[absent], before.write_reasons[absent]);
}

INSTANTIATE_TEST_SUITE_P(Sizes, NoAllocationTest,
                         testing::Values(512, 4096, 64 * 1024, kMiB, kMaxTransferBytes),
                         testing::PrintToStringParamName());

TEST(NoAllocationPathTest, InAStore) {
  Bed bed(/*mapped=*/true);
  bed.Sweep(4096, [&bed](ByteRange range) { bed.Write(range); });
  const FileStats before = bed.stats();
  {
    const NoAllocation scope;
    bed.Sweep(4096, [&bed](ByteRange range) { bed.Write(range); });
  }
  EXPECT_GT(CountOf(bed.stats(), WritePath::kStore), CountOf(before, WritePath::kStore));
}

TEST(NoAllocationPathTest, InAWriteOnTheFile) {
  Bed bed(/*mapped=*/false);
  bed.Sweep(4096, [&bed](ByteRange range) { bed.Write(range); });
  const FileStats before = bed.stats();
  {
    const NoAllocation scope;
    bed.Sweep(4096, [&bed](ByteRange range) { bed.Write(range); });
  }
  EXPECT_GT(CountOf(bed.stats(), WritePath::kWrite), CountOf(before, WritePath::kWrite));
}

}  // namespace
}  // namespace quire
