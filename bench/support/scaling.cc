// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Both threads go through the same rounds; in those for one, the second waits.
#include "bench/support/scaling.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/prng.h"
#include "bench/support/die.h"
#include "bench/support/spread.h"

namespace quire::bench {
namespace {

constexpr size_t kThreads = 2;
// Shorter than a turn on the processor, so that most rounds are not interrupted by other processes;
// long enough that the first microseconds of a processor that slept weigh little.
constexpr uint64_t kRoundNs = 4 * kNsPerMs;
constexpr int kStepsPerLook = 64;  // at the clock

class Spin final : public Work {
 public:
  void Step() override {
    for (int i = 0; i < 16; ++i) random_.Next();
    seen_ = random_.Next();
  }

 private:
  Prng random_{1};
  volatile uint64_t seen_ = 0;
};

// Steps per nanosecond in each round.
struct Rounds {
  std::vector<double> all = {};
  std::vector<double> calm = {};
  double median() const { return SpreadOf(calm.empty() ? all : calm).median; }
};

// A kind of work, and what one and two threads did of it.
struct Lane {
  ScalingLane what;
  Rounds alone = {};
  Rounds both = {};

  double gain() const { return both.median() / alone.median(); }
};

// The processors that this process may use.
std::vector<int> Processors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) DieErrno("sched_getaffinity");
  std::vector<int> processors;
  for (int one = 0; one < CPU_SETSIZE; ++one) {
    if (CPU_ISSET(one, &allowed)) processors.push_back(one);
  }
  return processors;
}

class Scaling {
 public:
  Scaling(std::span<const ScalingLane> lanes, int count_rounds) : rounds_(count_rounds) {
    lanes_.push_back({{.name = "spin", .make = [](size_t) { return std::make_unique<Spin>(); }}});
    for (const ScalingLane& lane : lanes) lanes_.push_back({lane});
  }

  void Run() {
    // Not this thread: it goes on afterwards wherever it likes.
    std::array<std::thread, kThreads> threads;
    for (size_t i = 0; i < kThreads; ++i) threads[i] = std::thread([this, i] { RunThread(i); });
    for (std::thread& thread : threads) thread.join();
  }

  void Tell(Report& report) const {
    std::printf("\none thread and two, medians of the calm ones of %d rounds\n", rounds_);
    std::printf("  %-28s %14s %14s %8s %12s\n", "", "one: a request", "two: a request", "gain",
                "calm rounds");
    for (const Lane& lane : lanes_) {
      const double count = lane.what.requests_per_step;
      std::printf("  %-28s %14s %14s %8.3f %6zu %5zu\n", lane.what.name.c_str(),
                  TimeName(1 / lane.alone.median() / count).c_str(),
                  TimeName(kThreads / lane.both.median() / count).c_str(), lane.gain(),
                  lane.alone.calm.size(), lane.both.calm.size());
    }
    for (const Lane& lane : std::span(lanes_).subspan(1)) {
      report.Add({.name = "figure/scaling-" + lane.what.name,
                  .metric = "lost of the gain of a second thread",
                  .unit = "ratio",
                  .ours = lanes_[0].gain(),
                  .peer = lane.gain(),
                  .peer_name = "spin's gain by ours",
                  .limit = lane.what.limit});
    }
  }

 private:
  void RunThread(size_t thread) {
    Pin(thread);
    std::vector<std::unique_ptr<Work>> works;
    for (Lane& lane : lanes_) works.push_back(lane.what.make(thread));
    for (int round = 0; round < rounds_; ++round) {
      for (size_t i = 0; i < 2 * lanes_.size(); ++i) {
        const size_t turn = (i + static_cast<size_t>(round)) % (2 * lanes_.size());
        const size_t lane = turn / 2;
        const bool both = turn % 2 == 1;
        together_.arrive_and_wait();
        if (both) StartTogether();
        done_[thread] = both || thread == 0 ? Measure(*works[lane]) : Done{};
        together_.arrive_and_wait();
        if (thread == 0) Keep(both, lanes_[lane]);
      }
    }
    together_.arrive_and_wait();
  }

  void Pin(size_t thread) const {
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(processors_[thread], &own);
    if (sched_setaffinity(0, sizeof(own), &own) != 0) DieErrno("sched_setaffinity");
  }

  // Whoever wakes up first waits for the other one here, awake.
  void StartTogether() {
    const uint64_t arrived = count_arrived_.fetch_add(1) + 1;
    const uint64_t all = (arrived + kThreads - 1) / kThreads * kThreads;
    while (count_arrived_.load(std::memory_order_relaxed) < all) continue;
  }

  struct Done {
    double steps_per_ns = 0;
    uint64_t start_ns = 0;
    bool calm = true;
  };

  static Done Measure(Work& work) {
    const int64_t count_preempted = CountPreempted();
    const uint64_t start_ns = Clock::System().NowNs();
    uint64_t now_ns = start_ns;
    uint64_t steps = 0;
    for (; now_ns - start_ns < kRoundNs; now_ns = Clock::System().NowNs()) {
      for (int i = 0; i < kStepsPerLook; ++i) work.Step();
      steps += kStepsPerLook;
    }
    return {static_cast<double>(steps) / static_cast<double>(now_ns - start_ns), start_ns,
            CountPreempted() == count_preempted};
  }

  static int64_t CountPreempted() {
    rusage usage = {};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw;
  }

  void Keep(bool both, Lane& lane) const {
    Rounds& rounds = both ? lane.both : lane.alone;
    const double sum = done_[0].steps_per_ns + done_[1].steps_per_ns;
    const auto [first_ns, last_ns] = std::minmax(done_[0].start_ns, done_[1].start_ns);
    const bool together = !both || last_ns - first_ns < kRoundNs / 20;
    rounds.all.push_back(sum);
    if (together && done_[0].calm && done_[1].calm) rounds.calm.push_back(sum);
  }

  const std::vector<int> processors_ = Processors();
  const int rounds_;
  std::vector<Lane> lanes_;
  std::barrier<> together_{kThreads};
  std::atomic<uint64_t> count_arrived_{0};
  std::array<Done, kThreads> done_ = {};
};

}  // namespace

bool CanScale() {
  if (Processors().size() >= kThreads) return true;
  std::printf("skipped: two threads need two processors\n");
  return false;
}

void MeasureScaling(std::span<const ScalingLane> lanes, int count_rounds, Report& report) {
  Scaling scaling(lanes, count_rounds);
  scaling.Run();
  scaling.Tell(report);
}

}  // namespace quire::bench
