// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: jobs that are threads share one disk.
// Method: several jobs on one file, each writing and verifying a part of its own.
//
//   [ fio: job job job job ] -> one disk -> file
#include <gmock/gmock.h>

#include <fstream>

#include "tests/frontends/fio/fio_fixture.h"

namespace quire {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kFourParts = {
    "--numjobs=4", "--size=2m", "--offset_increment=2m", "--rw=randwrite", "--verify=crc32c",
};

std::vector<std::string> With(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class FioJobs : public FioTest {
 protected:
  void SetUp() override {
    FioTest::SetUp();
    if (!IsSkipped()) std::ofstream(file()) << std::string(8 << 20, 'q');
  }
};

TEST_F(FioJobs, ThreadsShareOneDisk) {
  const FioResult result = Run(With(kFourParts, {"--thread=1", "--quire_stats=1"}));
  EXPECT_EQ(result.exit_status, 0) << result.Text();
  EXPECT_EQ(CountOf(result.err, "cache=writeback"), 1u) << result.err;
  EXPECT_THAT(result.err, HasSubstr("writes 2048 (8388608 bytes)"));
}

TEST_F(FioJobs, ThreadsShareOneDiskWithoutAPageCache) {
  const FioResult result = Run(With(kFourParts, {"--thread=1", "--direct=1"}));
  EXPECT_EQ(result.exit_status, 0) << result.Text();
}

TEST_F(FioJobs, ThreadsReadAndWriteOneDisk) {
  const FioResult result =
      Run({"--thread=1", "--size=8m", "--rw=randread", "--name=writer",
           "--ioengine=external:" + engine().string(), "--filename=" + file().string(), "--size=8m",
           "--thread=1", "--rw=randwrite", "--fdatasync=64"});
  EXPECT_EQ(result.exit_status, 0) << result.Text();
}

// Long reads over short writes: some wait for others, and all must come to an end.
TEST_F(FioJobs, ThreadsOverlap) {
  const FioResult result =
      Run({"--thread=1", "--numjobs=3", "--size=8m", "--rw=randread", "--bs=64k", "--loops=8",
           "--invalidate=0", "--name=writer", "--ioengine=external:" + engine().string(),
           "--filename=" + file().string(), "--size=8m", "--thread=1", "--numjobs=3",
           "--iodepth=16", "--rw=randwrite", "--loops=4"});
  EXPECT_EQ(result.exit_status, 0) << result.Text();
}

TEST_F(FioJobs, ThreadsMustAgreeOnTheCache) {
  const FioResult result = Run(
      {"--thread=1", "--size=8m", "--rw=randread", "--time_based", "--runtime=1", "--name=other",
       "--ioengine=external:" + engine().string(), "--filename=" + file().string(), "--size=8m",
       "--thread=1", "--rw=randread", "--quire_cache=none"});
  EXPECT_NE(result.exit_status, 0) << result.Text();
  EXPECT_THAT(result.err, HasSubstr("open by another job with other options"));
}

}  // namespace
}  // namespace quire
