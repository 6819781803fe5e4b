// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: errno and sense data are translated into each other in one place, as SPC-4 annex D says.
// Method: a table of the errnos of interest in each direction.

#include "vdisk/sense.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/log.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

struct Row {
  int error;
  Direction direction;
  Outcome outcome;
};

constexpr Row kRows[] = {
    {0, Direction::kRead, {}},
    {ERANGE, Direction::kRead, {Status::kCheckCondition, SenseKey::kIllegalRequest, 0x21, 0}},
    {EINVAL, Direction::kRead, {Status::kCheckCondition, SenseKey::kIllegalRequest, 0x24, 0}},
    {EROFS, Direction::kWrite, {Status::kCheckCondition, SenseKey::kDataProtect, 0x27, 0}},
    {EOPNOTSUPP, Direction::kWrite, {Status::kCheckCondition, SenseKey::kIllegalRequest, 0x20, 0}},
    {ENOSPC, Direction::kWrite, {Status::kCheckCondition, SenseKey::kDataProtect, 0x27, 7}},
    {EDQUOT, Direction::kWrite, {Status::kCheckCondition, SenseKey::kDataProtect, 0x27, 7}},
    {EIO, Direction::kRead, {Status::kCheckCondition, SenseKey::kMediumError, 0x11, 0}},
    {EIO, Direction::kWrite, {Status::kCheckCondition, SenseKey::kMediumError, 0x0c, 0}},
    {ENODATA, Direction::kRead, {Status::kCheckCondition, SenseKey::kMediumError, 0x11, 0}},
    {ETIMEDOUT, Direction::kRead, {Status::kCheckCondition, SenseKey::kHardwareError, 0x44, 0}},
    {EBUSY, Direction::kRead, {Status::kTaskSetFull, SenseKey::kNoSense, 0, 0}},
    {ENOMEM, Direction::kRead, {Status::kBusy, SenseKey::kNoSense, 0, 0}},
};

TEST(SenseTest, EveryErrnoOfInterest) {
  for (const Row& row : kRows) {
    EXPECT_EQ(OutcomeFromErrno(row.error, row.direction), row.outcome) << row.error;
  }
}

TEST(SenseTest, ThereAndBack) {
  for (const int error : {0, ERANGE, EINVAL, EROFS, EOPNOTSUPP, ENOSPC, EIO, EBUSY}) {
    EXPECT_EQ(ErrnoFromOutcome(OutcomeFromErrno(error, Direction::kWrite)), error);
  }
}

TEST(SenseTest, AnythingElseIsAMediumErrorAndIsLogged) {
  static int count_lines;
  count_lines = 0;
  SetLogSink([](LogLevel, std::string_view) { ++count_lines; });
  EXPECT_EQ(OutcomeFromErrno(EXDEV, Direction::kRead).key, SenseKey::kMediumError);
  EXPECT_EQ(OutcomeFromErrno(EXDEV, Direction::kNone).key, SenseKey::kHardwareError);
  SetLogSink(nullptr);
  EXPECT_EQ(count_lines, 1) << "once per errno";
}

TEST(SenseTest, DetailsDoNotChangeTheErrno) {
  EXPECT_EQ(ErrnoFromOutcome(kLbaOutOfRange.WithInformation(77)), ERANGE);
  EXPECT_EQ(ErrnoFromOutcome(kInvalidFieldInCdb.AtCdbField(1, 7)), EINVAL);
  EXPECT_EQ(ErrnoFromOutcome(kMiscompare), EIO);
}

TEST(SenseTest, DetailsAreACopyOfTheirOwn) {
  constexpr Outcome kDetailed = kLbaOutOfRange.WithInformation(77).AtCdbField(2);
  EXPECT_TRUE(kDetailed.Is(kLbaOutOfRange));
  EXPECT_NE(kDetailed, kLbaOutOfRange);
  EXPECT_FALSE(kDetailed.deferred);
  EXPECT_TRUE(kDetailed.Deferred().deferred);
  EXPECT_FALSE(kDetailed.Is(kInvalidFieldInCdb));
}

TEST(SenseTest, Names) {
  EXPECT_EQ(Name(SenseKey::kMediumError), "MEDIUM ERROR");
  EXPECT_EQ(Name(SenseKey::kDataProtect), "DATA PROTECT");
}

}  // namespace
}  // namespace quire
