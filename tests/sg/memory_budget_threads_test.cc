// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: no limit is exceeded at any instant, and whoever waits is granted in the end.
// Method: four threads with a slice each of ten initiators and ten devices charge, wait and give
//   back at random; sums of their own are compared with the limits; after a minute the test prints
//   who still waits.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/prng.h"
#include "sg/memory_budget.h"

namespace quire {
namespace {

constexpr uint64_t kMib = uint64_t{1} << 20;
constexpr uint64_t kLimit = 8 * kMib;
constexpr uint64_t kAccountLimit = 3 * kMib;
constexpr size_t kThreads = 4;
constexpr size_t kAccounts = 10;  // of each kind

struct Sum {
  std::atomic<uint64_t> bytes{0};
  void Add(uint64_t more, uint64_t limit) {
    if (bytes.fetch_add(more) + more <= limit) return;
    ADD_FAILURE() << "a limit of " << limit << " exceeded";
  }
};

struct Request : BudgetWaiter {
  size_t initiator = 0, device = 0;
  std::atomic<bool> charged{false};
};

struct Shared {
  MemoryBudget budget{kLimit};
  std::deque<BudgetAccount> initiators, devices;
  Sum total;
  std::array<Sum, kAccounts> of_initiators, of_devices;
  std::atomic<uint64_t> waited{0};

  Shared() {
    for (size_t i = 0; i < kAccounts; ++i) {
      initiators.emplace_back(budget,
                              BudgetAccount::Options{.name = "initiator " + std::to_string(i),
                                                     .limit_bytes = kAccountLimit,
                                                     .guaranteed_bytes = i < 2 ? kMib / 2 : 0});
      devices.emplace_back(budget, BudgetAccount::Options{.name = "device " + std::to_string(i),
                                                          .kind = BudgetAccount::Kind::kDevice,
                                                          .limit_bytes = kAccountLimit});
    }
  }
  void Add(const Request& one) {
    total.Add(one.length_bytes, kLimit);
    of_initiators[one.initiator].Add(one.length_bytes, kAccountLimit);
    of_devices[one.device].Add(one.length_bytes, kAccountLimit);
  }
  void Subtract(const Request& one) {
    total.bytes.fetch_sub(one.length_bytes);
    of_initiators[one.initiator].bytes.fetch_sub(one.length_bytes);
    of_devices[one.device].bytes.fetch_sub(one.length_bytes);
  }
  void PrintWaiters() const {
    for (const auto* accounts : {&initiators, &devices}) {
      for (const BudgetAccount& account : *accounts) {
        const BudgetAccount::Stats stats = account.stats();
        std::fprintf(stderr, "%s: %llu bytes used, %llu wait\n", account.name().c_str(),
                     static_cast<unsigned long long>(stats.used_bytes),
                     static_cast<unsigned long long>(stats.waiters));
      }
    }
  }
};

class Charger {
 public:
  Charger(Shared& shared, uint64_t seed, uint64_t max_bytes)
      : shared_(shared), prng_(seed), max_bytes_(max_bytes) {
    for (BudgetAccount& account : shared.initiators) initiators_.emplace_back(account);
    for (BudgetAccount& account : shared.devices) devices_.emplace_back(account);
  }

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) {
      Start();
      while (!requests_.empty() && prng_.Chance(1, 3)) FinishOne();
      if (requests_.size() > 32) FinishOne();
    }
    while (!requests_.empty()) {
      if (!FinishOne()) std::this_thread::yield();
    }
  }

 private:
  void Start() {
    auto one = std::make_unique<Request>();
    one->initiator = prng_.Below(kAccounts);
    one->device = prng_.Below(kAccounts);
    one->length_bytes = 1 + prng_.Below(max_bytes_);
    one->pair = {&initiators_[one->initiator], &devices_[one->device]};
    one->granted = [](BudgetWaiter& self) { static_cast<Request&>(self).charged.store(true); };
    const bool waits = prng_.Chance(2, 3);
    const BudgetAnswer answer = waits ? shared_.budget.ChargeOrWait(*one)
                                      : shared_.budget.TryCharge(one->pair, one->length_bytes);
    ASSERT_NE(answer, BudgetAnswer::kTooLarge);
    if (answer == BudgetAnswer::kCharged) {
      shared_.Add(*one);
      one->charged.store(true);
      requests_.push_back({std::move(one), true});
    } else if (waits) {
      shared_.waited.fetch_add(1);
      requests_.push_back({std::move(one), false});
    }
  }

  // Any of them that has its charge; now and then one that waits is taken out.
  bool FinishOne() {
    const size_t at = prng_.Below(requests_.size());
    auto& [one, counted] = requests_[at];
    if (!one->charged.load()) {
      if (!prng_.Chance(1, 64) || !shared_.budget.Cancel(*one)) return false;
    } else {
      if (!counted) shared_.Add(*one);
      shared_.Subtract(*one);
      shared_.budget.Release(one->pair, one->length_bytes);
    }
    requests_.erase(requests_.begin() + static_cast<long>(at));
    return true;
  }

  Shared& shared_;
  Prng prng_;
  const uint64_t max_bytes_;
  std::deque<BudgetSlice> initiators_, devices_;
  std::vector<std::pair<std::unique_ptr<Request>, bool>> requests_;
};

void RunAll(uint64_t seed, uint64_t max_bytes, int steps) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Shared shared;
  // Slices outlive all charges that are written to them.
  std::deque<Charger> chargers;
  for (size_t i = 0; i < kThreads; ++i) chargers.emplace_back(shared, seed + i, max_bytes);
  std::atomic<size_t> running{kThreads};
  std::vector<std::thread> threads;
  for (Charger& charger : chargers) {
    threads.emplace_back([&] {
      charger.Run(steps);
      running.fetch_sub(1);
    });
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (running.load() > 0) {
    shared.budget.CheckInvariants();
    if (std::chrono::steady_clock::now() > end) {
      std::fprintf(stderr, "seed %llu: a wake-up was lost\n",
                   static_cast<unsigned long long>(seed));
      shared.PrintWaiters();
      std::abort();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(shared.budget.NobodyWaitsInVain());
  EXPECT_EQ(shared.budget.used_bytes(), 0u);
  EXPECT_EQ(shared.total.bytes.load(), 0u);
  EXPECT_GT(shared.waited.load(), 0u);
  for (BudgetAccount& account : shared.initiators) EXPECT_EQ(account.stats().waiters, 0u);
  for (BudgetAccount& account : shared.devices) EXPECT_EQ(account.stats().waiters, 0u);
  shared.budget.CheckInvariants();
}

TEST(MemoryBudgetThreads, SmallChargesOutOfSlices) { RunAll(1, kMib / 2, 1500); }

TEST(MemoryBudgetThreads, LargeChargesThatMostlyWait) { RunAll(101, 2 * kMib, 1500); }

// One thread that is held up while it tells holds up nobody whom another thread granted.
TEST(MemoryBudgetThreads, EachThreadTellsWhomItGranted) {
  MemoryBudget budget(kLimit);
  BudgetAccount initiators[] = {{budget, {.name = "a", .limit_bytes = kMib}},
                                {budget, {.name = "b", .limit_bytes = kMib}}};
  BudgetAccount device(budget, {.name = "d", .kind = BudgetAccount::Kind::kDevice});
  std::deque<BudgetSlice> slices;
  for (BudgetAccount* account : {&initiators[0], &initiators[1], &device, &device}) {
    slices.emplace_back(*account);
  }
  static std::atomic<bool> inside{false};
  static std::atomic<bool> may_go_on{false};
  inside = false;
  may_go_on = false;
  Request waiters[2];
  for (size_t i = 0; i < 2; ++i) {
    waiters[i].pair = {&slices[i], &slices[2 + i]};
    waiters[i].length_bytes = kMib;
    EXPECT_EQ(budget.TryCharge(waiters[i].pair, kMib), BudgetAnswer::kCharged);
  }
  waiters[0].granted = [](BudgetWaiter&) {
    inside = true;
    while (!may_go_on.load()) std::this_thread::yield();
  };
  waiters[1].granted = [](BudgetWaiter& self) { static_cast<Request&>(self).charged = true; };
  for (Request& one : waiters) EXPECT_NE(budget.ChargeOrWait(one), BudgetAnswer::kCharged);
  std::thread other([&] { budget.Release(waiters[0].pair, kMib); });
  while (!inside.load()) std::this_thread::yield();
  budget.Release(waiters[1].pair, kMib);
  EXPECT_TRUE(waiters[1].charged.load());
  may_go_on = true;
  other.join();
  for (Request& one : waiters) budget.Release(one.pair, kMib);
}

}  // namespace
}  // namespace quire
