// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Cached reads on a reactor that also takes a storm of writes with flushes: how much later the
// slowest come than without the storm.

#include <vector>

#include "base/clock.h"
#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/die.h"
#include "bench/support/figures.h"
#include "bench/support/page_cache.h"
#include "bench/support/spread.h"
#include "bench/support/work_file.h"
#include "host/disk.h"

namespace quire::bench {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;

class Tail {
 public:
  explicit Tail(const Args& args)
      : file_(args, args.smoke ? 16 * kMiB : 256 * kMiB),
        source_(4096, std::byte{0x5a}),
        duration_ns_(args.smoke ? kNsPerSecond / 10 : 5 * kNsPerSecond) {
    LoadLargeFolios(file_.fd(), {0, file_.size_bytes()});
    auto reactor = Reactor::Create(workers_);
    auto disk = Disk::Open({.path = file_.path(), .share = true});
    if (!reactor.ok() || !disk.ok()) Die("cannot serve the file");
    reactor_ = *std::move(reactor);
    disk_ = *std::move(disk);
    session_ = disk_->Connect(*reactor_, {});
  }
  ~Tail() { session_.reset(); }

  // Latencies of the reads of one run, ns.
  std::vector<uint64_t> Run(bool storm) {
    std::vector<uint64_t> latencies;
    const uint64_t end_ns = Clock::System().NowNs() + duration_ns_;
    latencies_ = &latencies;
    end_ns_ = end_ns;
    StartRead();
    if (storm) {
      for (Slot& slot : writers_) StartWrite(slot);
    }
    while (count_running_ > 0) reactor_->Wait(kNsPerMs);
    return latencies;
  }

 private:
  struct Slot : Command {
    Tail* tail = nullptr;
    uint64_t count = 0;
    uint64_t started_ns = 0;
  };

  void Submit(Slot& slot, void (*done)(Command&)) {
    slot.tail = this;
    slot.done = done;
    slot.started_ns = Clock::System().NowNs();
    ++count_running_;
    if (session_->Submit(slot) != Session::Answer::kAccepted) Die("a command was refused");
  }
  uint64_t NextOffset() { return random_.Below(file_.size_bytes() / 4096) * 4096; }

  void StartRead() {
    reader_.kind = CommandKind::kRead;
    reader_.blocks = {{NextOffset() / 512}, {8}};
    Submit(reader_, [](Command& command) {
      Slot& slot = static_cast<Slot&>(command);
      Tail& self = *slot.tail;
      const uint64_t now_ns = Clock::System().NowNs();
      self.latencies_->push_back(now_ns - slot.started_ns);
      --self.count_running_;
      slot.Drop();
      if (now_ns < self.end_ns_) self.StartRead();
    });
  }
  void StartWrite(Slot& slot) {
    const bool flush = ++slot.count % 256 == 0;
    const Segment piece{source_.data(), source_.size()};
    segment_ = piece;
    slot.kind = flush ? CommandKind::kFlush : CommandKind::kWrite;
    slot.blocks = flush ? BlockRange{} : BlockRange{{NextOffset() / 512}, {8}};
    slot.data_out = flush ? SgView() : SgView({&segment_, 1});
    Submit(slot, [](Command& command) {
      Slot& done = static_cast<Slot&>(command);
      Tail& self = *done.tail;
      if (!done.outcome.good()) Die("a write failed");
      --self.count_running_;
      done.Drop();
      if (Clock::System().NowNs() < self.end_ns_) self.StartWrite(done);
    });
  }

  WorkFile file_;
  std::vector<std::byte> source_;
  Segment segment_;
  const uint64_t duration_ns_;
  WorkerPool workers_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Session> session_;
  Prng random_{1};
  Slot reader_;
  Slot writers_[8];
  uint64_t count_running_ = 0;
  uint64_t end_ns_ = 0;
  std::vector<uint64_t>* latencies_ = nullptr;
};

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Cached reads beside a storm of writes and flushes.");
  Tail bench(args);
  Figures report(args,
                 "Latency of cached 4k reads, with a storm of writes and flushes and without");
  bench.Run(false);  // warms the regions
  std::vector<uint64_t> calm = bench.Run(false);
  std::vector<uint64_t> storm = bench.Run(true);
  struct Row {
    const char* name;
    double fraction;
    double limit;
  };
  for (const Row& row :
       {Row{"tail/p50", 0.5, 0}, Row{"tail/p99", 0.99, 0}, Row{"tail/p99.9", 0.999, 3}}) {
    report.Add({row.name, "latency", "ns", static_cast<double>(Percentile(storm, row.fraction)),
                static_cast<double>(Percentile(calm, row.fraction)), "no storm", row.limit});
  }
  report.Write();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
