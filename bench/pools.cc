// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Two threads, each with a pool of its own over the same regions, and both charged to the same
// budget: how much more they do than one of them, beside what two threads gain that only compute.
// And once more while a stranger waits in a budget of a hundred initiators and as many devices.

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/compare.h"
#include "bench/support/die.h"
#include "bench/support/report.h"
#include "sg/memory_budget.h"
#include "sg/regions.h"
#include "sg/sgv_pool.h"

namespace quire::bench {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr size_t kThreads = 2;
constexpr int kSkipped = 77;  // an exit code
// Shorter than a turn on the processor, so that most rounds are not interrupted by other processes;
// long enough that the first microseconds of a processor that slept weigh little.
constexpr uint64_t kRoundNs = 4 * kNsPerMs;
constexpr int kStepsPerLook = 64;  // at the clock

// What a thread does again and again. Made and used on that thread.
class Work {
 public:
  virtual ~Work() = default;
  virtual void Step() = 0;
};

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

// What requests are charged to.
struct Charges {
  MemoryBudget budget{1024 * kMiB};
  BudgetAccount initiator{budget, {.name = "initiator"}};
  BudgetAccount device{budget, {.name = "device", .kind = BudgetAccount::Kind::kDevice}};
};

// Others with a slice for each pair; the first of them waits at its own limit.
class Strangers {
 public:
  explicit Strangers(MemoryBudget& budget) : budget_(budget) {
    for (int i = 0; i < kCount; ++i) {
      initiators_.emplace_back(budget,
                               BudgetAccount::Options{.name = "initiator", .limit_bytes = kMiB});
      devices_.emplace_back(
          budget, BudgetAccount::Options{.name = "device", .kind = BudgetAccount::Kind::kDevice});
    }
    for (BudgetAccount& account : initiators_) AddSlices(account);
    for (BudgetAccount& account : devices_) AddSlices(account);
    waiter_.pair = {&slices_.front(), &slices_.back()};
    waiter_.length_bytes = kMiB;
    waiter_.granted = [](BudgetWaiter&) { Die("a stranger is granted"); };
    if (budget.TryCharge(waiter_.pair, kMiB) != BudgetAnswer::kCharged ||
        budget.ChargeOrWait(waiter_) != BudgetAnswer::kInitiatorLimit) {
      Die("a stranger does not wait");
    }
  }
  ~Strangers() {
    if (!budget_.Cancel(waiter_)) Die("a stranger does not wait any more");
    budget_.Release(waiter_.pair, kMiB);
  }
  Strangers(const Strangers&) = delete;
  Strangers& operator=(const Strangers&) = delete;

 private:
  static constexpr int kCount = 100;

  void AddSlices(BudgetAccount& account) {
    for (int i = 0; i < kCount; ++i) slices_.emplace_back(account);
  }

  MemoryBudget& budget_;
  std::deque<BudgetAccount> initiators_, devices_;
  std::deque<BudgetSlice> slices_;
  BudgetWaiter waiter_;
};

// What all threads share.
struct Shared {
  static std::unique_ptr<Regions> MakeRegions() {
    absl::StatusOr<std::unique_ptr<Regions>> made = Regions::Create({.max_bytes = 64 * kMiB});
    if (!made.ok()) Die(std::string(made.status().message()));
    return *std::move(made);
  }

  std::unique_ptr<Regions> regions = MakeRegions();
  Charges charges;
  Charges beside_strangers;
  Strangers strangers{beside_strangers.budget};
};

// `kDepth` requests of a length: each charged (if to anything) and taken, then each given back and
// released.
class Requests final : public Work {
 public:
  Requests(Shared& shared, uint64_t length_bytes, Charges* charges)
      : length_bytes_(length_bytes), pool_(*shared.regions, {}) {
    if (charges == nullptr) return;
    budget_ = &charges->budget;
    pair_ = {&initiator_.emplace(charges->initiator), &device_.emplace(charges->device)};
  }

  void Step() override {
    for (Sgv*& vector : held_) {
      if (budget_ != nullptr &&
          budget_->TryCharge(pair_, length_bytes_) != BudgetAnswer::kCharged) {
        Die("the budget refuses");
      }
      vector = pool_.Take(length_bytes_);
      if (vector == nullptr) Die("the pool is empty");
    }
    for (Sgv* vector : held_) {
      SgvPool::Return(*vector);
      if (budget_ != nullptr) budget_->Release(pair_, length_bytes_);
    }
  }

  static constexpr size_t kDepth = 4;

 private:
  MemoryBudget* budget_ = nullptr;
  const uint64_t length_bytes_;
  SgvPool pool_;
  std::optional<BudgetSlice> initiator_, device_;
  BudgetPair pair_;
  std::array<Sgv*, kDepth> held_ = {};
};

// Steps per nanosecond in each round; in the calm ones nobody else was given a thread's processor,
// and all threads ran at the same time.
struct Rounds {
  std::vector<double> all = {};
  std::vector<double> calm = {};
  double median() const { return SpreadOf(calm.empty() ? all : calm).median; }
};

// A kind of work, and what one and two threads did of it.
struct Lane {
  std::string name;
  std::function<std::unique_ptr<Work>()> make;
  std::optional<double> limit = std::nullopt;
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

// Both threads go through the same rounds; in those for one, the second waits.
class Scaling {
 public:
  Scaling(const Args& args, Report& report) : report_(report), rounds_(args.smoke ? 5 : 151) {
    lanes_.push_back({.name = "spin", .make = [] { return std::make_unique<Spin>(); }});
    for (const uint64_t length_bytes : {uint64_t{4096}, uint64_t{65536}, kMiB}) {
      AddRequests(length_bytes, nullptr, "");
      AddRequests(length_bytes, &shared_.charges, "-charged");
    }
    AddRequests(4096, &shared_.beside_strangers, "-with-a-stranger-waiting");
  }

  void Run() {
    std::thread second([this] { RunThread(1); });
    RunThread(0);
    second.join();
    Print();
  }

 private:
  void AddRequests(uint64_t length_bytes, Charges* charges, const char* suffix) {
    const auto make = [this, length_bytes, charges] {
      return std::make_unique<Requests>(shared_, length_bytes, charges);
    };
    lanes_.push_back({.name = SizeName(length_bytes) + suffix, .make = make, .limit = 1 / 0.9});
  }

  void RunThread(size_t thread) {
    Pin(thread);
    std::vector<std::unique_ptr<Work>> works;
    for (Lane& lane : lanes_) works.push_back(lane.make());
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

  void Print() {
    std::printf("\none thread and two, medians of the calm ones of %d rounds\n", rounds_);
    std::printf("  %-28s %14s %14s %8s %12s\n", "", "one: a request", "two: a request", "gain",
                "calm rounds");
    for (const Lane& lane : lanes_) {
      const double count = lane.limit.has_value() ? Requests::kDepth : 1;
      std::printf("  %-28s %14s %14s %8.3f %6zu %5zu\n", lane.name.c_str(),
                  TimeName(1 / lane.alone.median() / count).c_str(),
                  TimeName(kThreads / lane.both.median() / count).c_str(), lane.gain(),
                  lane.alone.calm.size(), lane.both.calm.size());
    }
    for (const Lane& lane : std::span(lanes_).subspan(1)) {
      report_.Add({.name = "figure/scaling-" + lane.name,
                   .metric = "lost of the gain of a second thread",
                   .unit = "ratio",
                   .ours = lanes_[0].gain(),
                   .peer = lane.gain(),
                   .peer_name = "spin's gain by ours",
                   .limit = lane.limit});
    }
  }

  Report& report_;
  const std::vector<int> processors_ = Processors();
  const int rounds_;
  Shared shared_;
  std::vector<Lane> lanes_;
  std::barrier<> together_{kThreads};
  std::atomic<uint64_t> count_arrived_{0};
  std::array<Done, kThreads> done_ = {};
};

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures pools and the budget on two threads.");
  if (Processors().size() < kThreads) {
    std::printf("skipped: two threads need two processors\n");
    return kSkipped;
  }
  Report report(args.json);
  Scaling(args, report).Run();
  report.Finish();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
