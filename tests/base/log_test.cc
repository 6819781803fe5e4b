// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: lines reach the sink that is set, whole and with their level.
// Method: a sink that remembers; standard error captured without one.
#include "base/log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quire {
namespace {

std::vector<std::string>& Lines() {
  static std::vector<std::string> lines;
  return lines;
}

void Remember(LogLevel level, std::string_view line) {
  Lines().push_back(std::to_string(static_cast<int>(level)) + std::string(line));
}

TEST(Log, GoesToTheSink) {
  SetLogSink(Remember);
  Log(LogLevel::kInfo, "one");
  Log(LogLevel::kError, "two {} %s");
  SetLogSink(nullptr);
  EXPECT_EQ(Lines(), (std::vector<std::string>{"0one", "2two {} %s"}));
}

TEST(Log, StandardErrorWithoutASink) {
  testing::internal::CaptureStderr();
  Log(LogLevel::kInfo, "as it is: {} %d");
  Log(LogLevel::kWarning, "careful");
  Log(LogLevel::kError, "broken");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "quire: info: as it is: {} %d\nquire: warning: careful\nquire: error: broken\n");
}

}  // namespace
}  // namespace quire
