// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: sessions of one initiator share its account, those of one device share the device's; an
// account goes with its last user; limits and guarantees reach the budget.
// Method: accounts by name and by device, charged through slices, seen through the budget.

#include "target/admission.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/target/data_buffers_fixture.h"

namespace quire {
namespace {

class AdmissionTest : public testing::Test {
 protected:
  static constexpr Admission::Options kOptions = {.limit_bytes = 64 * kMib,
                                                  .initiator_limit_bytes = 6 * kMib,
                                                  .device_limit_bytes = 5 * kMib,
                                                  .guaranteed_bytes = 2 * kMib};
  AdmissionTest() : memory_(16 * kMib, kOptions), admission_(memory_.admission) {}
  Device& device(size_t index) { return *memory_.devices[index]; }
  size_t CountAccounts() { return admission_.budget().stats().accounts.size(); }

  TestMemory memory_;
  Admission& admission_;
};

TEST_F(AdmissionTest, AnInitiatorHasOneAccountHoweverManySessions) {
  const auto first = admission_.OfInitiator("a");
  EXPECT_EQ(admission_.OfInitiator("a"), first);
  EXPECT_NE(admission_.OfInitiator("b"), first);
  EXPECT_EQ(first->name(), "a");
}

TEST_F(AdmissionTest, ADeviceHasOneAccountInWhicheverTargets) {
  const auto first = admission_.OfDevice(device(0), "disks LUN 0");
  EXPECT_EQ(admission_.OfDevice(device(0), "others LUN 7"), first);
  EXPECT_NE(admission_.OfDevice(device(1), "disks LUN 0"), first);
  EXPECT_EQ(first->name(), "disks LUN 0");
}

TEST_F(AdmissionTest, NamesOfInitiatorsAndDevicesDoNotMix) {
  const auto initiator = admission_.OfInitiator("same");
  const auto disk = admission_.OfDevice(device(0), "same");
  EXPECT_NE(initiator, disk);
  EXPECT_EQ(admission_.OfInitiator("same"), initiator);
  EXPECT_EQ(admission_.OfDevice(device(0), "same"), disk);
  EXPECT_EQ(CountAccounts(), 2u);
}

TEST_F(AdmissionTest, AnAccountGoesWithItsLastUser) {
  auto first = admission_.OfInitiator("a");
  auto second = admission_.OfInitiator("a");
  auto disk = admission_.OfDevice(device(0), "disk");
  EXPECT_EQ(memory_.StatsOf("a").guaranteed_bytes, 2 * kMib);
  first.reset();
  EXPECT_EQ(CountAccounts(), 2u) << "it has another user";
  second.reset();
  EXPECT_EQ(CountAccounts(), 1u);
  disk.reset();
  EXPECT_EQ(CountAccounts(), 0u);
  // And comes again.
  first = admission_.OfInitiator("a");
  EXPECT_EQ(memory_.StatsOf("a").guaranteed_bytes, 2 * kMib);
}

TEST_F(AdmissionTest, LimitsReachTheBudget) {
  const auto initiator = admission_.OfInitiator("a");
  const auto disk = admission_.OfDevice(device(0), "disk");
  const auto other_disk = admission_.OfDevice(device(1), "other disk");
  BudgetSlice of_initiator(*initiator);
  BudgetSlice of_disk(*disk);
  BudgetSlice of_other_disk(*other_disk);
  const BudgetPair pair{&of_initiator, &of_disk};
  const BudgetPair other_pair{&of_initiator, &of_other_disk};
  MemoryBudget& budget = admission_.budget();
  EXPECT_EQ(budget.limit_bytes(), 64 * kMib);
  EXPECT_EQ(budget.TryCharge(pair, 5 * kMib + 1), BudgetAnswer::kTooLarge);
  ASSERT_EQ(budget.TryCharge(pair, 5 * kMib), BudgetAnswer::kCharged);
  EXPECT_EQ(budget.TryCharge(pair, 1), BudgetAnswer::kDeviceLimit);
  ASSERT_EQ(budget.TryCharge(other_pair, kMib), BudgetAnswer::kCharged);
  EXPECT_EQ(budget.TryCharge(other_pair, 1), BudgetAnswer::kInitiatorLimit);
  budget.Release(pair, 5 * kMib);
  budget.Release(other_pair, kMib);
}

TEST_F(AdmissionTest, AGuaranteeHoldsWhateverOthersTake) {
  Admission admission({.limit_bytes = 8 * kMib, .guaranteed_bytes = 2 * kMib});
  const auto greedy = admission.OfInitiator("greedy");
  const auto modest = admission.OfInitiator("modest");
  const auto disk = admission.OfDevice(device(0), "disk");
  BudgetSlice of_greedy(*greedy);
  BudgetSlice of_modest(*modest);
  BudgetSlice of_disk(*disk);
  MemoryBudget& budget = admission.budget();
  ASSERT_EQ(budget.TryCharge({&of_greedy, &of_disk}, 6 * kMib), BudgetAnswer::kCharged);
  EXPECT_EQ(budget.TryCharge({&of_greedy, &of_disk}, 1), BudgetAnswer::kGlobalLimit);
  ASSERT_EQ(budget.TryCharge({&of_modest, &of_disk}, 2 * kMib), BudgetAnswer::kCharged);
  budget.Release({&of_greedy, &of_disk}, 6 * kMib);
  budget.Release({&of_modest, &of_disk}, 2 * kMib);
}

}  // namespace
}  // namespace quire
