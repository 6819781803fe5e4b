// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Writes: the path that is chosen against always storing into the mapping and always writing on the
// file, by size and by what is in memory; the regret is ours against the better of the two.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <vector>

#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/compare.h"
#include "bench/support/die.h"
#include "bench/support/figures.h"
#include "bench/support/page_cache.h"
#include "bench/support/report.h"
#include "bench/support/served_disk.h"
#include "bench/support/spread.h"
#include "bench/support/work_file.h"

namespace quire::bench {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;

enum class State { kLargeFolios, kSmallFolios, kAbsent, kHalf };

const char* NameOf(State state) {
  switch (state) {
    case State::kLargeFolios:
      return "large_folios";
    case State::kSmallFolios:
      return "small_folios";
    case State::kAbsent:
      return "absent";
    case State::kHalf:
      return "half";
  }
  return "?";
}

class Insert {
 public:
  explicit Insert(const Args& args)
      : args_(args),
        file_(args, args.smoke ? 16 * kMiB : 256 * kMiB),
        report_(args, "Writes, CPU per request of the whole process"),
        source_(kMiB, std::byte{0x5a}) {}

  void Run(State state, uint64_t length) {
    // Resident pages are written many times over, absent ones once.
    const bool resident = state == State::kLargeFolios || state == State::kSmallFolios;
    const uint64_t passes = resident ? 8 : 1;
    count_ = std::max<uint64_t>(file_.size_bytes() / length / (resident ? 1 : 2) * passes, 16);
    if (args_.smoke) count_ = std::min<uint64_t>(count_, 256);
    length_ = length;
    std::vector<double> ours;
    std::vector<double> stores;
    std::vector<double> writes;
    for (int run = 0; run < (args_.smoke ? 1 : 3); ++run) {
      ours.push_back(Timed(state, [this] { Ours(); }));
      writes.push_back(Timed(state, [this] { Pwrite(); }));
      // Storing into absent pages reads them one by one: not a path that anybody would take.
      if (resident) stores.push_back(Timed(state, [this] { Store(); }));
    }
    const std::string name = std::string("insert/") + NameOf(state) + "/" + SizeName(length);
    const double our_cost = SpreadOf(ours).median;
    const double write_cost = SpreadOf(writes).median;
    const bool figure = state == State::kLargeFolios && length == 4096;
    report_.Add(
        {name, "cpu_per_request", "ns", our_cost, write_cost, "pwrite", figure ? 1.0 / 8 : 0});
    double best = write_cost;
    if (resident) {
      const double store_cost = SpreadOf(stores).median;
      report_.Add({name, "cpu_per_request", "ns", our_cost, store_cost, "mmap store", 0});
      best = std::min(best, store_cost);
    }
    report_.Add({"regret/" + name, "cpu_per_request", "ns", our_cost, best, "better path", 1.15});
  }
  void Write() const { report_.Write(); }

 private:
  void Load(State state) const {
    const ByteRange all{0, file_.size_bytes()};
    if (fsync(file_.fd()) != 0) DieErrno("fsync");
    DropPages(file_.fd());
    if (state == State::kLargeFolios) LoadLargeFolios(file_.fd(), all);
    if (state == State::kSmallFolios) LoadSmallFolios(file_.fd(), all);
    if (state != State::kHalf) return;
    for (uint64_t at = 0; at < all.length; at += 2 * length_) {
      LoadLargeFolios(file_.fd(), {at + length_ / 2, length_ / 2});
    }
  }
  double Timed(State state, const std::function<void()>& body) {
    Load(state);
    spent_ns_ = 0;
    random_ = Prng(1);
    body();
    return static_cast<double>(spent_ns_) / static_cast<double>(count_);
  }
  uint64_t NextOffset() { return random_.Below(file_.size_bytes() / length_) * length_; }

  void Ours() {
    ServedDisk disk({.path = file_.path(), .share = true}, 1);
    const Segment piece{source_.data(), length_};
    const uint64_t before = ProcessCpuNs();
    disk.Run(count_, [&](Command& command) {
      command.kind = CommandKind::kWrite;
      command.data_out = SgView({&piece, 1});
      command.blocks = BlocksAt(NextOffset(), length_);
    });
    spent_ns_ = ProcessCpuNs() - before;
  }
  void Pwrite() {
    const uint64_t before = ProcessCpuNs();
    for (uint64_t i = 0; i < count_; ++i) {
      if (pwrite(file_.fd(), source_.data(), length_, static_cast<off_t>(NextOffset())) < 0) {
        DieErrno("pwrite");
      }
    }
    spent_ns_ = ProcessCpuNs() - before;
  }
  void Store() {
    void* memory =
        mmap(nullptr, file_.size_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, file_.fd(), 0);
    if (memory == MAP_FAILED) DieErrno("mmap");
    const uint64_t before = ProcessCpuNs();
    for (uint64_t i = 0; i < count_; ++i) {
      std::memcpy(static_cast<std::byte*>(memory) + NextOffset(), source_.data(), length_);
    }
    spent_ns_ = ProcessCpuNs() - before;
    munmap(memory, file_.size_bytes());
  }

  const Args args_;
  WorkFile file_;
  Figures report_;
  std::vector<std::byte> source_;
  Prng random_{1};
  uint64_t length_ = 0;
  uint64_t count_ = 0;
  uint64_t spent_ns_ = 0;
};

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Writes: the chosen path against the pure ones.");
  Insert bench(args);
  for (const State state :
       {State::kLargeFolios, State::kSmallFolios, State::kAbsent, State::kHalf}) {
    for (const uint64_t length : {uint64_t{4096}, uint64_t{64 * 1024}, kMiB}) {
      bench.Run(state, length);
    }
  }
  bench.Write();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
