// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// References all over a very large sparse file: what the engine keeps for itself. Page tables cost
// 4 KiB for every 2 MiB touched, and stay for as long as nobody gives them back.

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/die.h"
#include "bench/support/disk_bed.h"
#include "bench/support/peers.h"
#include "bench/support/process_memory.h"
#include "bench/support/report.h"

namespace quire::bench {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr double kLimitBytes = 64.0 * kMiB;
constexpr int kSkipped = 77;  // an exit code

struct Usage {
  // Private memory and memfds, such as the reactor's buffers. The mapped file is in neither, unless
  // it lies on tmpfs.
  double own = 0;
  double page_tables = 0;

  void TakeMost(const Usage& other) {
    own = std::max(own, other.own);
    page_tables = std::max(page_tables, other.page_tables);
  }
};

Usage UsageNow() {
  const ProcessMemory memory = ReadProcessMemory();
  return {static_cast<double>(memory.used_bytes()), static_cast<double>(memory.page_tables_bytes)};
}

// The first page of every 2 MiB, in random order.
std::vector<uint64_t> OnePagePerTable(uint64_t file_bytes) {
  std::vector<uint64_t> offsets;
  for (uint64_t at = 0; at < file_bytes; at += 2 * kMiB) offsets.push_back(at);
  Prng random(1);
  for (size_t i = offsets.size(); i > 1; --i) std::swap(offsets[i - 1], offsets[random.Below(i)]);
  return offsets;
}

// Reads in pieces, and looks at the memory after each.
Usage ReadAll(Way& way, std::span<const uint64_t> offsets, uint64_t length_bytes) {
  constexpr size_t kPiece = 512;
  Usage most;
  for (size_t at = 0; at < offsets.size(); at += kPiece) {
    way.Run({.offsets = offsets.subspan(at, std::min(kPiece, offsets.size() - at)),
             .length_bytes = length_bytes,
             .consume = true});
    most.TakeMost(UsageNow());
  }
  return most;
}

Usage Serve(const std::string& path, std::span<const uint64_t> offsets, uint64_t file_bytes,
            bool smoke) {
  DiskBed bed({.path = path});
  DiskWay references(bed, {.depth = kDepth, .references_only = true});
  Usage most;
  // The first pass brings the pages in, the second touches the references.
  for (int pass = 0; pass < 2; ++pass) {
    most.TakeMost(ReadAll(references, offsets, 4096));
  }
  // A mix of sizes, as a host would read.
  DiskWay mixed(bed, {.depth = kDepth});
  Prng random(2);
  for (const uint64_t length_bytes : {uint64_t{4096}, uint64_t{131072}, kMiB}) {
    std::vector<uint64_t> some((smoke ? 4 : 2048) * kMiB / length_bytes / 4);
    for (uint64_t& offset : some) offset = random.Below(file_bytes / length_bytes) * length_bytes;
    most.TakeMost(ReadAll(mixed, some, length_bytes));
  }
  return most;
}

void Print(const char* name, const Usage& usage) {
  std::printf("  %-26s %14s %14s\n", name, ByteName(usage.own).c_str(),
              ByteName(usage.page_tables).c_str());
}

void Run(const Args& args, int fd, const std::string& path, Report& report) {
  const uint64_t file_bytes = args.smoke ? 1024 * kMiB : 100 * 1024 * kMiB;
  if (ftruncate(fd, static_cast<off_t>(file_bytes)) != 0) DieErrno("cannot make " + path);
  const auto offsets = OnePagePerTable(file_bytes);
  const Usage ours = Serve(path, offsets, file_bytes, args.smoke);
  MappedWay plain(fd, file_bytes, Transfer::kRead);
  const Usage peer = ReadAll(plain, offsets, 4096);
  std::printf("\nat most in use while reading all over %s\n  %-26s %14s %14s\n",
              ByteName(static_cast<double>(file_bytes)).c_str(), "", "private, memfd",
              "page tables");
  Print("quire", ours);
  Print("a plain mapping", peer);
  report.Add({"memory", "page tables", "bytes", ours.page_tables, peer.page_tables, "mapping"});
  report.Add({.name = "figure/memory-own",
              .metric = "RssAnon + RssShmem",
              .unit = "bytes",
              .ours = ours.own,
              .peer = kLimitBytes,
              .peer_name = "64 MiB",
              .limit = 1});
  report.Add({.name = "figure/memory-page-tables",
              .metric = "VmPTE",
              .unit = "bytes",
              .ours = ours.page_tables,
              .peer = kLimitBytes,
              .peer_name = "64 MiB",
              .limit = 1});
}

bool OnTmpfs(int fd) {
  struct statfs info = {};
  if (fstatfs(fd, &info) != 0) DieErrno("fstatfs");
  return info.f_type == TMPFS_MAGIC;
}

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures the memory that serving a large file takes.");
  const std::string path = args.dir + "/quire-bench-sparse-" + std::to_string(getpid()) + ".dat";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) DieErrno("cannot make " + path);
  if (OnTmpfs(fd)) {
    unlink(path.c_str());
    std::printf("skipped: on tmpfs the file itself would count; choose another --dir\n");
    return kSkipped;
  }
  Report report(args.json);
  Run(args, fd, path, report);
  unlink(path.c_str());
  close(fd);
  report.Finish();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
