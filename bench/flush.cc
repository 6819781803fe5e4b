// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Writes of 4 KiB and the flush that makes them durable: whole and by range, after scattered and
// after dense writes, beside pwrite or a store and fdatasync. Shows what the device had to write
// for each byte, too: a store may dirty more than it touches.

#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/device_bytes.h"
#include "bench/support/die.h"
#include "bench/support/disk_bed.h"
#include "bench/support/page_cache.h"
#include "bench/support/peers.h"
#include "bench/support/report.h"
#include "bench/support/work_file.h"

namespace quire::bench {
namespace {

constexpr uint64_t kLength = 4096;
constexpr uint64_t kMiB = 1 << 20;

struct Series {
  std::vector<double> write_cpu_ns, flush_cpu_ns, flush_wall_ns, device_bytes;
};

struct Writer {
  std::string name;
  std::function<void(const Batch&)> write;
  std::function<void(ByteRange)> flush;
  Series series = {};
};

class Flush {
 public:
  static constexpr size_t kPwrite = 3;  // among the writers

  Flush(const Args& args, Report& report)
      : rounds_(args.smoke ? 1 : 5),
        report_(report),
        file_(args, args.smoke ? 32 * kMiB : 512 * kMiB),
        bed_({.path = file_.path()}),
        mapped_(file_.fd(), file_.size_bytes(), Transfer::kWrite),
        plain_(MakePlain(file_.fd(), Transfer::kWrite)),
        uring_(MakeUring(file_.fd(), Transfer::kWrite)),
        chosen_(bed_, {.kind = CommandKind::kWrite}),
        stores_(bed_, {.kind = CommandKind::kWrite, .stores_only = true}) {}

  void Run() {
    Measure("scattered", Spaced(2 * kMiB, file_.size_bytes() / (2 * kMiB)), {});
    Measure("dense", Spaced(kLength, file_.size_bytes() / kLength / 16), {});
    Measure("one-range", Spaced(kLength, 256), {0, kMiB});
    report_.Finish();
  }

 private:
  // One write in every `step_bytes`, in random order.
  static std::vector<uint64_t> Spaced(uint64_t step_bytes, uint64_t count) {
    Prng random(step_bytes);
    std::vector<uint64_t> offsets(count);
    for (uint64_t i = 0; i < count; ++i) {
      offsets[i] = i * step_bytes + random.Below(step_bytes / kLength) * kLength;
    }
    for (uint64_t i = count; i > 1; --i) std::swap(offsets[i - 1], offsets[random.Below(i)]);
    return offsets;
  }

  std::vector<Writer> Writers() {
    const auto fdatasync_all = [this](ByteRange) {
      if (fdatasync(file_.fd()) != 0) DieErrno("fdatasync");
    };
    const auto flush = [this](ByteRange range) { bed_.Flush(range); };
    std::vector<Writer> writers;
    writers.push_back({.name = "quire",
                       .write = [this](const Batch& batch) { chosen_.Run(batch); },
                       .flush = flush});
    writers.push_back({.name = "quire, stores only",
                       .write = [this](const Batch& batch) { stores_.Run(batch); },
                       .flush = flush});
    writers.push_back({.name = "mapping, fdatasync",
                       .write = [this](const Batch& batch) { mapped_.Run(batch); },
                       .flush = fdatasync_all});
    writers.push_back({.name = "pwrite, fdatasync",
                       .write = [this](const Batch& batch) { plain_->Run(batch); },
                       .flush = fdatasync_all});
    if (uring_ != nullptr) {
      writers.push_back({.name = "io_uring, fdatasync",
                         .write = [this](const Batch& batch) { uring_->Run(batch); },
                         .flush = fdatasync_all});
    }
    return writers;
  }

  void Bring() {
    mapped_.Retire();
    bed_.Retire();
    DropPages(file_.fd());
    LoadLargeFolios(file_.fd(), {0, file_.size_bytes()});
  }

  void RunOnce(Writer& writer, const Batch& batch, ByteRange range) const {
    const auto count = static_cast<double>(batch.offsets.size());
    const auto written_before = DeviceWrittenBytes(file_.fd());
    const uint64_t start = ProcessCpuNs();
    writer.write(batch);
    const uint64_t middle = ProcessCpuNs();
    const uint64_t wall = Clock::System().NowNs();
    writer.flush(range);
    Series& series = writer.series;
    series.flush_wall_ns.push_back(static_cast<double>(Clock::System().NowNs() - wall) / count);
    series.flush_cpu_ns.push_back(static_cast<double>(ProcessCpuNs() - middle) / count);
    series.write_cpu_ns.push_back(static_cast<double>(middle - start) / count);
    const auto written = DeviceWrittenBytes(file_.fd());
    if (written_before.has_value() && written.has_value()) {
      series.device_bytes.push_back(static_cast<double>(*written - *written_before) / count);
    }
  }

  void Measure(const std::string& name, const std::vector<uint64_t>& offsets, ByteRange range) {
    const Batch batch{.offsets = offsets, .length_bytes = kLength};
    std::vector<Writer> writers = Writers();
    for (int round = 0; round < rounds_; ++round) {
      for (Writer& writer : writers) {
        Bring();
        RunOnce(writer, batch, range);
      }
    }
    std::printf("\n%zu writes of 4k, %s, then a flush of %s; per write\n", offsets.size(),
                name.c_str(), range.empty() ? "all" : SizeName(range.length).c_str());
    std::printf("  %-26s %10s %10s %10s %14s\n", "", "CPU", "flush CPU", "flush time",
                "device writes");
    for (const Writer& writer : writers) Print(writer);
    Record(name, writers);
  }

  static double Median(const std::vector<double>& values) { return SpreadOf(values).median; }

  static void Print(const Writer& writer) {
    const Series& series = writer.series;
    std::printf(
        "  %-26s %10s %10s %10s %14s\n", writer.name.c_str(),
        TimeName(Median(series.write_cpu_ns)).c_str(),
        TimeName(Median(series.flush_cpu_ns)).c_str(),
        TimeName(Median(series.flush_wall_ns)).c_str(),
        series.device_bytes.empty() ? "not told" : ByteName(Median(series.device_bytes)).c_str());
  }

  void Record(const std::string& name, const std::vector<Writer>& writers) {
    const Series& ours = writers[0].series;
    const Writer& pwriter = writers[kPwrite];
    const Series& peer = pwriter.series;
    const auto add = [&](const char* metric, const char* unit, const std::vector<double>& mine,
                         const std::vector<double>& theirs) {
      report_.Add(
          {absl::StrCat("flush/", name), metric, unit, Median(mine), Median(theirs), pwriter.name});
    };
    add("CPU of a write", "ns", ours.write_cpu_ns, peer.write_cpu_ns);
    add("CPU of the flush per write", "ns", ours.flush_cpu_ns, peer.flush_cpu_ns);
    add("time of the flush per write", "ns", ours.flush_wall_ns, peer.flush_wall_ns);
    if (ours.device_bytes.empty()) return;
    // A store dirties whole folios: the engine promises to write no more than eight times as much.
    report_.Add({.name = "figure/flush-" + name,
                 .metric = "device bytes per write",
                 .unit = "bytes",
                 .ours = Median(ours.device_bytes),
                 .peer = Median(peer.device_bytes),
                 .peer_name = pwriter.name,
                 .limit = 8});
  }

  const int rounds_;
  Report& report_;
  const WorkFile file_;
  DiskBed bed_;
  MappedWay mapped_;
  const std::unique_ptr<Way> plain_, uring_;
  DiskWay chosen_, stores_;
};

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures writes together with the flush after them.");
  Report report(args.json);
  Flush(args, report).Run();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
