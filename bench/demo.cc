// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Serves a real file for a minute and shows what that costs: cached reads by reference, overwrites,
// reads from the disk, each beside pread or pwrite in the same run. Every byte is checked.

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/die.h"
#include "bench/support/disk_bed.h"
#include "bench/support/page_cache.h"
#include "bench/support/pattern.h"
#include "bench/support/peers.h"
#include "bench/support/report.h"
#include "bench/support/work_file.h"

namespace quire::bench {
namespace {

constexpr std::string_view kPurpose =
    "Serves a file as a disk and compares with pread and pwrite on the same file.\n"
    "Every byte read is checked against what was written.";
constexpr std::string_view kExamples =
    "\nexamples:\n"
    "  demo                          a file of 1 GiB, made here and removed at the end\n"
    "  demo --dir /srv --size 8192   a file of 8 GiB on another file system\n"
    "  demo --file disk.img          a file of yours; ITS CONTENTS ARE OVERWRITTEN\n"
    "exit code: 0 when all went well, 1 when something failed or a byte was wrong, 2 for a wrong\n"
    "command line\n";

// One line that is written over and over, where somebody watches.
class ProgressLine {
 public:
  void Show(const std::string& text) {
    if (!terminal_) return;
    std::printf("\r\033[K%s", text.c_str());
    std::fflush(stdout);
  }
  void Clear() { Show(""); }

 private:
  const bool terminal_ = isatty(STDOUT_FILENO) == 1;
};

struct Line {
  std::string what;
  Measured quire;
  Measured peer;
  double referenced = 0;  // share of the bytes read
};

class Demo {
 public:
  explicit Demo(const Args& args) : args_(args), file_bytes_(FileBytes(args)) {}

  void Run() {
    MakeFile();
    Open();
    CheckBytes("checking every byte by reference");
    Read("cached read 4k", 4096, 20000);
    Read("cached read 128k", 128 << 10, 4000);
    Read("cached read 1m", 1 << 20, 500);
    Overwrite("overwrite 4k", 4096, 4000);
    Miss("read from disk 4k", 4096, 1000);
    CheckWrites();
    progress_.Clear();
    Print();
  }
  void Record(Report& report) const;

 private:
  static uint64_t FileBytes(const Args& args) {
    if (args.size_bytes != 0) return args.size_bytes;
    return args.smoke ? uint64_t{32} << 20 : uint64_t{1} << 30;
  }
  int count_rounds() const { return args_.smoke ? 1 : 5; }
  size_t Scaled(size_t count) const { return args_.smoke ? count / 20 : count; }

  void MakeFile() {
    file_.emplace(args_, file_bytes_, [this](uint64_t done) {
      progress_.Show(absl::StrFormat("writing %d of %d MiB", done >> 20, file_bytes_ >> 20));
    });
  }

  void Open() {
    progress_.Show("loading the file into memory");
    DropPages(file_->fd());
    LoadLargeFolios(file_->fd(), {0, file_bytes_});
    bed_ = std::make_unique<DiskBed>(DiskOptions{.path = file_->path()});
    read_peer_ = MakePlain(file_->fd(), Transfer::kRead);
    write_peer_ = MakePlain(file_->fd(), Transfer::kWrite);
    progress_.Clear();
    std::printf("%s, %d MiB\n%s\n", file_->path().c_str(), static_cast<int>(file_bytes_ >> 20),
                bed_->disk().Describe().c_str());
  }

  // Reads the file from end to end, four times so that all of it is known to be in memory.
  void CheckBytes(const std::string& what) {
    for (int pass = 0; pass < 4; ++pass) {
      for (uint64_t at = 0; at < file_bytes_; at += kMaxRequestBytes) {
        if (at % (64 << 20) == 0) {
          progress_.Show(
              absl::StrFormat("%s: %d %%", what,
                              (at + static_cast<uint64_t>(pass) * file_bytes_) * 25 / file_bytes_));
        }
        bed_->Read({at, kMaxRequestBytes}, [at, pass](SgView bytes) {
          if (pass == 0 && !HasPattern(bytes, at, 0)) Die(absl::StrCat("wrong bytes at ", at));
        });
      }
      // Workers look at the pages and fill page tables meanwhile.
      if (!args_.smoke) bed_->reactor().Wait(50 * kNsPerMs);
    }
  }

  std::vector<uint64_t> Offsets(uint64_t length_bytes, size_t count) {
    std::vector<uint64_t> offsets(Scaled(count));
    for (uint64_t& offset : offsets) {
      offset = random_.Below(file_bytes_ / length_bytes) * length_bytes;
    }
    return offsets;
  }

  void Measure(const std::string& what, DiskWay& ours, Way& peer, const Batch& batch, bool cold) {
    progress_.Show(absl::StrCat("measuring: ", what));
    std::vector<Way*> ways = {&ours, &peer};
    const DiskStats before = bed_->disk().stats();
    const auto results =
        Compare(ways, {.count_rounds = count_rounds(), .prepare = [&](int, size_t, Way&) {
                         if (cold) {
                           bed_->Retire();
                           DropPages(file_->fd());
                         }
                         return batch;
                       }});
    const DiskStats after = bed_->disk().stats();
    Line line{.what = what, .quire = results[0], .peer = results[1]};
    if (after.read_bytes > before.read_bytes) {
      line.referenced = static_cast<double>(after.referenced_bytes - before.referenced_bytes) /
                        static_cast<double>(after.read_bytes - before.read_bytes);
    }
    lines_.push_back(std::move(line));
  }

  void Read(const std::string& what, uint64_t length_bytes, size_t count) {
    DiskWay ours(*bed_, {});
    const auto offsets = Offsets(length_bytes, count);
    ours.Run({.offsets = offsets, .length_bytes = length_bytes});
    Measure(what, ours, *read_peer_, {.offsets = offsets, .length_bytes = length_bytes}, false);
  }

  void Miss(const std::string& what, uint64_t length_bytes, size_t count) {
    DiskWay ours(*bed_, {});
    const auto offsets = Offsets(length_bytes, count);
    Measure(what, ours, *read_peer_,
            {.offsets = offsets, .length_bytes = length_bytes, .consume = true}, true);
  }

  void Overwrite(const std::string& what, uint64_t length_bytes, size_t count) {
    DiskWay ours(*bed_, {.kind = CommandKind::kWrite});
    const auto offsets = Offsets(length_bytes, count);
    ours.Run({.offsets = offsets, .length_bytes = length_bytes});
    Measure(what, ours, *write_peer_, {.offsets = offsets, .length_bytes = length_bytes}, false);
  }

  // New contents, flushed, and read again from the disk.
  void CheckWrites() {
    progress_.Show("writing, flushing, and checking what is on the disk");
    std::vector<std::byte> block(4096);
    const auto offsets = Offsets(block.size(), 2000);
    for (const uint64_t at : offsets) {
      FillPattern(block, at, 1);
      bed_->Write({at, block.size()}, block);
    }
    bed_->Flush({});
    bed_->Retire();
    DropPages(file_->fd());
    for (const uint64_t at : offsets) {
      bed_->Read({at, block.size()}, [at](SgView bytes) {
        if (!HasPattern(bytes, at, 1)) Die(absl::StrCat("wrong bytes at ", at));
      });
    }
  }

  void Print() const;

  const Args args_;
  const uint64_t file_bytes_;
  ProgressLine progress_;
  std::optional<WorkFile> file_;
  std::unique_ptr<DiskBed> bed_;
  std::unique_ptr<Way> read_peer_, write_peer_;
  std::vector<Line> lines_;
  Prng random_{2026};
};

std::string Copied(const Measured& measured) {
  return ByteName(measured.user_copied_bytes + measured.kernel_copied_bytes);
}

void Demo::Print() const {
  std::printf("\n%-20s %11s %18s %18s %14s %7s\n", "", "by", "copied/request", "CPU/request",
              KernelCountsSystemCalls() ? "calls/request" : "calls (est.)", "CPU");
  std::printf("%-20s %11s %9s %8s %9s %8s %7s %6s %7s\n", "", "reference", "Quire", "plain",
              "Quire", "plain", "Quire", "plain", "ratio");
  for (const Line& line : lines_) {
    const bool read = line.peer.name == "pread";
    std::printf("%-20s %11s %9s %8s %9s %8s %7.2f %6.2f %7.3f\n", line.what.c_str(),
                read ? absl::StrFormat("%.1f %%", 100 * line.referenced).c_str() : "-",
                Copied(line.quire).c_str(), Copied(line.peer).c_str(),
                TimeName(line.quire.cpu_ns.median).c_str(),
                TimeName(line.peer.cpu_ns.median).c_str(), line.quire.system_calls,
                line.peer.system_calls, line.quire.cpu_ns.median / line.peer.cpu_ns.median);
  }
  std::printf(
      "plain: pread and pwrite. CPU: of the whole process, medians of %d interleaved rounds.\n"
      "%s\nAll bytes were as written.\n",
      count_rounds(),
      KernelCountsSystemCalls() ? "Calls: counted by the kernel."
                                : "Calls: estimated; the kernel lets only root count them.");
}

void Demo::Record(Report& report) const {
  for (const Line& line : lines_) {
    report.AddCpu("demo/" + line.what, line.quire, std::span(&line.peer, 1));
  }
}

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, kPurpose, kExamples);
  Report report(args.json);
  Demo demo(args);
  demo.Run();
  demo.Record(report);
  report.Finish();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
