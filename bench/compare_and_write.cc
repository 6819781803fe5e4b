// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// COMPARE AND WRITE of one block, 32 at once, by one thread and by two, beside a loop that only
// computes: blocks 64 KiB apart, each thread in its own half of the disk; and every other block of
// the same stretch. Each comparison finds what the command before it wrote.

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/die.h"
#include "bench/support/report.h"
#include "bench/support/scaling.h"
#include "bench/support/scsi_bed.h"
#include "bench/support/work_file.h"

namespace quire::bench {
namespace {

constexpr uint64_t kFileBytes = 64 << 20;
constexpr uint64_t kBlocks = kFileBytes / ScsiBed::kBlockBytes;
constexpr uint32_t kDepth = 32;

enum class Where : uint8_t { kOwnHalf, kEveryOtherBlock };

// What a block may have; the verify instance and the write instance of a command are two of them in
// a row.
constexpr size_t kVersions = 2;
std::byte ByteOf(size_t version) { return static_cast<std::byte>(0x11 + version); }

// A thread's share of the commands.
class Commands final : public Work {
 public:
  Commands(ScsiBed& bed, DeviceServer& unit, Where where, size_t thread)
      : where_(where),
        thread_(thread),
        unit_(unit),
        reactor_(bed.MakeReactor()),
        nexus_(Connect(unit, *reactor_, 2 * static_cast<uint64_t>(where) + thread + 1)),
        random_(thread + 1),
        versions_(kBlocks) {
    for (size_t version = 0; version < kVersions; ++version) {
      std::vector<std::byte>& data = data_[version];
      data.assign(ScsiBed::kBlockBytes, ByteOf(version));
      data.resize(2 * data.size(), ByteOf((version + 1) % kVersions));
    }
    for (uint32_t i = 0; i < kDepth; ++i) {
      slots_.push_back(std::make_unique<Slot>());
      slots_.back()->commands = this;
      slots_.back()->number = i;
      slots_.back()->done = OnDone;
      idle_.push_back(slots_.back().get());
    }
  }
  ~Commands() override {
    while (idle_.size() < slots_.size()) reactor_->Wait(kNsPerSecond);
  }

  void Step() override {
    while (idle_.empty()) reactor_->Wait(kNsPerSecond);
    Slot& slot = *idle_.back();
    idle_.pop_back();
    const uint64_t block = NextBlock(slot.number);
    const size_t version = versions_[block]++ % kVersions;
    slot.cdb_bytes = MakeCdb16(kCompareAndWrite16, {{block}, {1}});
    slot.cdb = slot.cdb_bytes;
    slot.source = {data_[version].data(), data_[version].size()};
    slot.data_out = SgView({&slot.source, 1});
    unit_.Execute(*nexus_, slot);
  }

 private:
  struct Slot : ScsiCommand {
    Commands* commands = nullptr;
    uint64_t number = 0;
    Cdb16 cdb_bytes = {};
    Segment source;
  };

  static void OnDone(ScsiCommand& command) {
    auto& slot = static_cast<Slot&>(command);
    if (!slot.outcome().good()) Die("a block is not as the command before left it");
    slot.Drop();
    slot.commands->idle_.push_back(&slot);
  }

  // Never one that another command of this or the other thread is at.
  uint64_t NextBlock(uint64_t slot) {
    constexpr uint64_t kSpan = RangeShards::kSpanBytes / ScsiBed::kBlockBytes;
    constexpr uint64_t kSpans = kBlocks / kSpan;
    if (where_ == Where::kOwnHalf) {
      const uint64_t span = thread_ * kSpans / 2 + random_.Below(kSpans / 2 / kDepth) * kDepth;
      return (span + slot) * kSpan + random_.Below(kSpan);
    }
    return (random_.Below(kBlocks / 2 / kDepth) * kDepth + slot) * 2 + thread_;
  }

  const Where where_;
  const uint64_t thread_;
  DeviceServer& unit_;
  const std::unique_ptr<Reactor> reactor_;
  const std::unique_ptr<ScsiNexus> nexus_;
  Prng random_;
  std::vector<uint8_t> versions_;  // of each block
  std::array<std::vector<std::byte>, kVersions> data_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> idle_;
};

// Every block with its first version.
void Fill(ScsiBed& bed, DeviceServer& unit) {
  const std::unique_ptr<Reactor> reactor = bed.MakeReactor();
  const std::unique_ptr<ScsiNexus> nexus = Connect(unit, *reactor, 9);
  const std::vector<uint8_t> data(1 << 20, static_cast<uint8_t>(ByteOf(0)));
  const uint64_t count = data.size() / ScsiBed::kBlockBytes;
  for (uint64_t at = 0; at < kBlocks; at += count) {
    RunOne(*nexus, *reactor, MakeCdb16(kWrite16, {{at}, {count}}), data);
  }
}

void Measure(const Args& args, Report& report, Where where, const std::string& name) {
  const WorkFile file(args, kFileBytes);
  ScsiBed bed(file.path());
  const std::unique_ptr<DeviceServer> unit = bed.MakeUnit();
  Fill(bed, *unit);
  const ScalingLane lane = {
      .name = name,
      .make = [&](size_t thread) { return std::make_unique<Commands>(bed, *unit, where, thread); },
      .limit = 1 / 0.85};
  MeasureScaling({&lane, 1}, args.smoke ? 5 : 151, report);
}

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures COMPARE AND WRITE on two threads.");
  if (!CanScale()) return kCannotScale;
  Report report(args.json);
  Measure(args, report, Where::kOwnHalf, "compare-and-write");
  Measure(args, report, Where::kEveryOtherBlock, "compare-and-write-every-other-block");
  report.Finish();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
