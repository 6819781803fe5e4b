// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: conditions come first in, first out, each once, with the codes and rules of the standard.
// Method: tables per rule; random posts, takes and clears beside a list that is plain to see.

#include "vdisk/unit_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/prng.h"

namespace quire {
namespace {

using enum UnitAttention;

std::vector<UnitAttention> Drain(UnitAttentionList list) {
  std::vector<UnitAttention> all;
  while (const auto attention = list.Take()) all.push_back(*attention);
  return all;
}

TEST(UnitAttentionTest, SenseDataOfEach) {
  struct Row {
    UnitAttention attention;
    uint8_t asc, ascq;
  };
  for (const Row& row :
       {Row{kMediumChanged, 0x28, 0x00}, Row{kPowerOn, 0x29, 0x00}, Row{kUnitReset, 0x29, 0x03},
        Row{kNexusLoss, 0x29, 0x07}, Row{kModeParametersChanged, 0x2a, 0x01},
        Row{kReservationsPreempted, 0x2a, 0x03}, Row{kReservationsReleased, 0x2a, 0x04},
        Row{kRegistrationsPreempted, 0x2a, 0x05}, Row{kCapacityChanged, 0x2a, 0x09},
        Row{kCommandsCleared, 0x2f, 0x00}, Row{kThinThreshold, 0x38, 0x07},
        Row{kInquiryChanged, 0x3f, 0x03}, Row{kReportedLunsChanged, 0x3f, 0x0e}}) {
    const Outcome expected{Status::kCheckCondition, SenseKey::kUnitAttention, row.asc, row.ascq};
    EXPECT_EQ(OutcomeOf(row.attention), expected);
    EXPECT_EQ(AttentionOf(expected), row.attention);
  }
}

TEST(UnitAttentionTest, WhatIsQueued) {
  struct Row {
    std::vector<UnitAttention> posted;
    std::vector<UnitAttention> told;
  };
  const std::vector<Row> rows = {
      {{}, {}},
      {{kCapacityChanged, kNexusLoss}, {kCapacityChanged, kNexusLoss}},
      {{kCapacityChanged, kNexusLoss, kCapacityChanged}, {kCapacityChanged, kNexusLoss}},
      {{kCapacityChanged, kUnitReset, kPowerOn}, {kPowerOn}},
      {{kPowerOn, kCapacityChanged, kPowerOn}, {kPowerOn}},
      {{kPowerOn, kUnitReset, kNexusLoss, kCommandsCleared}, {kPowerOn, kCommandsCleared}},
      {{kPowerOn, kRegistrationsPreempted}, {kPowerOn, kRegistrationsPreempted}},
  };
  for (size_t i = 0; i < rows.size(); ++i) {
    UnitAttentionList list;
    for (const UnitAttention attention : rows[i].posted) list.Post(attention);
    EXPECT_EQ(list.count(), rows[i].told.size());
    EXPECT_EQ(Drain(list), rows[i].told) << "row " << i;
  }
}

TEST(UnitAttentionTest, OneOfThemIsCleared) {
  UnitAttentionQueue queue;
  queue.Post(kCapacityChanged);
  queue.Post(kReportedLunsChanged);
  queue.Post(kCommandsCleared);
  queue.Clear(kReportedLunsChanged);
  queue.Clear(kReportedLunsChanged);
  EXPECT_TRUE(queue.pending());
  EXPECT_EQ(queue.Take(), kCapacityChanged);
  EXPECT_EQ(queue.Take(), kCommandsCleared);
  EXPECT_FALSE(queue.pending());
  EXPECT_EQ(queue.Take(), std::nullopt);
}

TEST(UnitAttentionTest, LookingDoesNotClear) {
  UnitAttentionQueue queue;
  queue.Post(kPowerOn);
  EXPECT_EQ(Drain(queue.list()), std::vector{kPowerOn});
  EXPECT_TRUE(queue.pending());
}

TEST(UnitAttentionTest, ResetsCanBeTakenBeforeTheRest) {
  UnitAttentionQueue queue;
  for (const auto attention : {kCapacityChanged, kNexusLoss, kRegistrationsPreempted, kUnitReset}) {
    queue.Post(attention);
  }
  EXPECT_EQ(queue.TakeReset(), kNexusLoss);
  EXPECT_EQ(queue.TakeReset(), kUnitReset);
  EXPECT_EQ(queue.TakeReset(), std::nullopt);
  EXPECT_EQ(Drain(queue.list()), (std::vector{kCapacityChanged, kRegistrationsPreempted}));
  queue.Post(kPowerOn);
  EXPECT_EQ(queue.TakeReset(), kPowerOn);
  EXPECT_FALSE(queue.pending());
}

TEST(UnitAttentionTest, LikeAPlainList) {
  const auto seed = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(testing::Message() << "--gtest_random_seed=" << seed);
  Prng random(seed);
  UnitAttentionQueue queue;
  std::vector<UnitAttention> model;
  const auto has = [&](UnitAttention attention) {
    return std::ranges::count(model, attention) > 0;
  };
  for (int i = 0; i < 20000; ++i) {
    const auto attention = static_cast<UnitAttention>(random.Below(kUnitAttentions));
    switch (random.Below(4)) {
      case 0: {
        const auto taken = queue.Take();
        ASSERT_EQ(taken.has_value(), !model.empty());
        if (!taken.has_value()) break;
        ASSERT_EQ(*taken, model.front());
        model.erase(model.begin());
        break;
      }
      case 1:
        queue.Clear(attention);
        std::erase(model, attention);
        break;
      default:
        queue.Post(attention);
        if (attention == kPowerOn) model.clear();
        if ((attention == kUnitReset || attention == kNexusLoss) && has(kPowerOn)) break;
        if (!has(attention)) model.push_back(attention);
    }
    ASSERT_EQ(queue.pending(), !model.empty());
    ASSERT_EQ(Drain(queue.list()), model);
  }
}

}  // namespace
}  // namespace quire
