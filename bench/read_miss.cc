// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Reads of what is not in memory, random and in order, beside pread and io_uring. Every byte is
// summed by the caller, so that nobody is paid for data that has not come.

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

constexpr uint64_t kSizes[] = {4096, 65536, 131072, 1048576};

class ReadMiss {
 public:
  ReadMiss(const Args& args, Report& report)
      : smoke_(args.smoke),
        report_(report),
        file_(args, args.smoke ? uint64_t{32} << 20 : uint64_t{512} << 20),
        bed_({.path = file_.path()}) {}

  void Run() {
    for (const bool in_order : {false, true}) {
      for (const uint64_t length_bytes : kSizes) {
        if (!smoke_ || length_bytes <= 65536) Measure(length_bytes, in_order);
      }
    }
    report_.Finish();
  }

 private:
  std::vector<uint64_t> Offsets(uint64_t length_bytes, bool in_order) const {
    const uint64_t most = in_order ? (uint64_t{128} << 20) / length_bytes : 1000;
    const uint64_t blocks = file_.size_bytes() / length_bytes;
    Prng random(length_bytes);
    std::vector<uint64_t> offsets(std::min(smoke_ ? most / 20 + 1 : most, blocks));
    for (uint64_t i = 0; i < offsets.size(); ++i) {
      offsets[i] = (in_order ? i : random.Below(blocks)) * length_bytes;
    }
    return offsets;
  }

  void Measure(uint64_t length_bytes, bool in_order) {
    DiskWay one(bed_, {.name = "quire, one at a time"});
    DiskWay many(bed_, {.name = "quire, 32 at once", .depth = kDepth});
    const auto plain = MakePlain(file_.fd(), Transfer::kRead);
    const auto uring = MakeUring(file_.fd(), Transfer::kRead);
    std::vector<Way*> ways = {&one, &many, plain.get()};
    if (uring != nullptr) ways.push_back(uring.get());
    const auto offsets = Offsets(length_bytes, in_order);
    const auto results = Compare(
        ways, {.count_rounds = smoke_ ? 1 : 5, .prepare = [&](int, size_t lane, Way&) {
                 bed_.Retire();
                 if (lane < 2 && !smoke_) bed_.LetHintsAge();
                 DropPages(file_.fd());
                 return Batch{.offsets = offsets, .length_bytes = length_bytes, .consume = true};
               }});
    const std::string order = in_order ? "in-order" : "random";
    report_.Heading(absl::StrCat("reads of ", SizeName(length_bytes), " from the disk, ", order));
    report_.Table(results);
    const std::string name = absl::StrCat("read-miss/", order, "/", SizeName(length_bytes));
    report_.AddCpu(name, results[0], std::span(results).subspan(2, 1));
    report_.Add({name, "time per request", "ns", results[0].wall_ns.median,
                 results[2].wall_ns.median, results[2].name});
    if (results.size() < 4) return;
    report_.AddCpu(name + "/32-at-once", results[1], std::span(results).subspan(3, 1));
    report_.Add({name + "/32-at-once", "time per request", "ns", results[1].wall_ns.median,
                 results[3].wall_ns.median, results[3].name});
  }

  const bool smoke_;
  Report& report_;
  const WorkFile file_;
  DiskBed bed_;
};

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) {
  using namespace quire::bench;
  const Args args = ParseArgs(argc, argv, "Measures reads of a file that is not in memory.");
  Report report(args.json);
  ReadMiss(args, report).Run();
  return 0;
}
