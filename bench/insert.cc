// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Overwrites, by size and by what is in memory: the path that is chosen, beside always storing into
// a mapping, always pwrite, and io_uring. The regret is the chosen path against the better of the
// two pure ones, with the engine's own work in it.
//
// A round starts with all pages clean and all page tables empty. The file is cut into zones, one
// for each way and size; a zone's blocks are written in random order, each once, so that nobody
// finds the pages another one made dirty. Ways change zones from round to round.

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
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

constexpr std::array<uint64_t, 5> kSizes = {4096, 16384, 65536, 262144, 1048576};
constexpr size_t kMaxPerZone = 4096;

enum class State : uint8_t { kLargeFolios, kSmallFolios, kAbsent, kHalf };
constexpr State kStates[] = {State::kLargeFolios, State::kSmallFolios, State::kAbsent,
                             State::kHalf};

const char* Name(State state) {
  switch (state) {
    case State::kLargeFolios:
      return "large-folios";
    case State::kSmallFolios:
      return "small-folios";
    case State::kAbsent:
      return "absent";
    case State::kHalf:
      return "half";
  }
  return "?";
}

// The file in equal zones. INVARIANT: one for each way, and one to learn in.
class Zones {
 public:
  static constexpr size_t kCount = 7;
  explicit Zones(uint64_t file_bytes) : zone_bytes_(file_bytes / kCount >> 20 << 20) {}

  ByteRange Zone(size_t index) const { return {index % kCount * zone_bytes_, zone_bytes_}; }

  // Every block of the zone, or of its beginning, once and in random order.
  std::vector<uint64_t> Offsets(size_t index, uint64_t length_bytes,
                                uint64_t count_max = kMaxPerZone) const {
    ByteRange zone = Zone(index);
    zone.length = std::min(zone.length, count_max * length_bytes);
    std::vector<uint64_t> offsets;
    for (uint64_t at = zone.offset; at < zone.end(); at += length_bytes) offsets.push_back(at);
    Prng random(index + length_bytes);
    for (size_t i = offsets.size(); i > 1; --i) std::swap(offsets[i - 1], offsets[random.Below(i)]);
    return offsets;
  }

 private:
  const uint64_t zone_bytes_;
};

class Insert {
 public:
  Insert(const Args& args, Report& report)
      : rounds_(args.smoke ? 1 : 5),
        sizes_(std::span(kSizes).first(args.smoke ? 2 : kSizes.size())),
        report_(report),
        file_(args, args.smoke ? uint64_t{28} << 20 : uint64_t{896} << 20),
        zones_(file_.size_bytes()),
        mapped_(file_.fd(), file_.size_bytes(), Transfer::kWrite),
        plain_(MakePlain(file_.fd(), Transfer::kWrite)),
        uring_(MakeUring(file_.fd(), Transfer::kWrite)) {}

  void Run() {
    for (const State state : kStates) {
      for (const uint64_t length_bytes : sizes_) MeasureCell(state, length_bytes);
    }
    MeasureDirty();
  }

 private:
  // Clean, in the state, no page tables.
  void Bring(State state, uint64_t length_bytes, DiskBed& bed) {
    mapped_.Retire();
    bed.Retire();
    DropPages(file_.fd());
    const ByteRange all{0, file_.size_bytes()};
    switch (state) {
      case State::kLargeFolios:
        LoadLargeFolios(file_.fd(), all);
        return;
      case State::kSmallFolios:
        LoadSmallFolios(file_.fd(), all);
        return;
      case State::kAbsent:
        return;
      case State::kHalf:
        // The first half of each request, or every second request where that is one page.
        const uint64_t stretch = std::max<uint64_t>(length_bytes / 2, 4096);
        for (uint64_t at = 0; at < all.length; at += 2 * stretch) {
          LoadSmallFolios(file_.fd(), {at, stretch});
        }
        return;
    }
  }

  static bool Absent(State state) { return state == State::kAbsent || state == State::kHalf; }

  // So that the costs are learned, as they are after a moment of service.
  void Learn(DiskWay& chosen, uint64_t length_bytes) {
    const auto offsets = zones_.Offsets(Zones::kCount - 1, length_bytes);
    chosen.Run({.offsets = offsets, .length_bytes = length_bytes});
  }

  std::vector<Measured> Measure(State state, uint64_t length_bytes, DiskBed& bed) {
    DiskWay chosen(bed, {.name = "chosen", .kind = CommandKind::kWrite});
    DiskWay stores(bed, {.name = "stores only", .kind = CommandKind::kWrite, .stores_only = true});
    DiskWay writes(bed, {.name = "writes only", .kind = CommandKind::kWrite, .writes_only = true});
    std::vector<Way*> ways = {&chosen, &stores, &writes, plain_.get(), &mapped_};
    if (uring_ != nullptr) ways.push_back(uring_.get());
    int prepared = -1;
    std::vector<uint64_t> offsets;
    return Compare(ways, {.count_rounds = rounds_, .prepare = [&](int round, size_t lane, Way&) {
                            if (round != prepared) {
                              Bring(state, length_bytes, bed);
                              Learn(chosen, length_bytes);
                              prepared = round;
                            }
                            // Memory that a long lane left free may be gone from the machine.
                            if (Absent(state)) TouchFreeMemory(file_.size_bytes());
                            const size_t zone = (lane + static_cast<size_t>(round)) % ways.size();
                            offsets = zones_.Offsets(zone, length_bytes);
                            return Batch{.offsets = offsets, .length_bytes = length_bytes};
                          }});
  }

  void MeasureCell(State state, uint64_t length_bytes) {
    DiskBed bed({.path = file_.path()});
    const std::string cell = absl::StrCat(Name(state), "/", SizeName(length_bytes));
    report_.Heading(absl::StrCat("overwrites, ", cell, ", each block once, pages clean before"));
    const auto results = Measure(state, length_bytes, bed);
    report_.Table(results);
    PrintPaths(bed.disk().stats());
    const Measured& best =
        results[1].cpu_ns.median < results[2].cpu_ns.median ? results[1] : results[2];
    report_.AddCpu("insert/" + cell, results[0], std::span(results).subspan(3));
    report_.Add({.name = "figure/insert-regret-" + cell,
                 .metric = "CPU per request",
                 .unit = "ns",
                 .ours = results[0].cpu_ns.median,
                 .peer = best.cpu_ns.median,
                 .peer_name = best.name,
                 .limit = 1.15});
  }

  // The same blocks over and over: pages are dirty already, page tables filled.
  void MeasureDirty() {
    DiskBed bed({.path = file_.path()});
    for (const uint64_t length_bytes : sizes_) {
      Bring(State::kLargeFolios, length_bytes, bed);
      DiskWay chosen(bed, {.name = "chosen", .kind = CommandKind::kWrite});
      Learn(chosen, length_bytes);
      std::vector<Way*> ways = {&chosen, &mapped_, plain_.get()};
      if (uring_ != nullptr) ways.push_back(uring_.get());
      std::array<std::vector<uint64_t>, Zones::kCount> offsets;
      for (size_t lane = 0; lane < ways.size(); ++lane) {
        offsets[lane] = zones_.Offsets(lane, length_bytes, 8 * kMaxPerZone);
        for (int pass = 0; pass < 3; ++pass) {
          ways[lane]->Run({.offsets = offsets[lane], .length_bytes = length_bytes});
        }
      }
      const auto results =
          Compare(ways, {.count_rounds = rounds_, .prepare = [&](int, size_t lane, Way&) {
                           return Batch{.offsets = offsets[lane], .length_bytes = length_bytes};
                         }});
      const std::string cell = absl::StrCat("dirty-large-folios/", SizeName(length_bytes));
      report_.Heading(absl::StrCat("overwrites, ", cell, ", the same blocks again and again"));
      report_.Table(results);
      report_.AddCpu("insert/" + cell, results[0], std::span(results).subspan(1));
      if (length_bytes != 4096) continue;
      report_.Add({.name = "figure/overwrite-4k-large-folios",
                   .metric = "CPU per request",
                   .unit = "ns",
                   .ours = results[0].cpu_ns.median,
                   .peer = results[2].cpu_ns.median,
                   .peer_name = results[2].name,
                   .limit = 1.0 / 8});
    }
  }

  static void PrintPaths(const DiskStats& stats) {
    std::printf(" ");
    for (const auto& [name, count] : stats.write_paths) {
      std::printf(" %s %llu", name.c_str(), static_cast<unsigned long long>(count));
    }
    std::printf("; because:");
    for (const auto& [name, count] : stats.write_reasons) {
      std::printf(" %s %llu", name.c_str(), static_cast<unsigned long long>(count));
    }
    std::printf("\n");
  }

  const int rounds_;
  const std::span<const uint64_t> sizes_;
  Report& report_;
  const WorkFile file_;
  const Zones zones_;
  MappedWay mapped_;
  const std::unique_ptr<Way> plain_, uring_;
};

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures writes by every path.");
  Report report(args.json);
  Insert(args, report).Run();
  report.Finish();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
