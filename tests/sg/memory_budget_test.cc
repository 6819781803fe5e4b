// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: no limit is ever exceeded and nothing is refused that could be had.
// Method: accounts filled to the byte, then random calls against plain sums and an oracle.
#include "sg/memory_budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/prng.h"
#include "tests/sg/budget_fixture.h"

namespace quire {
namespace {

using namespace budget_test;  // NOLINT(google-build-using-namespace)

TEST_F(MemoryBudgetTest, TheGlobalLimitIsExact) {
  Account a(budget, Initiator());
  Account b(budget, Initiator());
  Account d(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(a, d), kMib), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), 3 * kMib - 1), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), 2), kGlobalLimit);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 1), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 1), kGlobalLimit);
  EXPECT_EQ(budget.used_bytes(), 4 * kMib);
  EXPECT_EQ(a.used(), kMib + 1);
  EXPECT_EQ(d.used(), 4 * kMib);
  EXPECT_EQ(a.account.stats().refused_global, 1u);
  EXPECT_EQ(b.account.stats().refused_global, 1u);
  EXPECT_EQ(b.account.stats().refused_here, 0u);
  budget.Release(Pair(a, d), kMib + 1);
  budget.Release(Pair(b, d), 3 * kMib - 1);
  EXPECT_EQ(budget.used_bytes(), 0u);
}

TEST_F(MemoryBudgetTest, TheLimitsOfAnInitiatorAndADeviceAreExact) {
  Account a(budget, Initiator(kMib));
  Account b(budget, Initiator());
  Account d(budget, Device(2 * kMib));
  EXPECT_EQ(budget.TryCharge(Pair(a, d), kMib + 1), kTooLarge);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), kMib - 1), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 2), kInitiatorLimit);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 1), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 1), kInitiatorLimit);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), 2 * kMib + 1), kTooLarge);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), kMib + 1), kDeviceLimit);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), kMib), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), 1), kDeviceLimit);
  EXPECT_EQ(a.account.stats().refused_here, 2u);
  EXPECT_EQ(d.account.stats().refused_here, 2u);
  // A refusal at the device leaves nothing at the initiator.
  EXPECT_EQ(b.used(), kMib);
  EXPECT_EQ(budget.used_bytes(), 2 * kMib);
  budget.CheckInvariants();
  budget.Release(Pair(a, d), kMib);
  budget.Release(Pair(b, d), kMib);
}

TEST_F(MemoryBudgetTest, MoreThanTheLimitIsNeverToBeHad) {
  Account a(budget, Initiator());
  Account d(budget, Device());
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 4 * kMib + 1), kTooLarge);
  Account guaranteed(budget, Initiator(~uint64_t{0}, kMib));
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 3 * kMib + 1), kTooLarge);
  EXPECT_EQ(budget.TryCharge(Pair(guaranteed, d), 4 * kMib), kCharged);
  budget.Release(Pair(guaranteed, d), 4 * kMib);
  Waiter waiter(1, Pair(a, d), 3 * kMib + 1, &order);
  EXPECT_EQ(budget.ChargeOrWait(waiter), kTooLarge);
  EXPECT_EQ(a.account.stats().waiters, 0u);
}

TEST(MemoryBudget, NoLimitIsALimitAsWell) {
  constexpr uint64_t kAll = ~uint64_t{0};
  MemoryBudget budget(kAll);
  Account a(budget, Initiator());
  Account d(budget, Device());
  ASSERT_EQ(budget.TryCharge(Pair(a, d), kAll - 1), kCharged);
  EXPECT_EQ(budget.used_bytes(), kAll - 1);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 2), kInitiatorLimit);
  EXPECT_EQ(budget.TryCharge(Pair(a, d), 1), kCharged);
  EXPECT_EQ(d.used(), kAll);
  budget.CheckInvariants();
  budget.Release(Pair(a, d), kAll);
  EXPECT_EQ(budget.used_bytes(), 0u);
  budget.CheckInvariants();
}

TEST_F(MemoryBudgetTest, WhatOtherSlicesHoldInVainIsFound) {
  Account a(budget, Initiator());
  Account b(budget, Initiator());
  Account d(budget, Device());
  BudgetSlice a2(a.account);
  BudgetSlice d2(d.account);
  // Leaves reserves in all four slices.
  EXPECT_EQ(budget.TryCharge({&a.slice, &d.slice}, 1), kCharged);
  EXPECT_EQ(budget.TryCharge({&a2, &d2}, 1), kCharged);
  EXPECT_EQ(budget.used_bytes(), 2u);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), 4 * kMib - 2), kCharged);
  EXPECT_EQ(budget.TryCharge(Pair(b, d), 1), kGlobalLimit);
  EXPECT_EQ(a.used(), 2u);
  budget.Release({&a.slice, &d.slice}, 1);
  budget.Release({&a2, &d2}, 1);
  budget.Release(Pair(b, d), 4 * kMib - 2);
}

class RandomBudget {
 public:
  explicit RandomBudget(uint64_t seed) : prng_(seed) {
    for (size_t i = 0; i < kInitiators; ++i) {
      Add(RandomInitiator(prng_));
    }
    for (size_t i = 0; i < kDevices; ++i) {
      Add(Device(prng_.Chance(1, 2) ? ~uint64_t{0} : kMib + prng_.Below(3 * kMib)));
    }
  }

  void Run() {
    for (int step = 0; step < 1500 && !testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      Step();
      Check();
    }
    // Giving back everything serves all who wait.
    while (!charges_.empty() && !testing::Test::HasFailure()) {
      Release();
      Check();
    }
    for (const Owner& owner : owners_) {
      const BudgetAccount::Stats stats = owner.account->stats();
      EXPECT_EQ(stats.used_bytes, 0u);
      EXPECT_EQ(stats.waiters, 0u);
    }
    EXPECT_EQ(count_waiting_, 0u);
    EXPECT_EQ(budget_.used_bytes(), 0u);
    // Whatever still waits is taken out, so that the failure above is what is seen.
    for (const auto& one : requests_) {
      if (one->waits) static_cast<void>(budget_.Cancel(*one));
    }
    while (!charges_.empty()) Release();
  }

 private:
  static constexpr size_t kInitiators = 4;
  static constexpr size_t kDevices = 3;
  static constexpr uint64_t kLimit = 4 * kMib;

  struct Owner {
    BudgetAccount::Options options;
    std::unique_ptr<BudgetAccount> account;
    std::unique_ptr<BudgetSlice> slices[2];
    uint64_t used_bytes = 0;
    uint64_t guaranteed_bytes = 0;  // after the last step
  };
  struct Request : BudgetWaiter {
    RandomBudget* test = nullptr;
    size_t initiator = 0, device = 0;
    bool waits = false;
  };

  void Add(const BudgetAccount::Options& options) {
    Owner owner;
    owner.options = options;
    owner.account = std::make_unique<BudgetAccount>(budget_, options);
    for (auto& slice : owner.slices) slice = std::make_unique<BudgetSlice>(*owner.account);
    owner.guaranteed_bytes = owner.account->stats().guaranteed_bytes;
    owners_.push_back(std::move(owner));
  }

  static BudgetAccount::Options RandomInitiator(Prng& prng) {
    const uint64_t limit = prng.Chance(1, 2) ? ~uint64_t{0} : kMib + prng.Below(3 * kMib);
    return Initiator(limit, prng.Chance(1, 2) ? prng.Below(kMib + kMib / 2) : 0);
  }

  // One that uses nothing goes and another one comes, which may find less left for its guarantee.
  void Replace() {
    const size_t at = prng_.Below(kInitiators);
    for (const auto& one : requests_) {
      if (one->initiator == at && one->waits) return;
    }
    if (owners_[at].used_bytes > 0) return;
    for (auto& slice : owners_[at].slices) slice.reset();
    owners_[at].account.reset();
    owners_[at].guaranteed_bytes = 0;
    Add(RandomInitiator(prng_));
    owners_[at] = std::move(owners_.back());
    owners_.pop_back();
  }

  std::unique_ptr<Request> NewRequest() {
    auto one = std::make_unique<Request>();
    one->test = this;
    one->initiator = prng_.Below(kInitiators);
    one->device = kInitiators + prng_.Below(kDevices);
    one->pair = {owners_[one->initiator].slices[prng_.Below(2)].get(),
                 owners_[one->device].slices[prng_.Below(2)].get()};
    one->length_bytes = 1 + prng_.Below(uint64_t{1} << (10 + prng_.Below(13)));
    one->granted = [](BudgetWaiter& waiter) {
      auto& self = static_cast<Request&>(waiter);
      EXPECT_TRUE(self.waits);
      self.waits = false;
      --self.test->count_waiting_;
      self.test->Charged(self);
    };
    return one;
  }

  void Charged(Request& one) {
    owners_[one.initiator].used_bytes += one.length_bytes;
    owners_[one.device].used_bytes += one.length_bytes;
    charges_.push_back(&one);
  }

  uint64_t CommonLeft() const {
    uint64_t left = kLimit;
    for (size_t i = 0; i < kInitiators; ++i) {
      left -= std::max(owners_[i].used_bytes, owners_[i].guaranteed_bytes);
    }
    return left;
  }

  bool Fits(const Request& one) const {
    const Owner& initiator = owners_[one.initiator];
    const Owner& device = owners_[one.device];
    const uint64_t guaranteed = initiator.guaranteed_bytes;
    const uint64_t own = guaranteed > initiator.used_bytes ? guaranteed - initiator.used_bytes : 0;
    return one.length_bytes <= initiator.options.limit_bytes - initiator.used_bytes &&
           one.length_bytes <= device.options.limit_bytes - device.used_bytes &&
           one.length_bytes <= CommonLeft() + own;
  }

  bool TooLarge(const Request& one) const {
    uint64_t guaranteed_to_others = 0;
    for (size_t i = 0; i < kInitiators; ++i) {
      if (i != one.initiator) guaranteed_to_others += owners_[i].guaranteed_bytes;
    }
    return one.length_bytes >
           std::min({kLimit - guaranteed_to_others, owners_[one.initiator].options.limit_bytes,
                     owners_[one.device].options.limit_bytes});
  }

  void Step() {
    const uint64_t what = prng_.Below(100);
    if (what < 30) {
      Charge();
    } else if (what < 50) {
      Wait();
    } else if (what < 90) {
      Release();
    } else if (what < 95) {
      CancelOne();
    } else if (what < 98) {
      ChargeWhatIsGuaranteed();
    } else {
      Replace();
    }
  }

  void Charge() {
    auto one = NewRequest();
    const bool fits = Fits(*one);
    const BudgetAnswer answer = budget_.TryCharge(one->pair, one->length_bytes);
    ASSERT_EQ(answer == kTooLarge, TooLarge(*one));
    if (answer == kCharged) {
      ASSERT_TRUE(fits);
      Charged(*one);
      requests_.push_back(std::move(one));
    } else if (count_waiting_ == 0) {
      ASSERT_FALSE(fits) << "refused in vain";
    }
  }

  // Nothing that others do or wait for keeps an initiator from it, as long as nobody waits at the
  // device or in its own queue.
  void ChargeWhatIsGuaranteed() {
    auto one = NewRequest();
    const Owner& initiator = owners_[one->initiator];
    const Owner& device = owners_[one->device];
    if (initiator.account->stats().waiters + device.account->stats().waiters > 0) return;
    if (initiator.used_bytes >= initiator.guaranteed_bytes) return;
    const uint64_t most = std::min(initiator.guaranteed_bytes - initiator.used_bytes,
                                   device.options.limit_bytes - device.used_bytes);
    if (most == 0) return;
    one->length_bytes = 1 + prng_.Below(most);
    ASSERT_EQ(budget_.TryCharge(one->pair, one->length_bytes), kCharged);
    Charged(*one);
    requests_.push_back(std::move(one));
  }

  void Wait() {
    requests_.push_back(NewRequest());
    Request& one = *requests_.back();
    const bool fits = Fits(one);
    const size_t count_waiting = count_waiting_;
    one.waits = true;
    ++count_waiting_;
    const BudgetAnswer answer = budget_.ChargeOrWait(one);
    if (answer == kCharged || answer == kTooLarge) {
      ASSERT_TRUE(one.waits);
      one.waits = false;
      --count_waiting_;
    }
    ASSERT_EQ(answer == kTooLarge, TooLarge(one));
    if (answer == kCharged) {
      ASSERT_TRUE(fits);
      Charged(one);
    }
    ASSERT_TRUE(answer == kCharged || !fits || count_waiting > 0) << "refused in vain";
  }

  void Release() {
    if (charges_.empty()) return;
    const size_t at = prng_.Below(charges_.size());
    Request& one = *charges_[at];
    charges_.erase(charges_.begin() + static_cast<long>(at));
    owners_[one.initiator].used_bytes -= one.length_bytes;
    owners_[one.device].used_bytes -= one.length_bytes;
    budget_.Release(one.pair, one.length_bytes);
  }

  void CancelOne() {
    if (requests_.empty()) return;
    Request& one = *requests_[prng_.Below(requests_.size())];
    if (!one.waits) {
      ASSERT_FALSE(budget_.Cancel(one));
      return;
    }
    one.waits = false;  // not granted from here on
    --count_waiting_;
    ASSERT_TRUE(budget_.Cancel(one));
  }

  void Check() {
    budget_.CheckInvariants();
    uint64_t total = 0;
    uint64_t waiters = 0;
    for (size_t i = 0; i < owners_.size(); ++i) {
      Owner& owner = owners_[i];
      const BudgetAccount::Stats stats = owner.account->stats();
      ASSERT_EQ(stats.used_bytes, owner.used_bytes);
      ASSERT_LE(owner.used_bytes, owner.options.limit_bytes);
      ASSERT_GE(stats.guaranteed_bytes, owner.guaranteed_bytes) << "never less again";
      owner.guaranteed_bytes = stats.guaranteed_bytes;
      waiters += stats.waiters;
      if (i < kInitiators) total += owner.used_bytes;
    }
    ASSERT_EQ(budget_.used_bytes(), total);
    ASSERT_LE(total, kLimit);
    ASSERT_EQ(waiters, count_waiting_);
    ASSERT_TRUE(budget_.NobodyWaitsInVain());
    // Nor all of them for each other.
    const auto lacks = [this](const auto& one) { return one->waits && !Fits(*one); };
    ASSERT_TRUE(count_waiting_ == 0 || std::ranges::any_of(requests_, lacks));
  }

  Prng prng_;
  MemoryBudget budget_{kLimit};
  std::vector<Owner> owners_;
  std::vector<std::unique_ptr<Request>> requests_;
  std::vector<Request*> charges_;
  size_t count_waiting_ = 0;
};

uint64_t the_seed = 0;

TEST(MemoryBudget, RandomCallsAgreeWithSums) {
  // A check that fails ends the process: not without the seed.
  const auto former = std::signal(SIGABRT, [](int) {
    std::fprintf(stderr, "seed %llu\n", static_cast<unsigned long long>(the_seed));
  });
  for (the_seed = 1; the_seed <= 60 && !testing::Test::HasFailure(); ++the_seed) {
    SCOPED_TRACE("seed " + std::to_string(the_seed));
    RandomBudget(the_seed).Run();
  }
  std::signal(SIGABRT, former);
}

}  // namespace
}  // namespace quire
