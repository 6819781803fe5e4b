// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Burst and rest: a reactor takes 1 GiB in vectors of 1 MiB, registers and touches all of it, gives
// it back, and rests. What is in memory meanwhile, and how much of it is left.

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "bench/support/args.h"
#include "bench/support/compare.h"
#include "bench/support/die.h"
#include "bench/support/process_memory.h"
#include "bench/support/report.h"
#include "engine/reactor.h"
#include "sg/regions.h"

namespace quire::bench {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kLimitBytes = 16 * kMiB;
// Vectors go after a minute; the chunks that they lay in, and their registration, within three
// seconds more.
constexpr uint64_t kPurgeSeconds = 60;
constexpr uint64_t kMaxRestSeconds = 150;
constexpr uint64_t kStepNs = 4 * kNsPerMs;

class Burst {
 public:
  Burst(const Args& args, Report& report)
      : report_(report),
        count_vectors_((args.smoke ? 64 * kMiB : 1024 * kMiB) / kMiB),
        taken_(count_vectors_) {}

  void Run() {
    std::printf("\na burst of %zu MiB, given back, then a rest; the clock is turned by hand\n",
                count_vectors_);
    std::printf("  %-22s %9s %9s %9s %11s %10s %13s %10s\n", "", "RssAnon", "RssShmem", "memfd",
                "page tables", "registered", "control group", "us per MiB");
    Print("before");
    const uint64_t before_bytes = FootprintBytes();
    TakeAll("first burst");
    ReturnAll();
    TakeAll("burst again");
    ReturnAll();
    Print("given back");
    const double rest_seconds = Rest();
    Print("rested");
    const uint64_t rested_bytes = FootprintBytes();
    TakeAll("burst after the rest");
    ReturnAll();
    std::printf("  rested after %.1f s, the slowest turn of the reactor took %s\n", rest_seconds,
                TimeName(static_cast<double>(slowest_turn_ns_)).c_str());
    Add("burst-rested", "RssAnon + RssShmem + VmPTE", rested_bytes);
    Add("burst-left", "more than before the burst",
        std::max(rested_bytes, before_bytes) - before_bytes);
    Add("burst-memfd", "memory behind the descriptor", rested_memfd_bytes_);
    // Two ticks of housekeeping, and a second in which one chunk goes after the other, are part of
    // it.
    report_.Add({.name = "figure/burst-rest",
                 .metric = "time until it is gone",
                 .unit = "seconds",
                 .ours = rest_seconds,
                 .peer = kPurgeSeconds + 3,
                 .peer_name = "purge interval",
                 .limit = 1});
  }

 private:
  static std::unique_ptr<SharedMemory> MakeShared(uint64_t max_bytes, const Clock& clock) {
    absl::StatusOr<std::unique_ptr<SharedMemory>> shared =
        SharedMemory::Create({.max_bytes = max_bytes, .pressure = std::nullopt, .clock = &clock});
    if (!shared.ok()) Die(std::string(shared.status().message()));
    return *std::move(shared);
  }

  std::unique_ptr<Reactor> MakeReactor() {
    absl::StatusOr<std::unique_ptr<Reactor>> reactor =
        Reactor::Create(workers_, {.memory = shared_.get(), .clock = &clock_});
    if (!reactor.ok()) Die(std::string(reactor.status().message()));
    return *std::move(reactor);
  }

  static uint64_t FootprintBytes() {
    const ProcessMemory memory = ReadProcessMemory();
    return memory.used_bytes() + memory.page_tables_bytes;
  }

  void TakeAll(const char* what) {
    const uint64_t start_ns = ProcessCpuNs();
    for (Sgv*& vector : taken_) {
      vector = reactor_->memory().TakeContiguous(kMiB);
      if (vector == nullptr) Die("there is no memory left");
      reactor_->memory().FixedBufferOf(vector->memory());
      for (uint64_t at = 0; at < kMiB; at += PageSource::kPageBytes) {
        static_cast<volatile std::byte&>(vector->memory()[at]) = std::byte{1};
      }
    }
    const auto cpu_us = static_cast<double>(ProcessCpuNs() - start_ns) / kNsPerUs;
    Print(what, cpu_us / static_cast<double>(count_vectors_));
  }

  void ReturnAll() {
    for (Sgv* vector : taken_) SgvPool::Return(*vector);
  }

  // Turns the clock until no registration is left. Returns how long that took.
  double Rest() {
    uint64_t passed_ns = 0;
    while (passed_ns < kMaxRestSeconds * kNsPerSecond) {
      clock_.Advance(kStepNs);
      passed_ns += kStepNs;
      const uint64_t start_ns = Clock::System().NowNs();
      reactor_->Poll();
      slowest_turn_ns_ = std::max(slowest_turn_ns_, Clock::System().NowNs() - start_ns);
      if (regions_->stats().chunks == 0 && reactor_->memory().pool().quiet()) break;
    }
    rested_memfd_bytes_ = MemfdBytes();
    return static_cast<double>(passed_ns) / kNsPerSecond;
  }

  uint64_t MemfdBytes() const {
    struct stat info = {};
    if (fstat(regions_->area().fd(), &info) != 0) DieErrno("fstat");
    return static_cast<uint64_t>(info.st_blocks) * 512;
  }

  void Print(const char* what, double cpu_us = 0) const {
    const auto name = [](uint64_t bytes) { return ByteName(static_cast<double>(bytes)); };
    const ProcessMemory memory = ReadProcessMemory();
    const std::optional<uint64_t> group = ControlGroupBytes();
    const uint64_t registered_bytes =
        reactor_->memory().registered().count_registered() * Regions::kChunkBytes;
    std::printf("  %-22s %9s %9s %9s %11s %10s %13s", what, name(memory.anonymous_bytes).c_str(),
                name(memory.shared_bytes).c_str(), name(MemfdBytes()).c_str(),
                name(memory.page_tables_bytes).c_str(), name(registered_bytes).c_str(),
                group ? name(*group).c_str() : "-");
    if (cpu_us > 0) std::printf(" %10.0f", cpu_us);
    std::printf("\n");
    std::fflush(stdout);
  }

  void Add(const std::string& name, const std::string& metric, uint64_t bytes) {
    report_.Add({.name = "figure/" + name,
                 .metric = metric,
                 .unit = "bytes",
                 .ours = static_cast<double>(bytes),
                 .peer = static_cast<double>(kLimitBytes),
                 .peer_name = "16 MiB",
                 .limit = 1});
  }

  Report& report_;
  const size_t count_vectors_;
  std::vector<Sgv*> taken_;
  uint64_t rested_memfd_bytes_ = 0;
  uint64_t slowest_turn_ns_ = 0;
  ManualClock clock_;
  WorkerPool workers_;
  const std::unique_ptr<SharedMemory> shared_ = MakeShared(2048 * kMiB, clock_);
  Regions* const regions_ = &shared_->regions();
  const std::unique_ptr<Reactor> reactor_ = MakeReactor();
};

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures what a burst leaves in memory.");
  Report report(args.json);
  Burst(args, report).Run();
  report.Finish();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
