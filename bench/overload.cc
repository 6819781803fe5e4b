// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// More than there is memory for: 10 initiators send 64 commands of 1 MiB to each of 10 devices, all
// at once and again as each is done, against a budget of 512 MiB. A command's data takes a while to
// arrive, as on a network, and keeps its memory for so long; that of one initiator takes ten times
// as long.
//
// What is promised: the memory of the process stays within the budget, no command fails, and the
// initiator that got least got at least half of its share.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/support/args.h"
#include "bench/support/die.h"
#include "bench/support/process_memory.h"
#include "bench/support/report.h"
#include "host/memory.h"
#include "pagecache/file.h"
#include "target/session.h"

namespace quire::bench {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint32_t kInitiators = 10;
constexpr uint32_t kDevices = 10;
constexpr uint32_t kCommands = 64;  // of each initiator, for each device
constexpr uint64_t kLengthBytes = kMiB;
constexpr uint64_t kBudgetBytes = 512 * kMiB;
constexpr uint64_t kEngineBytes = 16 * kMiB;
constexpr uint64_t kProgramBytes = 32 * kMiB;  // of the budget: code, and 6400 commands' own state
constexpr uint64_t kArrivalNs = 100 * kNsPerMs;
constexpr uint64_t kSlowArrivalNs = 10 * kArrivalNs;  // of the last initiator

// One command's way: memory, its data's arrival, the write, and again.
class Flow {
 public:
  Flow(Session& session, uint32_t lun, uint64_t arrival_ns, const std::atomic<bool>& stopping)
      : session_(session), arrival_ns_(arrival_ns), stopping_(stopping) {
    buffer_.lun = lun;
    buffer_.length_bytes = kLengthBytes;
    buffer_.flow = this;
    buffer_.done = [](DataBuffer& granted) { static_cast<Buffer&>(granted).flow->Receive(); };
    arrival_.flow = this;
    arrival_.callback = [](Timer& timer) { static_cast<Arrival&>(timer).flow->Write(); };
    write_.flow = this;
    write_.kind = CommandKind::kWrite;
    write_.lun = lun;
    write_.blocks = {{0}, {kLengthBytes / 512}};
    write_.done = [](Command& answered) { answered.Drop(); };
    write_.freed = [](Command& freed) { static_cast<WriteCommand&>(freed).flow->Finish(); };
  }

  void Begin() {
    running_ = true;
    if (session_.Ask(buffer_) != Session::Answer::kAccepted) ++failed_;
  }
  bool running() const { return running_; }
  uint64_t count_done() const { return count_done_.load(std::memory_order_relaxed); }
  uint64_t failed() const { return failed_; }

 private:
  struct Buffer : DataBuffer {
    Flow* flow = nullptr;
  };
  struct Arrival : Timer {
    Flow* flow = nullptr;
  };
  struct WriteCommand : Command {
    Flow* flow = nullptr;
  };

  void Receive() {
    for (const Segment& segment : buffer_.memory.view().segments()) {
      std::memset(segment.data, 0x5a, segment.size_bytes);
    }
    session_.reactor().timers().Arm(arrival_, session_.reactor().clock().NowNs() + arrival_ns_);
  }
  void Write() {
    write_.data_out = buffer_.memory.view();
    if (session_.Submit(write_) != Session::Answer::kAccepted) ++failed_;
  }
  void Finish() {
    if (!write_.outcome.good()) ++failed_;
    buffer_.memory.Reset();
    count_done_.fetch_add(1, std::memory_order_relaxed);
    running_ = false;
    if (!stopping_.load(std::memory_order_relaxed)) Begin();
  }

  Session& session_;
  const uint64_t arrival_ns_;
  const std::atomic<bool>& stopping_;
  Buffer buffer_;
  Arrival arrival_;
  WriteCommand write_;
  bool running_ = false;
  uint64_t failed_ = 0;
  std::atomic<uint64_t> count_done_{0};
};

// An initiator, and what it has under way.
struct Initiator {
  std::string name;
  std::unique_ptr<Session> session;
  std::deque<Flow> flows;

  uint64_t count_done() const {
    uint64_t count = 0;
    for (const Flow& flow : flows) count += flow.count_done();
    return count;
  }
};

class Overload {
 public:
  Overload() : memory_(Make()) {
    for (uint32_t i = 0; i < kDevices; ++i) {
      devices_.push_back(*Device::Create(*File::Open({.path = "null"}), 512));
      target_.Add(*devices_.back());
    }
  }

  // Runs for so long, and until each initiator got something; answers the most memory that the
  // process had.
  uint64_t Run(uint64_t duration_ms) {
    std::vector<std::thread> threads;
    for (uint32_t i = 0; i < kThreads; ++i) threads.emplace_back([this, i] { Serve(i); });
    uint64_t most_bytes = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(duration_ms);
    while (std::chrono::steady_clock::now() < end || !AllGotSome()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      most_bytes = std::max(most_bytes, ReadProcessMemory().used_bytes());
    }
    for (uint32_t i = 0; i < kInitiators; ++i) count_done_[i] = initiators_[i].count_done();
    stopping_ = true;
    for (std::thread& thread : threads) thread.join();
    return most_bytes;
  }

  const std::array<uint64_t, kInitiators>& count_done() const { return count_done_; }
  uint64_t failed() const { return failed_; }
  Memory& memory() { return *memory_; }

 private:
  static constexpr uint32_t kThreads = 2;

  static std::unique_ptr<Memory> Make() {
    auto memory =
        Memory::Create({.limit_bytes = kBudgetBytes - kProgramBytes, .engine_bytes = kEngineBytes});
    if (!memory.ok()) Die(std::string(memory.status().message()));
    return *std::move(memory);
  }

  bool AllGotSome() const {
    return std::ranges::all_of(initiators_,
                               [](const Initiator& one) { return one.count_done() > 0; });
  }
  // A reactor with every other initiator.
  void Serve(uint32_t thread) {
    const auto reactor = *Reactor::Create(workers_, {.memory = &memory_->shared()});
    for (uint32_t i = thread; i < kInitiators; i += kThreads) Make(initiators_[i], i, *reactor);
    for (uint32_t i = thread; i < kInitiators; i += kThreads) {
      for (Flow& flow : initiators_[i].flows) flow.Begin();
    }
    while (!stopping_.load(std::memory_order_relaxed)) reactor->Wait(kNsPerMs);
    for (uint32_t i = thread; i < kInitiators; i += kThreads) End(initiators_[i], *reactor);
  }
  void Make(Initiator& initiator, uint32_t number, Reactor& reactor) {
    initiator.session = std::make_unique<Session>(
        target_, reactor,
        Session::Options{.initiator_name = absl::StrCat("initiator ", number),
                         .admission = &memory_->admission()});
    for (uint32_t lun = 0; lun < kDevices; ++lun) {
      for (uint32_t i = 0; i < kCommands; ++i) {
        const uint64_t arrival_ns = number + 1 == kInitiators ? kSlowArrivalNs : kArrivalNs;
        initiator.flows.emplace_back(*initiator.session, lun, arrival_ns, stopping_);
      }
    }
  }
  void End(Initiator& initiator, Reactor& reactor) {
    for (const Flow& flow : initiator.flows) {
      while (flow.running()) reactor.Wait(kNsPerMs);
    }
    for (const Flow& flow : initiator.flows) failed_ += flow.failed();
    initiator.flows.clear();
    initiator.session.reset();
  }

  WorkerPool workers_;
  std::vector<std::unique_ptr<Device>> devices_;
  Target target_{"overload"};
  const std::unique_ptr<Memory> memory_;
  std::atomic<bool> stopping_{false};
  std::array<Initiator, kInitiators> initiators_;
  std::array<uint64_t, kInitiators> count_done_{};
  std::atomic<uint64_t> failed_{0};
};

void Tell(Overload& overload, uint64_t most_bytes, Report& report) {
  uint64_t total = 0;
  std::printf("\n%u initiators x %u devices x %u commands of 1 MiB: %.1f GiB asked at a time\n",
              kInitiators, kDevices, kCommands,
              static_cast<double>(kInitiators * kDevices * kCommands) / 1024);
  for (const uint64_t count : overload.count_done()) total += count;
  std::printf("  done in all %" PRIu64 ", by initiator:", total);
  for (const uint64_t count : overload.count_done()) std::printf(" %" PRIu64, count);
  std::printf("\n  most memory of the process %s, failed %" PRIu64 "\n",
              ByteName(static_cast<double>(most_bytes)).c_str(), overload.failed());
  const uint64_t least = *std::ranges::min_element(overload.count_done());
  report.Add({.name = "figure/overload-memory",
              .metric = "RssAnon and RssShmem",
              .unit = "bytes",
              .ours = static_cast<double>(most_bytes),
              .peer = static_cast<double>(kBudgetBytes),
              .peer_name = "budget",
              .limit = 1});
  report.Add({.name = "figure/overload-slowest",
              .metric = "fair share by what the slowest got",
              .unit = "commands",
              .ours = static_cast<double>(total) / kInitiators,
              .peer = static_cast<double>(least),
              .peer_name = "slowest",
              .limit = 2});
}

int Main(int argc, char** argv) {
  const Args args =
      ParseArgs(argc, argv, "Asks for far more memory than there is, by ten initiators at once.");
  Report report(args.json);
  Overload overload;
  const uint64_t most_bytes = overload.Run(args.smoke ? 1000 : 10000);
  Tell(overload, most_bytes, report);
  if (overload.failed() > 0) Die(absl::StrCat(overload.failed(), " commands failed"));
  if (most_bytes > kBudgetBytes) Die("the memory was exceeded");
  report.Finish();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
