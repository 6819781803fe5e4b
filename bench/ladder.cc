// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Three rungs: the file itself by plain system calls, our engine over nothing at all, and both
// together. What the middle one costs is the engine; what is left is the file.

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

class Ladder {
 public:
  Ladder(const Args& args, Report& report)
      : smoke_(args.smoke),
        report_(report),
        file_(args, args.smoke ? uint64_t{32} << 20 : uint64_t{256} << 20),
        real_({.path = file_.path()}),
        null_({.path = "null", .null_size_bytes = file_.size_bytes()}) {}

  void Run() {
    LoadLargeFolios(file_.fd(), {0, file_.size_bytes()});
    for (const uint64_t length_bytes : {uint64_t{4096}, uint64_t{131072}}) {
      Measure(CommandKind::kRead, length_bytes);
      Measure(CommandKind::kWrite, length_bytes);
    }
    report_.Finish();
  }

 private:
  void Measure(CommandKind kind, uint64_t length_bytes) {
    const bool read = kind == CommandKind::kRead;
    const auto local = MakePlain(file_.fd(), read ? Transfer::kRead : Transfer::kWrite);
    DiskWay null_way(null_, {.name = "quire over null", .kind = kind});
    DiskWay real_way(real_, {.name = "quire over the file", .kind = kind});
    Way* const ways[] = {local.get(), &null_way, &real_way};
    Prng random(length_bytes);
    std::vector<uint64_t> offsets(smoke_ ? 200 : 8000);
    for (uint64_t& offset : offsets) {
      offset = random.Below(file_.size_bytes() / length_bytes) * length_bytes;
    }
    const Batch batch{.offsets = offsets, .length_bytes = length_bytes};
    for (int pass = 0; pass < 3; ++pass) real_way.Run(batch);
    const auto results = Compare(ways, {.count_rounds = smoke_ ? 1 : 7,
                                        .prepare = [&](int, size_t, Way&) { return batch; }});
    const std::string what = absl::StrCat(read ? "read" : "write", "/", SizeName(length_bytes));
    report_.Heading(absl::StrCat("the ladder, cached ", what));
    report_.Table(results);
    report_.AddCpu("ladder/" + what + "/null", results[1], std::span(results).first(1));
    report_.AddCpu("ladder/" + what + "/real", results[2], std::span(results).first(2));
  }

  const bool smoke_;
  Report& report_;
  const WorkFile file_;
  DiskBed real_, null_;
};

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures the engine alone, the file alone, and both.");
  Report report(args.json);
  Ladder(args, report).Run();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
