// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// How long cached reads take on a reactor that also takes a storm of writes with flushes, beside
// the same reads without it. Reads arrive by the clock, whether the one before is answered or not,
// so that a stall is seen by all that arrive in it.

#include <array>
#include <cstdio>
#include <string>

#include "base/clock.h"
#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/die.h"
#include "bench/support/disk_bed.h"
#include "bench/support/page_cache.h"
#include "bench/support/report.h"
#include "bench/support/work_file.h"

namespace quire::bench {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kReadEveryNs = 100 * kNsPerUs;
constexpr uint64_t kLength = 4096;
constexpr uint32_t kBlocks = kLength / 512;
constexpr size_t kWriters = 8;
constexpr uint64_t kWritesPerFlush = 1024;

class Tail {
 public:
  Tail(const Args& args, Report& report)
      : report_(report),
        duration_ns_(args.smoke ? 150 * kNsPerMs : 3 * kNsPerSecond),
        rounds_(args.smoke ? 1 : 3),
        file_(args, args.smoke ? 32 * kMiB : 256 * kMiB),
        bed_({.path = file_.path()}),
        source_(kLength, std::byte{0x5a}) {
    LoadLargeFolios(file_.fd(), {0, file_.size_bytes()});
    for (Writer& writer : writers_) writer.tail = this;
  }

  void Run() {
    RunOnce(false);  // regions become warm
    std::vector<uint64_t> calm, storm;
    for (int round = 0; round < rounds_; ++round) {
      Append(calm, RunOnce(false));
      Append(storm, RunOnce(true));
    }
    std::printf(
        "\ncached reads of 4k, one every 100 us, alone and beside %zu writers with flushes "
        "(%llu writes, %llu flushes)\n",
        kWriters, static_cast<unsigned long long>(count_writes_),
        static_cast<unsigned long long>(count_flushes_));
    std::printf("  %-8s %10s %10s\n", "", "alone", "storm");
    Add("p50", 0.5, calm, storm, std::nullopt);
    Add("p99", 0.99, calm, storm, std::nullopt);
    Add("p99.9", 0.999, calm, storm, 3);
    Add("worst", 1, calm, storm, std::nullopt);
  }

 private:
  struct Reader : Command {
    Tail* tail = nullptr;
    uint64_t arrived_ns = 0;
  };
  struct Writer : Command {
    Tail* tail = nullptr;
  };

  static void Append(std::vector<uint64_t>& to, const std::vector<uint64_t>& from) {
    to.insert(to.end(), from.begin(), from.end());
  }
  Lba RandomBlock() { return {random_.Below(file_.size_bytes() / kLength) * kBlocks}; }

  void Add(const std::string& name, double fraction, std::vector<uint64_t>& calm,
           std::vector<uint64_t>& storm, std::optional<double> limit) {
    const auto alone = static_cast<double>(Percentile(calm, fraction));
    const auto beside = static_cast<double>(Percentile(storm, fraction));
    std::printf("  %-8s %10s %10s\n", name.c_str(), TimeName(alone).c_str(),
                TimeName(beside).c_str());
    report_.Add({.name = (limit.has_value() ? "figure/tail-" : "tail/") + name,
                 .metric = "latency of a cached read in a write storm",
                 .unit = "ns",
                 .ours = beside,
                 .peer = alone,
                 .peer_name = "the same without the storm",
                 .limit = limit});
  }

  void StartRead(uint64_t arrived_ns) {
    if (idle_readers_.empty()) {
      readers_.push_back(std::make_unique<Reader>());
      idle_readers_.push_back(readers_.back().get());
    }
    Reader& reader = *idle_readers_.back();
    idle_readers_.pop_back();
    reader.tail = this;
    reader.arrived_ns = arrived_ns;
    reader.blocks = {RandomBlock(), {kBlocks}};
    reader.done = [](Command& command) {
      auto& read = static_cast<Reader&>(command);
      read.tail->latencies_.push_back(Clock::System().NowNs() - read.arrived_ns);
      read.Drop();
      read.tail->idle_readers_.push_back(&read);
    };
    if (bed_.session().Submit(reader) != Session::Answer::kAccepted) Die("the session is full");
  }

  void StartWrite(Writer& writer) {
    const bool flush = ++count_writes_ % kWritesPerFlush == 0;
    count_flushes_ += flush ? 1 : 0;
    writer.kind = flush ? CommandKind::kFlush : CommandKind::kWrite;
    writer.blocks = flush ? BlockRange{} : BlockRange{RandomBlock(), {kBlocks}};
    writer.data_out = flush ? SgView() : SgView({&source_piece_, 1});
    ++count_running_;
    writer.done = [](Command& command) {
      auto& write = static_cast<Writer&>(command);
      Tail& tail = *write.tail;
      if (!write.outcome.good()) Die("a write failed");
      write.Drop();
      --tail.count_running_;
      if (tail.storming_) tail.StartWrite(write);
    };
    if (bed_.session().Submit(writer) != Session::Answer::kAccepted) Die("the session is full");
  }

  std::vector<uint64_t> RunOnce(bool storm) {
    latencies_.clear();
    storming_ = storm;
    if (storm) {
      for (Writer& writer : writers_) StartWrite(writer);
    }
    const uint64_t start_ns = Clock::System().NowNs();
    const uint64_t end_ns = start_ns + duration_ns_;
    for (uint64_t next_ns = start_ns; next_ns < end_ns;) {
      for (const uint64_t now_ns = Clock::System().NowNs(); next_ns <= now_ns;
           next_ns += kReadEveryNs) {
        StartRead(next_ns);
      }
      const uint64_t now_ns = Clock::System().NowNs();
      bed_.reactor().Wait(next_ns > now_ns ? next_ns - now_ns : 0);
    }
    storming_ = false;
    bed_.RunUntil(
        [this] { return count_running_ == 0 && idle_readers_.size() == readers_.size(); });
    bed_.Flush({});
    return latencies_;
  }

  Report& report_;
  const uint64_t duration_ns_;
  const int rounds_;
  const WorkFile file_;
  DiskBed bed_;
  std::vector<std::byte> source_;
  const Segment source_piece_{source_.data(), source_.size()};
  std::vector<std::unique_ptr<Reader>> readers_;
  std::vector<Reader*> idle_readers_;
  std::array<Writer, kWriters> writers_;
  std::vector<uint64_t> latencies_;
  Prng random_{3};
  bool storming_ = false;
  uint64_t count_running_ = 0;
  uint64_t count_writes_ = 0;
  uint64_t count_flushes_ = 0;
};

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures cached reads beside a storm of writes.");
  Report report(args.json);
  { Tail(args, report).Run(); }
  report.Finish();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
