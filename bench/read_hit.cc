// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Cached reads: by reference through the whole path (session, device, page cache, OnFreeCommand),
// by its copy path, by pread and by io_uring; untouched, and with every byte looked at by the
// caller, page tables filled and empty; with hints, without, and on a kernel without cachestat.

#include <cstdio>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/disk_bed.h"
#include "bench/support/page_cache.h"
#include "bench/support/peers.h"
#include "bench/support/report.h"
#include "bench/support/work_file.h"
#include "engine/kernel_features.h"

namespace quire::bench {
namespace {

constexpr uint64_t kSizes[] = {4096, 16384, 65536, 131072, 262144, 1048576};

struct Setting {
  bool smoke;
  uint64_t file_bytes;
  std::span<const uint64_t> sizes() const { return std::span(kSizes).first(smoke ? 2 : 6); }
  int rounds() const { return smoke ? 1 : 7; }
};

// What is promised about a read of `length_bytes`, as a part of pread's CPU.
std::optional<double> LimitOfHit(uint64_t length_bytes) {
  switch (length_bytes) {
    case 4096:
      return 1.0 / 3;
    case 131072:
      return 1.0 / 15;
    case 1048576:
      return 1.0 / 100;
    default:
      return std::nullopt;
  }
}

std::optional<double> LimitOfConsumed(uint64_t length_bytes) {
  switch (length_bytes) {
    case 4096:
      return 1.1;
    case 131072:
      return 0.8;
    case 1048576:
      return 0.7;
    default:
      return std::nullopt;
  }
}

std::vector<uint64_t> RandomOffsets(const Setting& setting, uint64_t length_bytes, size_t count) {
  Prng random(42 + length_bytes);
  std::vector<uint64_t> offsets(count);
  for (uint64_t& offset : offsets) {
    offset = random.Below(setting.file_bytes / length_bytes) * length_bytes;
  }
  return offsets;
}

size_t CountRequests(const Setting& setting, uint64_t length_bytes) {
  const size_t count = std::clamp<size_t>((512 << 20) / length_bytes, 1000, 20000);
  return setting.smoke ? count / 40 : count;
}

// Reads everything until all regions are known to be in memory.
void WarmUp(DiskBed& bed, const Setting& setting) {
  DiskWay way(bed, {.depth = 4});
  std::vector<uint64_t> offsets;
  for (uint64_t at = 0; at < setting.file_bytes; at += 1 << 20) offsets.push_back(at);
  for (int pass = 0; pass < (setting.smoke ? 2 : 6); ++pass) {
    way.Run({.offsets = offsets, .length_bytes = 1 << 20});
    bed.reactor().Wait(10 * kNsPerMs);
  }
}

// Reads everything until one pass is answered by hints alone.
void FreshenHints(DiskBed& bed, const Setting& setting) {
  DiskWay way(bed, {.depth = 4});
  std::vector<uint64_t> offsets;
  for (uint64_t at = 0; at < setting.file_bytes; at += 1 << 20) offsets.push_back(at);
  for (int pass = 0; pass < 50; ++pass) {
    const DiskStats before = bed.disk().stats();
    way.Run({.offsets = offsets, .length_bytes = 1 << 20});
    const DiskStats after = bed.disk().stats();
    if (after.hint_hits - before.hint_hits == after.reads - before.reads) return;
    bed.reactor().Wait(kNsPerMs);
  }
}

class Peers {
 public:
  explicit Peers(int fd)
      : pread_(MakePlain(fd, Transfer::kRead)), uring_(MakeUring(fd, Transfer::kRead)) {}

  Way& pread() { return *pread_; }
  void AddTo(std::vector<Way*>& ways) {
    ways.push_back(pread_.get());
    if (uring_ != nullptr) ways.push_back(uring_.get());
  }

 private:
  std::unique_ptr<Way> pread_, uring_;
};

void AddAll(Report& report, const std::string& name, std::span<const Measured> ours,
            std::span<const Measured> peers) {
  for (const Measured& way : ours) {
    report.AddCpu(absl::StrCat(name, "/", way.name), way, peers);
    report.Add({absl::StrCat(name, "/", way.name), "bytes copied per request", "bytes",
                way.user_copied_bytes + way.kernel_copied_bytes, peers[0].kernel_copied_bytes,
                peers[0].name});
    report.Add({absl::StrCat(name, "/", way.name), "system calls per request", "calls",
                way.system_calls, peers[0].system_calls, peers[0].name});
  }
}

void AddFigure(Report& report, const std::string& name, const Measured& ours, const Measured& peer,
               std::optional<double> limit) {
  if (!limit.has_value()) return;
  report.Add({.name = "figure/" + name,
              .metric = "CPU per request",
              .unit = "ns",
              .ours = ours.cpu_ns.median,
              .peer = peer.cpu_ns.median,
              .peer_name = peer.name,
              .limit = limit});
}

void PrintHints(Report& report, const DiskStats& before, const DiskStats& after,
                const std::string& name) {
  const auto reads = static_cast<double>(after.reads - before.reads);
  const auto hits = static_cast<double>(after.hint_hits - before.hint_hits);
  const auto renewed = static_cast<double>(after.hints_renewed - before.hints_renewed);
  std::printf("  answered by a hint alone: %.2f %%, by one mincore: %.2f %%\n", 100 * hits / reads,
              100 * renewed / reads);
  report.Add({name, "share answered by a hint alone", "share", hits / reads, 0, ""});
}

// Page tables filled, hints fresh: what a disk that is in use sees.
void MeasureWarm(Report& report, const Setting& setting, int fd, DiskBed& hinted, DiskBed& asking,
                 uint64_t length_bytes, bool consume) {
  Peers peers(fd);
  DiskWay by_reference(hinted, {.name = "reference"});
  DiskWay batched(hinted, {.name = "reference, 32 at once", .depth = kDepth});
  DiskWay by_question(asking, {.name = "hints off"});
  DiskWay by_copy(hinted, {.name = "copy", .copies_only = true});
  std::vector<Way*> ways = {&by_reference, &batched, &by_question, &by_copy};
  const size_t count_ours = ways.size();
  peers.AddTo(ways);

  const auto offsets = RandomOffsets(setting, length_bytes,
                                     CountRequests(setting, length_bytes) / (consume ? 4 : 1));
  const Batch batch{.offsets = offsets, .length_bytes = length_bytes, .consume = consume};
  by_reference.Run(batch);  // whatever is not yet warm
  by_question.Run(batch);
  const DiskStats before = hinted.disk().stats();
  const auto results = Compare(ways, {.count_rounds = setting.rounds(),
                                      .prepare = [&](int, size_t, Way&) { return batch; }});
  const std::string size = SizeName(length_bytes);
  const std::string kind = consume ? "read-hit-consumed" : "read-hit";
  report.Heading(
      absl::StrCat("cached random reads of ", size,
                   consume ? ", every byte summed by the caller, page tables warm" : ""));
  report.Table(results);
  const std::span all(results);
  AddAll(report, absl::StrCat(kind, "/", size), all.first(count_ours), all.subspan(count_ours));
  if (!consume) {
    // The copying way asks for no hint: count the others.
    DiskStats after = hinted.disk().stats();
    const uint64_t copies = offsets.size() * static_cast<size_t>(setting.rounds() + 1);
    after.reads -= copies;
    PrintHints(report, before, after, absl::StrCat("read-hit/", size, "/hints"));
  }
  if (consume) {
    // The pure ways: references, and copies.
    const Measured& best =
        results[0].cpu_ns.median < results[3].cpu_ns.median ? results[0] : results[3];
    AddFigure(report, "read-regret-resident/" + size, results[0], best, 1.15);
  }
  const auto limit = consume ? LimitOfConsumed(length_bytes) : LimitOfHit(length_bytes);
  AddFigure(report, absl::StrCat(kind, consume ? "-warm-" : "-", size), results[0],
            results[count_ours], limit);
}

// The same requests, but all page tables are given back before every round; with hints as fresh as
// in the rows before, and with nothing known about the pages, as after a pause.
void MeasureCold(Report& report, const Setting& setting, int fd, DiskBed& hinted,
                 uint64_t length_bytes, bool hints_fresh) {
  Peers peers(fd);
  DiskWay chosen(hinted, {.name = "as chosen"});
  DiskWay forced(hinted, {.name = "reference", .references_only = true});
  std::vector<Way*> ways = {&chosen, &forced};
  peers.AddTo(ways);
  const auto offsets =
      RandomOffsets(setting, length_bytes, CountRequests(setting, length_bytes) / 4);
  const auto results = Compare(
      ways, {.count_rounds = setting.rounds(), .prepare = [&](int, size_t lane, Way&) {
               if (lane < 2 && hints_fresh) FreshenHints(hinted, setting);
               hinted.Retire();
               if (lane < 2 && !hints_fresh && !setting.smoke) hinted.LetHintsAge();
               return Batch{.offsets = offsets, .length_bytes = length_bytes, .consume = true};
             }});
  const std::string size = SizeName(length_bytes);
  report.Heading(absl::StrCat("the same, page tables empty",
                              hints_fresh ? ", " : ", nothing known about the pages, ", size));
  report.Table(results);
  const std::span all(results);
  AddAll(report, absl::StrCat("read-hit-consumed-", hints_fresh ? "cold/" : "unknown/", size),
         all.first(2), all.subspan(2));
  if (hints_fresh) {
    AddFigure(report, absl::StrCat("read-hit-consumed-cold-", size), results[0], results[2],
              LimitOfConsumed(length_bytes));
  }
}

void MeasureKernel(Report& report, const Setting& setting, const WorkFile& file,
                   const std::string& kernel) {
  DiskBed bed({.path = file.path()});
  WarmUp(bed, setting);
  for (const uint64_t length_bytes : setting.sizes()) {
    Peers peers(file.fd());
    DiskWay by_reference(bed, {.name = "reference"});
    std::vector<Way*> ways = {&by_reference};
    peers.AddTo(ways);
    const auto offsets = RandomOffsets(setting, length_bytes, CountRequests(setting, length_bytes));
    const Batch batch{.offsets = offsets, .length_bytes = length_bytes};
    by_reference.Run(batch);
    const DiskStats before = bed.disk().stats();
    const auto results = Compare(ways, {.count_rounds = setting.rounds(),
                                        .prepare = [&](int, size_t, Way&) { return batch; }});
    const std::string size = SizeName(length_bytes);
    report.Heading(absl::StrCat("cached random reads of ", size, ", ", kernel));
    report.Table(results);
    const std::span all(results);
    const std::string name = absl::StrCat("read-hit-without-cachestat/", size);
    AddAll(report, name, all.first(1), all.subspan(1));
    PrintHints(report, before, bed.disk().stats(), absl::StrCat(name, "/hints"));
    AddFigure(report, absl::StrCat("read-hit-without-cachestat-", size), results[0], results[1],
              LimitOfHit(length_bytes));
  }
}

// Pages are evicted behind the hint's back: whoever touches the reference waits for the disk.
void MeasureWrongHint(Report& report, const Setting& setting, const WorkFile& file) {
  DiskBed bed({.path = file.path()});
  WarmUp(bed, setting);
  const auto plain = MakePlain(file.fd(), Transfer::kRead);
  DiskWay right(bed, {.name = "right hint", .references_only = true});
  DiskWay wrong(bed, {.name = "wrong hint", .references_only = true});
  DiskWay none(bed, {.name = "no hint"});
  std::vector<Way*> ways = {&right, &wrong, &none, plain.get()};
  Prng random(7);
  std::vector<uint64_t> offsets;
  const auto results =
      Compare(ways, {.count_rounds = setting.rounds() * 2 + 1,
                     .prepare =
                         [&](int, size_t lane, Way&) {
                           // One region, so that it is read within the life of its hint.
                           const uint64_t region = random.Below(setting.file_bytes >> 20) << 20;
                           offsets.clear();
                           for (int i = 0; i < 16; ++i)
                             offsets.push_back(region + 65536 * static_cast<uint64_t>(i));
                           LoadLargeFolios(file.fd(), {region, 1 << 20});
                           std::vector<uint64_t> whole(4, region);
                           if (lane < 2) right.Run({.offsets = whole, .length_bytes = 1 << 20});
                           bed.reactor().Wait(kNsPerMs);
                           bed.Retire();
                           if (lane > 0) DropPages(file.fd());
                           return Batch{.offsets = offsets, .length_bytes = 4096, .consume = true};
                         },
                     .same_data = false});
  report.Heading("what a wrong hint costs: 4k, every byte summed, pages evicted behind its back");
  report.Table(results);
  for (const size_t ours : {size_t{0}, size_t{1}, size_t{2}}) {
    report.AddCpu("wrong-hint/4k/" + results[ours].name, results[ours],
                  std::span(results).subspan(3));
    report.Add({"wrong-hint/4k/" + results[ours].name, "time per request", "ns",
                results[ours].wall_ns.median, results[3].wall_ns.median, results[3].name});
  }
  std::printf("  the last three read from the disk\n");
}

void MeasureAll(Report& report, const Setting& setting, const WorkFile& file) {
  DiskBed hinted({.path = file.path()});
  DiskBed asking({.path = file.path(), .share = true, .hints = false});
  WarmUp(hinted, setting);
  WarmUp(asking, setting);
  for (const uint64_t length_bytes : setting.sizes()) {
    MeasureWarm(report, setting, file.fd(), hinted, asking, length_bytes, /*consume=*/false);
  }
  for (const uint64_t length_bytes : setting.sizes()) {
    MeasureWarm(report, setting, file.fd(), hinted, asking, length_bytes, /*consume=*/true);
    MeasureCold(report, setting, file.fd(), hinted, length_bytes, /*hints_fresh=*/true);
    MeasureCold(report, setting, file.fd(), hinted, length_bytes, /*hints_fresh=*/false);
    WarmUp(hinted, setting);
  }
}

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures reads of a file that is in memory.");
  const Setting setting{args.smoke, args.size_bytes != 0 ? args.size_bytes
                                    : args.smoke         ? 64u << 20
                                                         : 1u << 30};
  Report report(args.json);
  {
    const WorkFile file(args, setting.file_bytes);
    DropPages(file.fd());
    LoadLargeFolios(file.fd(), {0, setting.file_bytes});
    MeasureAll(report, setting, file);
    KernelFeatures features = KernelFeatures::Get();
    features.cachestat = false;
    KernelFeatures::OverrideForTest(&features);
    MeasureKernel(report, setting, file, "no cachestat (Debian 12's own Linux 6.1)");
    KernelFeatures::OverrideForTest(nullptr);
    MeasureWrongHint(report, setting, file);
  }
  report.Finish();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
