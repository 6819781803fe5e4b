// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: saved parameters come back as they were, and damaged ones not at all.
// Method: all values there and back; every truncation and every value that the standard does not
// have.

#include "vdisk/mode_parameters.h"

#include <gtest/gtest.h>

#include <vector>

namespace quire {
namespace {

TEST(ModeParametersTest, ThereAndBack) {
  for (int bits = 0; bits < 16; ++bits) {
    const auto bit = [bits](int i) { return static_cast<uint8_t>(bits >> i & 1); };
    const ModeParameters parameters{bit(0), bit(1), bit(2), bit(3)};
    parameters.CheckInvariants();
    EXPECT_EQ(ModeParameters::FromSaved(parameters.Saved()), parameters);
  }
}

TEST(ModeParametersTest, KnownBytes) {
  const ModeParameters parameters{.wce = 1, .d_sense = 0, .swp = 0, .tas = 1};
  const std::array<uint8_t, 8> expected{1, 1, 0, 0, 1, 0, 0, 0};
  EXPECT_EQ(parameters.Saved(), expected);
}

TEST(ModeParametersTest, DamagedBytes) {
  const std::array<uint8_t, 8> good = ModeParameters{}.Saved();
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(ModeParameters::FromSaved(std::span(good).first(size)));
  }
  EXPECT_FALSE(ModeParameters::FromSaved(std::vector<uint8_t>(9, 1)));
  for (size_t i = 0; i < good.size(); ++i) {
    std::array<uint8_t, 8> bad = good;
    bad[i] = 4;
    EXPECT_FALSE(ModeParameters::FromSaved(bad)) << i;
  }
}

}  // namespace
}  // namespace quire
