// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Random reads all over a very large file: how much memory the engine itself takes for them.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/die.h"
#include "bench/support/figures.h"
#include "bench/support/served_disk.h"

namespace quire::bench {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;

// A line of /proc/self/status, MiB.
double StatusMiB(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != name + ":") continue;
    double kib = 0;
    status >> kib;
    return kib / 1024;
  }
  return 0;
}

int Main(int argc, char** argv) {
  const Args args =
      ParseArgs(argc, argv, "Memory of the engine under random reads all over 100 GiB.");
  const std::string path = args.dir + "/bench-memory.img";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const uint64_t size = args.smoke ? 4 * kGiB : 100 * kGiB;
  if (fd < 0 || ftruncate(fd, static_cast<off_t>(size)) != 0) DieErrno("making " + path);
  unlink(path.c_str());
  Figures report(args, "Memory of the engine after random 4k reads all over a large file");
  ServedDisk disk({.path = "/proc/self/fd/" + std::to_string(fd), .share = true}, 32);
  Prng random(1);
  disk.Run(
      args.smoke ? 5000 : 1000000,
      [&](Command& command) {
        command.kind = CommandKind::kRead;
        command.references_only = true;
        command.blocks = BlocksAt(random.Below(size / 4096) * 4096, 4096);
      },
      [](Command& command) {
        static_cast<void>(
            *static_cast<volatile std::byte*>(command.data_in().view().segments()[0].data));
      });
  report.Add({"memory/anonymous", "RssAnon", "MiB", StatusMiB("RssAnon"), 64, "allowed", 1});
  report.Add({"memory/page_tables", "VmPTE", "MiB", StatusMiB("VmPTE"), 64, "allowed", 1});
  report.Write();
  close(fd);
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
