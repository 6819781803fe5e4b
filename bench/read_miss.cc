// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Reads of what is not in memory, or half of it, random and in order, beside pread and io_uring.
// Every byte is summed by the caller, so that nobody is paid for data that has not come.

#include <string>

#include "absl/strings/str_cat.h"
#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/disk_bed.h"
#include "bench/support/page_cache.h"
#include "bench/support/peers.h"
#include "bench/support/report.h"
#include "bench/support/work_file.h"

namespace quire::bench {
namespace {

constexpr uint64_t kSizes[] = {4096, 16384, 65536, 131072, 262144, 1048576};

// kHalf: random, and half of the pages of each request are in memory.
enum class Order : uint8_t { kRandom, kInOrder, kHalf };

const char* Name(Order order) {
  switch (order) {
    case Order::kRandom:
      return "random";
    case Order::kInOrder:
      return "in-order";
    case Order::kHalf:
      return "half";
  }
  return "?";
}

class ReadMiss {
 public:
  ReadMiss(const Args& args, Report& report)
      : smoke_(args.smoke),
        report_(report),
        file_(args, args.smoke ? uint64_t{32} << 20 : uint64_t{512} << 20),
        bed_({.path = file_.path()}) {}

  void Run() {
    for (const Order order : {Order::kRandom, Order::kInOrder, Order::kHalf}) {
      for (const uint64_t length_bytes : kSizes) {
        if (!smoke_ || length_bytes <= 65536) Measure(length_bytes, order);
      }
    }
    report_.Finish();
  }

 private:
  std::vector<uint64_t> Offsets(uint64_t length_bytes, Order order) const {
    const bool in_order = order == Order::kInOrder;
    const uint64_t most = in_order ? (uint64_t{128} << 20) / length_bytes : 1000;
    const uint64_t blocks = file_.size_bytes() / length_bytes;
    Prng random(length_bytes);
    std::vector<uint64_t> offsets(std::min(smoke_ ? most / 20 + 1 : most, blocks));
    for (uint64_t i = 0; i < offsets.size(); ++i) {
      offsets[i] = (in_order ? i : random.Below(blocks)) * length_bytes;
    }
    return offsets;
  }

  // The first half of each request, or every second request where that is one page.
  void LoadHalf(std::span<const uint64_t> offsets, uint64_t length_bytes) {
    const uint64_t stretch = std::max<uint64_t>(length_bytes / 2, 4096);
    const size_t step = length_bytes > stretch ? 1 : 2;
    for (size_t i = 0; i < offsets.size(); i += step) {
      LoadSmallFolios(file_.fd(), {offsets[i], stretch});
    }
  }

  void Measure(uint64_t length_bytes, Order order) {
    DiskWay one(bed_, {.name = "quire, one at a time"});
    DiskWay many(bed_, {.name = "quire, 32 at once", .depth = kDepth});
    DiskWay references(bed_, {.name = "the same by reference", .references_only = true});
    DiskWay copies(bed_, {.name = "the same by copy", .copies_only = true});
    const auto plain = MakePlain(file_.fd(), Transfer::kRead);
    const auto uring = MakeUring(file_.fd(), Transfer::kRead);
    std::vector<Way*> ways = {&one, &many, &references, &copies, plain.get()};
    const size_t count_ours = ways.size() - 1;
    if (uring != nullptr) ways.push_back(uring.get());
    const auto offsets = Offsets(length_bytes, order);
    const auto results = Compare(
        ways, {.count_rounds = smoke_ ? 1 : 5, .prepare = [&](int, size_t lane, Way&) {
                 bed_.Retire();
                 if (lane < count_ours && !smoke_) bed_.LetHintsAge();
                 DropPages(file_.fd());
                 if (order == Order::kHalf) LoadHalf(offsets, length_bytes);
                 return Batch{.offsets = offsets, .length_bytes = length_bytes, .consume = true};
               }});
    report_.Heading(
        absl::StrCat("reads of ", SizeName(length_bytes), " from the disk, ", Name(order)));
    report_.Table(results);
    const std::string name = absl::StrCat("read-miss/", Name(order), "/", SizeName(length_bytes));
    const std::span theirs = std::span(results).subspan(count_ours);
    Add(name, results[0], theirs.first(1));
    Add(name + "/32-at-once", results[1], theirs.subspan(1));
    const Measured& best =
        results[2].cpu_ns.median < results[3].cpu_ns.median ? results[2] : results[3];
    report_.Add(
        {.name = absl::StrCat("figure/read-regret-", Name(order), "/", SizeName(length_bytes)),
         .metric = "CPU per request",
         .unit = "ns",
         .ours = results[0].cpu_ns.median,
         .peer = best.cpu_ns.median,
         .peer_name = best.name,
         .limit = 1.15});
  }

  void Add(const std::string& name, const Measured& ours, std::span<const Measured> theirs) {
    report_.AddCpu(name, ours, theirs);
    for (const Measured& peer : theirs) {
      report_.Add(
          {name, "time per request", "ns", ours.wall_ns.median, peer.wall_ns.median, peer.name});
    }
  }

  const bool smoke_;
  Report& report_;
  const WorkFile file_;
  DiskBed bed_;
};

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures reads of a file that is not in memory.");
  Report report(args.json);
  ReadMiss(args, report).Run();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
