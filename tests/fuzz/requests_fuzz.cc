// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: no sequence of requests, evictions and growth makes the engine answer a wrong byte, hang,
// or keep a reference.
// Method: bytes become requests on a simulated file, several in flight unless one of them changes
// what another one looks at; every answer is compared with a shadow. Live references are looked at
// when they go back: they must show what the file has then. Stable ones show what it had.

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "pagecache/file.h"
#include "pagecache/file_channel.h"
#include "tests/support/memory_backing.h"

namespace quire {
namespace {

constexpr uint64_t kMaxFileBytes = 600 * 1024;

// Shared by all runs: a ring and threads cost more than a run.
struct Machine {
  ManualClock clock;
  WorkerPool workers{2};
  std::unique_ptr<Reactor> reactor = *Reactor::Create(workers, {.clock = &clock});

  static Machine& Get() {
    static Machine machine;
    return machine;
  }
};

struct ReadSlot : ReadOp {
  std::vector<std::byte> expected;  // of a stable read, when it was answered
  bool running = false;
  bool held = false;
};
struct WriteSlot : WriteOp {
  std::vector<std::byte> bytes;
  Segment piece;
};

class Run {
 public:
  explicit Run(FuzzedDataProvider& input) : input_(input), machine_(Machine::Get()) {
    const auto size = input_.ConsumeIntegralInRange<uint64_t>(1, kMaxFileBytes);
    shadow_.resize(size);
    auto memory = std::make_unique<MemoryBacking>(size);
    memory_ = memory.get();
    file_ = *File::Open(std::move(memory), {.path = "fuzz", .clock = &machine_.clock});
    channel_ = std::make_unique<FileChannel>(*file_, *machine_.reactor);
  }

  ~Run() {
    Settle();
    for (ReadSlot& slot : reads_) Release(slot);
    QUIRE_CHECK(file_->stats().lent == 0);
    channel_.reset();
  }

  void Step() {
    switch (input_.ConsumeIntegralInRange<int>(0, 12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        StartRead();
        return;
      case 4:
      case 5:
      case 6:
        StartWrite();
        return;
      case 7:
        Discard();
        return;
      case 8:
        Release(reads_[input_.ConsumeIntegralInRange<size_t>(0, reads_.size() - 1)]);
        return;
      case 9:
        Settle();
        memory_->Drop();
        return;
      case 10:
        Settle();
        file_->RetireAll();
        return;
      case 11:
        machine_.clock.Advance(input_.ConsumeIntegralInRange<uint64_t>(1, 500) * kNsPerMs);
        machine_.reactor->Poll();
        return;
      default:
        input_.ConsumeBool() ? Grow() : Sync();
    }
  }

 private:
  static void Mark(Completion&) {}

  ByteRange AnyRange() {
    const auto offset = input_.ConsumeIntegralInRange<uint64_t>(0, shadow_.size());
    const uint64_t left = shadow_.size() - offset;
    const uint64_t longest = uint64_t{1} << input_.ConsumeIntegralInRange<uint32_t>(0, 20);
    return {offset, input_.ConsumeIntegralInRange<uint64_t>(0, std::min(left, longest))};
  }
  std::vector<std::byte> Shadow(ByteRange range) const {
    const auto from = shadow_.begin() + static_cast<ptrdiff_t>(range.offset);
    return {from, from + static_cast<ptrdiff_t>(range.length)};
  }
  static std::vector<std::byte> Collect(SgView view) {
    std::vector<std::byte> bytes;
    for (const Segment& piece : view.segments()) {
      bytes.insert(bytes.end(), piece.data, piece.data + piece.size_bytes);
    }
    return bytes;
  }

  void Await(const Completion& op) {
    while (op.state() != Completion::State::kIdle) machine_.reactor->Wait(kNsPerMs);
  }

  void StartRead() {
    const auto slot = std::ranges::find_if(
        reads_, [](const ReadSlot& read) { return !read.running && !read.held; });
    if (slot == reads_.end()) return;
    slot->range = AnyRange();
    slot->stable = input_.ConsumeBool();
    slot->references_only = input_.ConsumeBool();
    slot->copies_only = input_.ConsumeBool();
    slot->running = true;
    channel_->Read(*slot, Mark);
  }

  // Compares what was answered; it is held from now on.
  void Answered(ReadSlot& slot) {
    Await(slot);
    slot.running = false;
    QUIRE_CHECK(slot.result() == IoResult::Bytes(slot.range.length));
    QUIRE_CHECK(slot.data.view().length_bytes() == slot.range.length);
    slot.expected = Shadow(slot.range);
    QUIRE_CHECK(Collect(slot.data.view()) == slot.expected);
    slot.held = true;
  }

  void Release(ReadSlot& slot) {
    if (slot.running) Answered(slot);
    if (!slot.held) return;
    slot.held = false;
    if (slot.stable) {
      const StableLook look(slot.stable_bytes);
      QUIRE_CHECK(look.left().length_bytes() == slot.range.length);
      QUIRE_CHECK(Collect(look.left()) == slot.expected);
    } else if (slot.referenced_bytes == slot.range.length) {
      LandOver(slot.range);
      QUIRE_CHECK(Collect(slot.data.view()) == Shadow(slot.range));
    }
    slot.data.Reset();
    QUIRE_CHECK(!slot.revoked);
  }

  // Nothing is in flight afterwards.
  void Settle() {
    for (WriteSlot& slot : writes_) Landed(slot);
    for (ReadSlot& slot : reads_) {
      if (slot.running) Answered(slot);
    }
  }
  void LandOver(ByteRange range) {
    for (WriteSlot& slot : writes_) {
      if (slot.range.Overlaps(range)) Landed(slot);
    }
  }
  // Nothing in flight looks at `range` afterwards, or changes it.
  void SettleOver(ByteRange range) {
    LandOver(range);
    for (ReadSlot& slot : reads_) {
      if (slot.running && slot.range.Overlaps(range)) Answered(slot);
    }
  }

  void StartWrite() {
    const auto slot = std::ranges::find_if(
        writes_, [](const WriteSlot& write) { return write.state() == Completion::State::kIdle; });
    if (slot == writes_.end()) {
      Settle();
      return;
    }
    Landed(*slot);
    const ByteRange range = AnyRange();
    SettleOver(range);
    slot->range = range;
    slot->bytes.resize(range.length);
    ++version_;
    for (uint64_t i = 0; i < range.length; ++i) {
      slot->bytes[i] = static_cast<std::byte>((range.offset + i + version_ * 101) * 0x3b);
    }
    slot->piece = {slot->bytes.data(), slot->bytes.size()};
    slot->source = SgView({&slot->piece, 1});
    slot->fua = input_.ConsumeBool();
    std::ranges::copy(slot->bytes, shadow_.begin() + static_cast<ptrdiff_t>(range.offset));
    channel_->Write(*slot, Mark);
  }
  void Landed(WriteSlot& slot) {
    Await(slot);
    if (slot.bytes.empty()) return;
    QUIRE_CHECK(slot.result() == IoResult::Bytes(slot.range.length));
    slot.bytes.clear();
    slot.range = {};
  }

  void Discard() {
    DiscardOp op;
    op.range = AnyRange();
    op.zero = input_.ConsumeBool();
    SettleOver(op.range);
    channel_->Discard(op, Mark);
    Await(op);
    QUIRE_CHECK(op.result() == IoResult::Bytes(0));
    std::fill_n(shadow_.begin() + static_cast<ptrdiff_t>(op.range.offset), op.range.length,
                std::byte{0});
    // What was lent before shows zeros, or what was there: a hole takes the pages away.
    for (ReadSlot& slot : reads_) {
      if (slot.held && slot.range.Overlaps(op.range)) ReleaseUnseen(slot);
    }
  }
  static void ReleaseUnseen(ReadSlot& slot) {
    slot.held = false;
    slot.data.Reset();
  }

  void Sync() {
    SyncOp op;
    op.range = AnyRange();
    channel_->Sync(op, Mark);
    Await(op);
    QUIRE_CHECK(op.result() == IoResult::Bytes(0));
  }

  void Grow() {
    const uint64_t size = shadow_.size() + input_.ConsumeIntegralInRange<uint64_t>(0, 10000);
    if (size > 2 * kMaxFileBytes) return;
    Settle();
    QUIRE_CHECK(file_->Grow(size).ok());
    shadow_.resize(size);
  }

  FuzzedDataProvider& input_;
  Machine& machine_;
  std::vector<std::byte> shadow_;
  MemoryBacking* memory_ = nullptr;
  std::unique_ptr<File> file_;
  std::unique_ptr<FileChannel> channel_;
  std::array<ReadSlot, 6> reads_;
  std::array<WriteSlot, 3> writes_;
  uint64_t version_ = 0;
};

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  quire::SetLogSink([](quire::LogLevel, std::string_view) {});
  FuzzedDataProvider input(data, size_bytes);
  quire::Run run(input);
  for (int steps = 0; input.remaining_bytes() > 0 && steps < 200; ++steps) run.Step();
  return 0;
}
