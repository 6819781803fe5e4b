// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a broken condition stops the program and names itself; a kept one costs nothing visible.
// Method: death tests.
#include "base/check.h"

#include <gtest/gtest.h>

namespace quire {
namespace {

TEST(CheckDeathTest, NamesPlaceAndCondition) {
  const int apples = 3;
  EXPECT_DEATH(QUIRE_CHECK(apples == 4), "check_test.cc:[0-9]+: this must hold: apples == 4");
}

TEST(Check, EvaluatesOnce) {
  int count = 0;
  QUIRE_CHECK(++count == 1);
  EXPECT_EQ(count, 1);
}

#ifdef NDEBUG
TEST(Check, DcheckIsNotEvaluatedInReleases) {
  int count = 0;
  QUIRE_DCHECK(++count == 7);
  EXPECT_EQ(count, 0);
}
#else
TEST(CheckDeathTest, DcheckIsOn) { EXPECT_DEATH(QUIRE_DCHECK(1 > 2), "this must hold: 1 > 2"); }
#endif

}  // namespace
}  // namespace quire
