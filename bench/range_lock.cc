// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What the order of overlapping commands costs those that do not overlap: a claim taken and
// released while 32 are held, by one thread and by two, beside an empty loop of about the same
// length. What two threads lose against the loop is what the table makes them share.

#include "vdisk/range_lock.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/report.h"
#include "bench/support/spread.h"

namespace quire::bench {
namespace {

constexpr uint32_t kDepth = 32;
constexpr uint64_t kBlockBytes = 4096;
constexpr uint64_t kBlocks = 1 << 18;  // 1 GiB
constexpr uint64_t kBlocksInSpan = RangeShards::kSpanBytes / kBlockBytes;

struct Claim : RangeClaim {
  RangePart part;
  bool held = false;
};

enum class Work : uint8_t { kLoop, kLanes, kSharded, kExclusive, kSpans };

struct Kind {
  Work work;
  const char* name;
};
constexpr std::array kKinds = {
    Kind{Work::kLoop, "empty loop"},
    Kind{Work::kLanes, "shared, nobody is exclusive"},
    Kind{Work::kSharded, "shared beside an exclusive one"},
    Kind{Work::kExclusive, "exclusive, every other block"},
    Kind{Work::kSpans, "exclusive, own 64 KiB spans"},
};

// One thread's claims. Blocks differ by thread, so nobody ever waits.
class Claims {
 public:
  Claims(RangeLock& table, uint64_t thread)
      : table_(table), lane_(table), thread_(thread), random_(thread + 1), claims_(kDepth) {}
  ~Claims() {
    for (Claim& claim : claims_) Drop(claim);
  }

  void Run(Work work, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      const ByteRange range = NextRange(work, i % kDepth);
      if (work == Work::kLoop) {
        Spin();
      } else {
        Replace(claims_[i % kDepth], range, work);
      }
    }
  }

 private:
  static void Refuse(RangeClaim&) { QUIRE_CHECK(false); }
  // Never a block that is held.
  ByteRange NextRange(Work work, uint64_t slot) {
    uint64_t block = (random_.Below(kBlocks / kDepth / 2) * kDepth + slot) * 2 + thread_;
    if (work == Work::kSpans) block = (thread_ * kDepth + slot) * kBlocksInSpan;
    return {block * kBlockBytes, kBlockBytes};
  }
  static void Spin() {
    for (int i = 0; i < 40; ++i) __asm__ volatile("" ::: "memory");
  }
  static void Drop(Claim& claim) {
    if (claim.held) RangeLock::Release(claim);
    claim.held = false;
  }
  void Replace(Claim& claim, ByteRange range, Work work) {
    Drop(claim);
    claim.part.range = range;
    claim.part.table = &table_;
    claim.part.mode = RangeMode::kExclusive;
    const bool now = work == Work::kLanes || work == Work::kSharded
                         ? RangeLock::AcquireShared(lane_, claim, claim.part, Refuse)
                         : RangeLock::Acquire(claim, {&claim.part, 1}, Refuse);
    QUIRE_CHECK(now);
    claim.held = true;
  }

  RangeLock& table_;
  RangeLane lane_;
  const uint64_t thread_;
  Prng random_;
  std::vector<Claim> claims_;
};

// Nanoseconds of a thread per claim.
double Measure(Work work, uint64_t count_threads, uint64_t count) {
  RangeLock table;
  Claim keeper;  // an exclusive claim elsewhere keeps the disk sharded
  keeper.part.table = &table;
  keeper.part.range = {uint64_t{1} << 40, 512};
  keeper.part.mode = RangeMode::kExclusive;
  const bool sharded = work != Work::kLanes && work != Work::kLoop;
  if (sharded) QUIRE_CHECK(RangeLock::Acquire(keeper, {&keeper.part, 1}, nullptr));
  std::atomic<uint64_t> count_ready{0};
  std::atomic<uint64_t> sum_ns{0};
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < count_threads; ++thread) {
    threads.emplace_back([&, thread] {
      Claims claims(table, thread);
      count_ready.fetch_add(1);
      while (count_ready.load() < count_threads) std::this_thread::yield();
      const uint64_t start_ns = ThreadCpuNs();
      claims.Run(work, count);
      sum_ns.fetch_add(ThreadCpuNs() - start_ns);
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (sharded) RangeLock::Release(keeper);
  return static_cast<double>(sum_ns.load()) / static_cast<double>(count_threads * count);
}

class RangeLockBench {
 public:
  explicit RangeLockBench(const Args& args) : smoke_(args.smoke), report_(args.json) {}

  void Run() {
    std::printf("\na claim taken and released while 32 are held, CPU of a thread\n");
    for (const Kind& kind : kKinds) Measure(kind.work, 2, 20000);  // warm
    for (int round = 0; round < (smoke_ ? 1 : 15); ++round) {
      for (size_t i = 0; i < kKinds.size(); ++i) MeasureKind(i);
    }
    for (size_t i = 0; i < kKinds.size(); ++i) Tell(i);
    report_.Finish();
  }

 private:
  struct Figures {
    std::vector<double> one, two, slower;
  };

  void MeasureKind(size_t i) {
    const uint64_t count = smoke_ ? 20000 : 500000;
    const double one = Measure(kKinds[i].work, 1, count);
    const double two = Measure(kKinds[i].work, 2, count);
    figures_[i].one.push_back(one);
    figures_[i].two.push_back(two);
    figures_[i].slower.push_back(two / one);
  }
  void Tell(size_t i) {
    const double one = SpreadOf(figures_[i].one).median;
    const double slower = SpreadOf(figures_[i].slower).median;
    const double loop = SpreadOf(figures_[0].slower).median;
    std::printf("  %-32s one thread %-8s two threads %-8s scales %.2f of the loop\n",
                kKinds[i].name, TimeName(one).c_str(),
                TimeName(SpreadOf(figures_[i].two).median).c_str(), loop / slower);
    const std::string name = absl::StrCat("range_lock/", kKinds[i].name);
    report_.Add({.name = name,
                 .metric = "CPU",
                 .unit = "ns",
                 .ours = one,
                 .peer = SpreadOf(figures_[0].one).median,
                 .peer_name = kKinds[0].name});
    Record scaling = {.name = name,
                      .metric = "slowdown by a second thread",
                      .unit = "x",
                      .ours = slower,
                      .peer = loop,
                      .peer_name = kKinds[0].name};
    if (kKinds[i].work == Work::kSpans) scaling.limit = 1 / 0.85;
    report_.Add(scaling);
  }

  const bool smoke_;
  Report report_;
  std::array<Figures, kKinds.size()> figures_;
};

int Main(int argc, char** argv) {
  RangeLockBench(ParseArgs(argc, argv, "Measures claims of ranges that do not overlap.")).Run();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
