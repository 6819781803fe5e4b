// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What a block costs in a half-full chunk, beside malloc of the same sizes; and how much room is
// lost to fragmentation after millions of operations, in one chunk and in the regions, beside what
// an allocator that could move everything would need.

#include "sg/buddy.h"

#include <malloc.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/compare.h"
#include "bench/support/die.h"
#include "bench/support/report.h"
#include "sg/regions.h"

namespace quire::bench {
namespace {

constexpr uint64_t kPage = PageSource::kPageBytes;
constexpr size_t kBatch = 64;

// All orders take the same share of the memory: each is half as frequent as the one below.
uint32_t RandomOrder(Prng& random, uint32_t max_order) {
  return static_cast<uint32_t>(std::countr_zero(random.Next() | uint64_t{1} << max_order));
}

// One by one in random order, without a gap left behind.
template <typename T>
T TakeRandom(std::vector<T>& all, Prng& random) {
  std::swap(all[random.Below(all.size())], all.back());
  const T one = all.back();
  all.pop_back();
  return one;
}

// ---- The cost of an operation ----

class BuddyBlocks {
 public:
  using Block = uint32_t;
  static constexpr Block kRefused = Buddy::kUnits;
  Block Take(uint32_t order) { return buddy_.Take(order).value_or(kRefused); }
  void Release(Block block) { buddy_.Release(block); }

 private:
  Buddy buddy_;
};

class MallocBlocks {
 public:
  using Block = void*;
  static constexpr Block kRefused = nullptr;
  Block Take(uint32_t order) { return malloc(kPage << order); }
  void Release(Block block) { free(block); }
};

struct Costs {
  std::vector<double> take_ns, release_ns;
};

// A chunk's worth of live blocks, of which half is in use.
template <typename Blocks>
class HalfFull {
 public:
  HalfFull() {
    live_.reserve(Buddy::kUnits);
    batch_.reserve(kBatch);
    Fill();
  }
  ~HalfFull() {
    for (const Live& one : live_) blocks_.Release(one.block);
  }

  // Releases a batch of random blocks, and takes others until it is half full again; in `costs`,
  // per operation.
  void Round(int count_batches, Costs& costs) {
    uint64_t take_ns = 0, release_ns = 0, taken = 0, released = 0;
    for (int i = 0; i < count_batches; ++i) {
      Choose();
      const uint64_t start_ns = Clock::System().NowNs();
      for (const Live& one : batch_) blocks_.Release(one.block);
      release_ns += Clock::System().NowNs() - start_ns;
      released += batch_.size();
      taken += Fill();
      take_ns += fill_ns_;
    }
    costs.take_ns.push_back(static_cast<double>(take_ns) / static_cast<double>(taken));
    costs.release_ns.push_back(static_cast<double>(release_ns) / static_cast<double>(released));
  }

 private:
  struct Live {
    typename Blocks::Block block;
    uint32_t order;
  };

  // The batch to release. The accounts are settled here, so that only the blocks' work is timed.
  void Choose() {
    batch_.clear();
    while (batch_.size() < kBatch && !live_.empty()) {
      batch_.push_back(TakeRandom(live_, random_));
      used_units_ -= 1u << batch_.back().order;
    }
  }

  // Returns how many blocks were taken.
  size_t Fill() {
    const size_t before = live_.size();
    Plan();
    const uint64_t start_ns = Clock::System().NowNs();
    for (size_t i = before; i < live_.size(); ++i) {
      live_[i].block = blocks_.Take(live_[i].order);
    }
    fill_ns_ = Clock::System().NowNs() - start_ns;
    const auto refused = [this](const Live& one) {
      if (one.block != Blocks::kRefused) return false;
      used_units_ -= 1u << one.order;
      return true;
    };
    std::erase_if(live_, refused);
    return live_.size() - before;
  }

  // Orders that make it half full.
  void Plan() {
    while (used_units_ < Buddy::kUnits / 2) {
      const auto room = static_cast<uint32_t>(std::bit_width(Buddy::kUnits / 2 - used_units_)) - 1;
      const uint32_t order = std::min(RandomOrder(random_, Buddy::kMaxOrder), room);
      live_.push_back({Blocks::kRefused, order});
      used_units_ += 1u << order;
    }
  }

  Blocks blocks_;
  Prng random_{1};
  std::vector<Live> live_, batch_;
  uint32_t used_units_ = 0;
  uint64_t fill_ns_ = 0;
};

void AddCost(const std::string& name, const std::vector<double>& ours,
             const std::vector<double>& theirs, Report& report) {
  const Spread our_ns = SpreadOf(ours);
  const Spread their_ns = SpreadOf(theirs);
  const auto cell = [](const Spread& ns) {
    return absl::StrCat(TimeName(ns.median), " (", TimeName(ns.low), " - ", TimeName(ns.high), ")");
  };
  std::printf("  %-8s %-31s %-31s\n", name.c_str(), cell(our_ns).c_str(), cell(their_ns).c_str());
  report.Add(
      {"buddy/" + name, "time per operation", "ns", our_ns.median, their_ns.median, "malloc"});
  report.Add({.name = "figure/buddy-" + name,
              .metric = "time per operation, half full",
              .unit = "ns",
              .ours = our_ns.median,
              .peer = 100,
              .peer_name = "100 ns",
              .limit = 1});
}

void CompareCosts(bool smoke, Report& report) {
  HalfFull<BuddyBlocks> ours;
  HalfFull<MallocBlocks> theirs;
  Costs our_costs, their_costs;
  for (int round = 0; round < (smoke ? 3 : 101); ++round) {
    const int count_batches = smoke ? 10 : 250;
    if (round % 2 == 0) ours.Round(count_batches, our_costs);
    theirs.Round(count_batches, their_costs);
    if (round % 2 == 1) ours.Round(count_batches, our_costs);
  }
  std::printf("\nrandom orders in a half-full chunk, time (quartiles)\n  %-8s %-31s %-31s\n", "",
              "buddy", "malloc, untouched");
  AddCost("take", our_costs.take_ns, their_costs.take_ns, report);
  AddCost("release", our_costs.release_ns, their_costs.release_ns, report);
}

// ---- Fragmentation ----

// A load that swings between an eighth and seven eighths of `capacity_pages`, with every block
// living for a random time: Next says whether to take one.
class Swing {
 public:
  Swing(uint64_t capacity_pages, uint64_t period) : capacity_(capacity_pages), period_(period) {}

  bool Takes(uint64_t used_pages) {
    const uint64_t at = count_++ % period_;
    const uint64_t up = 2 * std::min(at, period_ - at);  // 0 to the period
    const uint64_t target = capacity_ / 8 + capacity_ * 3 / 4 * up / period_;
    return random_.Chance(used_pages < target ? 3 : 1, 4);
  }
  Prng& random() { return random_; }

 private:
  const uint64_t capacity_;
  const uint64_t period_;
  uint64_t count_ = 0;
  Prng random_{2};
};

struct Samples {
  std::vector<double> values;  // 1: nothing is lost
  double worst = 1;
  void Add(double value) {
    values.push_back(value);
    worst = std::max(worst, value);
  }
};

void PrintSamples(const char* name, const Samples& samples) {
  const Spread spread = SpreadOf(samples.values);
  std::printf("  %-46s %7.3f (%.3f - %.3f) %8.3f\n", name, spread.median, spread.low, spread.high,
              samples.worst);
}

// How much larger the largest free block would be if all blocks were moved together.
Samples FragmentChunk(uint64_t count_operations) {
  Buddy buddy;
  Swing swing(Buddy::kUnits, 100'000);
  std::vector<uint32_t> live;
  Samples samples;
  for (uint64_t i = 0; i < count_operations; ++i) {
    const uint32_t used = Buddy::kUnits - buddy.CountFreeUnits();
    if (live.empty() || swing.Takes(used)) {
      const auto unit = buddy.Take(RandomOrder(swing.random(), 8));
      if (unit.has_value()) live.push_back(*unit);
    } else {
      buddy.Release(TakeRandom(live, swing.random()));
    }
    if (i % 997 != 0 || buddy.CountFreeUnits() == 0) continue;
    samples.Add(static_cast<double>(std::bit_floor(buddy.CountFreeUnits())) /
                static_cast<double>(1u << *buddy.largest()));
  }
  return samples;
}

// Memory held by memory used, of the regions and of malloc under the same load.
class Held {
 public:
  explicit Held(uint64_t capacity_bytes)
      : swing_(capacity_bytes / kPage, 1'000'000), regions_(MakeRegions(capacity_bytes)) {}
  ~Held() {
    while (!live_.empty()) ReleaseOne();
  }

  void Run(uint64_t count_operations) {
    const size_t before_bytes = MallocHeldBytes();
    for (uint64_t i = 0; i < count_operations; ++i) {
      if (live_.empty() || swing_.Takes(used_bytes_ / kPage)) {
        TakeOne();
      } else {
        ReleaseOne();
      }
      if (i % 9973 == 0 && used_bytes_ > 0) Sample(before_bytes);
    }
  }

  const Samples& ours() const { return ours_; }
  const Samples& theirs() const { return theirs_; }

 private:
  struct Live {
    std::span<std::byte> block;
    void* peer;
  };

  static std::unique_ptr<Regions> MakeRegions(uint64_t max_bytes) {
    absl::StatusOr<std::unique_ptr<Regions>> regions = Regions::Create({.max_bytes = max_bytes});
    if (!regions.ok()) Die(std::string(regions.status().message()));
    return *std::move(regions);
  }

  static size_t MallocHeldBytes() {
    const auto info = mallinfo2();
    return info.arena + info.hblkhd;
  }

  void TakeOne() {
    const uint64_t length_bytes = kPage << RandomOrder(swing_.random(), Buddy::kMaxOrder);
    const std::span<std::byte> block = regions_->Take(length_bytes);
    if (block.empty()) return;
    live_.push_back({block, malloc(length_bytes)});
    used_bytes_ += length_bytes;
  }

  void ReleaseOne() {
    const Live one = TakeRandom(live_, swing_.random());
    used_bytes_ -= one.block.size();
    regions_->Release(one.block);
    free(one.peer);
  }

  // Free chunks go first, as they do after their minute.
  void Sample(size_t before_bytes) {
    regions_->Retire(/*idle_ns=*/0, regions_->count_chunks());
    const uint64_t least_chunks = (used_bytes_ + Regions::kChunkBytes - 1) / Regions::kChunkBytes;
    ours_.Add(static_cast<double>(regions_->stats().chunks) / static_cast<double>(least_chunks));
    theirs_.Add(static_cast<double>(MallocHeldBytes() - before_bytes) /
                static_cast<double>(used_bytes_));
  }

  Swing swing_;
  const std::unique_ptr<Regions> regions_;
  std::vector<Live> live_;
  uint64_t used_bytes_ = 0;
  Samples ours_, theirs_;
};

void CompareFragmentation(bool smoke, Report& report) {
  const uint64_t count_operations = smoke ? 200'000 : 10'000'000;
  const Samples chunk = FragmentChunk(count_operations);
  Held held(uint64_t{1} << 30);
  held.Run(count_operations);
  std::printf("\nfragmentation over %llu takes and releases; 1: as if all could be moved\n",
              static_cast<unsigned long long>(count_operations));
  std::printf("  %-46s %7s %17s %8s\n", "", "median", "quartiles", "worst");
  PrintSamples("one chunk: best possible / largest free block", chunk);
  PrintSamples("regions: chunks / fewest possible", held.ours());
  PrintSamples("malloc: held / used", held.theirs());
  report.Add({"fragmentation/regions", "memory held by memory used", "ratio",
              SpreadOf(held.ours().values).median, SpreadOf(held.theirs().values).median,
              "malloc"});
  report.Add({"fragmentation/regions-worst", "memory held by memory used", "ratio",
              held.ours().worst, held.theirs().worst, "malloc"});
  report.Add({"fragmentation/chunk", "best possible by largest free block", "ratio",
              SpreadOf(chunk.values).median, 1, "the best"});
}

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures blocks of a chunk, and fragmentation.");
  Report report(args.json);
  CompareCosts(args.smoke, report);
  CompareFragmentation(args.smoke, report);
  report.Finish();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
