// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Two threads, each with a pool of its own over the same regions, and both charged to the same
// budget: how much more they do than one of them, beside what two threads gain that only compute.
// And once more while a stranger waits in a budget of a hundred initiators and as many devices.

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/support/args.h"
#include "bench/support/die.h"
#include "bench/support/report.h"
#include "bench/support/scaling.h"
#include "sg/memory_budget.h"
#include "sg/regions.h"
#include "sg/sgv_pool.h"

namespace quire::bench {
namespace {

constexpr uint64_t kMiB = 1 << 20;

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

std::vector<ScalingLane> Lanes(Shared& shared) {
  std::vector<ScalingLane> lanes;
  const auto add = [&](uint64_t length_bytes, Charges* charges, const char* suffix) {
    const auto make = [&shared, length_bytes, charges](size_t) {
      return std::make_unique<Requests>(shared, length_bytes, charges);
    };
    lanes.push_back({.name = SizeName(length_bytes) + suffix,
                     .make = make,
                     .requests_per_step = Requests::kDepth,
                     .limit = 1 / 0.9});
  };
  for (const uint64_t length_bytes : {uint64_t{4096}, uint64_t{65536}, kMiB}) {
    add(length_bytes, nullptr, "");
    add(length_bytes, &shared.charges, "-charged");
  }
  add(4096, &shared.beside_strangers, "-with-a-stranger-waiting");
  return lanes;
}

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures pools and the budget on two threads.");
  if (!CanScale()) return kCannotScale;
  Report report(args.json);
  Shared shared;
  MeasureScaling(Lanes(shared), args.smoke ? 5 : 151, report);
  report.Finish();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
