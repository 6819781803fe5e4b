// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The demonstration: serves a real file as a disk, reads and writes it by reference, and shows
// beside pread and pwrite in the same run what that cost. Everything that is read is checked.

#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/compare.h"
#include "bench/support/die.h"
#include "bench/support/page_cache.h"
#include "bench/support/pattern.h"
#include "bench/support/report.h"
#include "bench/support/served_disk.h"
#include "bench/support/system_calls.h"
#include "bench/support/work_file.h"
#include "sg/copy.h"

namespace quire::bench {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint32_t kDepth = 32;
// Contents are a function of the offset; the file is made with the first version.
constexpr uint64_t kVersion = 0;

struct Cost {
  double cpu_ns = 0;
  double system_calls = 0;
  double copied_bytes = 0;
  double referenced = 0;  // share of the bytes
};

class Demo {
 public:
  explicit Demo(const Args& args)
      : args_(args),
        file_(args, args.smoke ? 32 * kMiB : 1024 * kMiB,
              [](uint64_t done) { Progress("writing the file", done); }),
        buffer_(kMiB) {}

  void Run() {
    std::printf("\rserving %s, %s\n", file_.path().c_str(),
                ByteName(static_cast<double>(file_.size_bytes())).c_str());
    ServedDisk disk({.path = file_.path(), .share = true}, kDepth);
    std::printf("%s\n", disk.disk().Describe().c_str());
    LoadLargeFolios(file_.fd(), {0, file_.size_bytes()});
    for (const uint64_t length : {uint64_t{4096}, 128 * uint64_t{1024}, kMiB}) {
      Row(
          "cached reads of " + SizeName(length), length,
          [&](uint64_t count) { Reads(disk, length, count); },
          [&](uint64_t count) { Preads(length, count); }, disk);
    }
    Row(
        "overwrites of 4k", 4096, [&](uint64_t count) { Writes(disk, count); },
        [&](uint64_t count) { Pwrites(count); }, disk);
    Print();
    if (disk.disk().stats().references_lent != 0) Die("references were not returned");
  }

 private:
  static void Progress(const std::string& what, uint64_t done_bytes) {
    if (isatty(STDOUT_FILENO) == 0) return;
    std::printf("\r%s: %s   ", what.c_str(), ByteName(static_cast<double>(done_bytes)).c_str());
    std::fflush(stdout);
  }
  uint64_t NextOffset(uint64_t length) {
    return random_.Below(file_.size_bytes() / length) * length;
  }

  void Reads(ServedDisk& disk, uint64_t length, uint64_t count) {
    disk.Run(
        count,
        [&](Command& command) {
          command.kind = CommandKind::kRead;
          command.blocks = BlocksAt(NextOffset(length), length);
        },
        [&](Command& command) {
          if (++count_seen_ % 64 != 0) return;
          const uint64_t offset = command.blocks.first.value * 512;
          if (!HasPattern(command.data_in().view(), offset, kVersion)) Die("wrong data was read");
        });
  }
  void Preads(uint64_t length, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      const auto offset = static_cast<off_t>(NextOffset(length));
      if (pread(file_.fd(), buffer_.data(), length, offset) != static_cast<ssize_t>(length)) {
        DieErrno("pread");
      }
      CountKernelCopy(length);
    }
  }
  // Writes what is there already, so that all later reads can be checked.
  void Writes(ServedDisk& disk, uint64_t count) {
    std::vector<std::vector<std::byte>> sources(kDepth, std::vector<std::byte>(4096));
    std::vector<Segment> pieces(kDepth);
    uint64_t next = 0;
    disk.Run(count, [&](Command& command) {
      const uint64_t offset = NextOffset(4096);
      const uint64_t slot = next++ % kDepth;
      FillPattern(sources[slot], offset, kVersion);
      pieces[slot] = {sources[slot].data(), 4096};
      command.kind = CommandKind::kWrite;
      command.data_out = SgView({&pieces[slot], 1});
      command.blocks = BlocksAt(offset, 4096);
    });
  }
  void Pwrites(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t offset = NextOffset(4096);
      const std::span<std::byte> source = std::span(buffer_).first(4096);
      FillPattern(source, offset, kVersion);
      if (pwrite(file_.fd(), source.data(), 4096, static_cast<off_t>(offset)) != 4096) {
        DieErrno("pwrite");
      }
      CountKernelCopy(4096);
    }
  }

  static uint64_t CopiedBytes() {
    const CopyCounts counts = ReadCopyCounts();
    return counts.user_bytes + counts.kernel_bytes;
  }
  Cost Measure(uint64_t count, const std::function<void(uint64_t)>& body) {
    Cost cost;
    const auto requests = static_cast<double>(count);
    const uint64_t copied = CopiedBytes();
    const uint64_t cpu = ProcessCpuNs();
    body(count);
    cost.cpu_ns = static_cast<double>(ProcessCpuNs() - cpu) / requests;
    cost.copied_bytes = static_cast<double>(CopiedBytes() - copied) / requests;
    // Counting slows every call down: a run of its own.
    const uint64_t few = std::max<uint64_t>(count / 16, 16);
    const SystemCallCounter counter;
    if (counter.by_kernel()) {
      body(few);
      cost.system_calls = static_cast<double>(counter.Read()) / static_cast<double>(few);
    } else {
      counted_by_kernel_ = false;
    }
    return cost;
  }
  void Row(const std::string& name, uint64_t length, const std::function<void(uint64_t)>& ours,
           const std::function<void(uint64_t)>& plain, ServedDisk& disk) {
    Progress(name, 0);
    const uint64_t count = (args_.smoke ? 16 * kMiB : 2048 * kMiB) / length;
    ours(count);  // regions become warm, as they do in service
    const DiskStats before = disk.disk().stats();
    Cost us = Measure(count, ours);
    const DiskStats after = disk.disk().stats();
    const uint64_t read = after.read_bytes - before.read_bytes;
    us.referenced = read == 0
                        ? 0
                        : static_cast<double>(after.referenced_bytes - before.referenced_bytes) /
                              static_cast<double>(read);
    rows_.push_back({name, read != 0, us, Measure(count, plain)});
  }

  void Print() const {
    std::printf("\r%-22s %-7s %12s %14s %13s %14s\n", "per request", "", "CPU", "system calls",
                "bytes copied", "by reference");
    for (const Result& row : rows_) {
      const std::string share =
          row.reads ? std::to_string(static_cast<int>(row.us.referenced * 1000) / 10.0).substr(0, 5)
                    : "-";
      PrintCost(row.name, "quire", row.us, row.reads ? share + " %" : "-");
      PrintCost("", "plain", row.plain, row.reads ? "0 %" : "-");
      std::printf("%-22s %-7s %12.3f\n", "", "ratio", row.us.cpu_ns / row.plain.cpu_ns);
    }
    std::printf("plain: pread or pwrite in the same run. System calls: %s.\n",
                counted_by_kernel_ ? "counted by the kernel" : "not permitted to be counted here");
  }
  static void PrintCost(const std::string& name, const char* who, const Cost& cost,
                        const std::string& share) {
    std::printf("%-22s %-7s %12s %14.3f %13s %14s\n", name.c_str(), who,
                TimeName(cost.cpu_ns).c_str(), cost.system_calls,
                ByteName(cost.copied_bytes).c_str(), share.c_str());
  }

  struct Result {
    std::string name;
    bool reads;
    Cost us;
    Cost plain;
  };

  const Args args_;
  WorkFile file_;
  std::vector<std::byte> buffer_;
  Prng random_{1};
  uint64_t count_seen_ = 0;
  bool counted_by_kernel_ = true;
  std::vector<Result> rows_;
};

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) {
  using namespace quire::bench;
  const Args args =
      ParseArgs(argc, argv, "Serves a real file by reference and shows what that cost.",
                "  demo\n  demo --file /srv/disk.img\n  demo --dir /mnt/xfs\n");
  Demo(args).Run();
  return 0;
}
