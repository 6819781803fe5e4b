// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the report of a run tells the truth about what was copied.
// Method: read a cached file by reference and by copy, and compare the report with the size.
#include <gmock/gmock.h>

#include "tests/frontends/fio/fio_fixture.h"

namespace quire {
namespace {

using testing::HasSubstr;
using testing::Not;

// Written in the same run, so that it is cached; 64 KiB is always worth a reference.
const std::vector<std::string> kRun = {"--rw=write", "--bs=64k", "--verify=crc32c",
                                       "--quire_stats=1"};

TEST_F(FioTest, VerifiesCachedBytesByReference) {
  const FioResult result = Run(kRun);
  EXPECT_EQ(result.exit_status, 0) << result.Text();
  EXPECT_THAT(result.err, HasSubstr("reads 64 (4194304 bytes), 100.0 % by reference"));
  // The writes went through the kernel, which copies; nothing else did.
  EXPECT_THAT(result.err, HasSubstr("0 bytes by us, 4194304 by the kernel"));
}

TEST_F(FioTest, CopiesEveryReadWhenAsked) {
  std::vector<std::string> arguments = kRun;
  arguments.emplace_back("--quire_copy=1");
  const FioResult result = Run(arguments);
  EXPECT_EQ(result.exit_status, 0) << result.Text();
  EXPECT_THAT(result.err, HasSubstr("4194304 bytes by us, 4194304 by the kernel"));
}

TEST_F(FioTest, CopiesForACheckingThread) {
  std::vector<std::string> arguments = kRun;
  arguments.emplace_back("--verify_async=1");
  const FioResult result = Run(arguments);
  EXPECT_EQ(result.exit_status, 0) << result.Text();
  EXPECT_THAT(result.err, HasSubstr("4194304 bytes by us, 4194304 by the kernel"));
}

TEST_F(FioTest, SaysNothingUnasked) {
  const FioResult result = Run({"--rw=write"});
  EXPECT_EQ(result.exit_status, 0) << result.Text();
  EXPECT_THAT(result.Text(), Not(HasSubstr("quire:")));
}

}  // namespace
}  // namespace quire
