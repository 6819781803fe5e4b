// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// References all over a very large sparse file: what the engine keeps for itself. Page tables cost
// 4 KiB for every 2 MiB touched, and stay for as long as nobody gives them back.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/die.h"
#include "bench/support/disk_bed.h"
#include "bench/support/peers.h"
#include "bench/support/report.h"

namespace quire::bench {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr double kLimitBytes = 64.0 * kMiB;

// A line of /proc/self/status, in bytes.
double StatusBytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != name + ":") continue;
    double kib = 0;
    status >> kib;
    return kib * 1024;
  }
  return 0;
}

struct Usage {
  double anonymous = 0, page_tables = 0;
  void TakeMost() {
    anonymous = std::max(anonymous, StatusBytes("RssAnon"));
    page_tables = std::max(page_tables, StatusBytes("VmPTE"));
  }
};

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
    most.TakeMost();
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
    const Usage usage = ReadAll(references, offsets, 4096);
    most.anonymous = std::max(most.anonymous, usage.anonymous);
    most.page_tables = std::max(most.page_tables, usage.page_tables);
  }
  // A mix of sizes, as a host would read.
  DiskWay mixed(bed, {.depth = kDepth});
  Prng random(2);
  for (const uint64_t length_bytes : {uint64_t{4096}, uint64_t{131072}, kMiB}) {
    std::vector<uint64_t> some((smoke ? 4 : 2048) * kMiB / length_bytes / 4);
    for (uint64_t& offset : some) offset = random.Below(file_bytes / length_bytes) * length_bytes;
    const Usage usage = ReadAll(mixed, some, length_bytes);
    most.anonymous = std::max(most.anonymous, usage.anonymous);
    most.page_tables = std::max(most.page_tables, usage.page_tables);
  }
  return most;
}

void Print(const char* name, const Usage& usage) {
  std::printf("  %-26s %14s %14s\n", name, ByteName(usage.anonymous).c_str(),
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
              ByteName(static_cast<double>(file_bytes)).c_str(), "", "anonymous", "page tables");
  Print("quire", ours);
  Print("a plain mapping", peer);
  report.Add({"memory", "page tables", "bytes", ours.page_tables, peer.page_tables, "mapping"});
  report.Add({.name = "figure/memory-anonymous",
              .metric = "RssAnon",
              .unit = "bytes",
              .ours = ours.anonymous,
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

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures the memory that serving a large file takes.");
  const std::string path = args.dir + "/quire-bench-sparse-" + std::to_string(getpid()) + ".dat";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) DieErrno("cannot make " + path);
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
