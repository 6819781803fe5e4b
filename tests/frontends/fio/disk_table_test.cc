// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: jobs that are processes meet at the lock of their file; one job may have several disks.
// Method: several jobs on one file, each writing and verifying a part of its own.
//
//   [ fio: job ] -> disk -> file and its lock <- disk <- [ fio: job ]
#include <gmock/gmock.h>

#include <fstream>

#include "tests/frontends/fio/fio_fixture.h"

namespace quire {
namespace {

using testing::HasSubstr;

class FioProcesses : public FioTest {
 protected:
  void SetUp() override {
    FioTest::SetUp();
    if (!IsSkipped()) std::ofstream(file()) << std::string(8 << 20, 'q');
  }
  // Four processes, each on its own 2 MiB.
  FioResult RunFour(const std::string& more) {
    return Run({"--numjobs=4", "--size=2m", "--offset_increment=2m", "--rw=randwrite",
                "--verify=crc32c", more});
  }
};

TEST_F(FioProcesses, ShareTheFileWhenTheyOnlyRead) {
  const FioResult result = Run({"--numjobs=3", "--size=8m", "--rw=randread"});
  EXPECT_EQ(result.exit_status, 0) << result.Text();
}

TEST_F(FioProcesses, AreToldWhoHasTheFileThatTheyWouldWrite) {
  const FioResult result = RunFour("--loops=20");
  EXPECT_NE(result.exit_status, 0);
  EXPECT_THAT(result.err, HasSubstr("is in use by pid"));
  EXPECT_THAT(result.err, HasSubstr("quire_share=1"));
}

TEST_F(FioProcesses, ShareTheFileWhenAskedTo) {
  const FioResult result = RunFour("--quire_share=1");
  EXPECT_EQ(result.exit_status, 0) << result.Text();
}

TEST_F(FioTest, OneJobMayHaveSeveralDisks) {
  const FioResult result = RunBare(
      "fio", {"--name=job", "--ioengine=external:" + engine().string(), "--filename=disk:disk2",
              "--size=8m", "--rw=randwrite", "--iodepth=8", "--verify=crc32c"});
  EXPECT_EQ(result.exit_status, 0) << result.Text();
}

}  // namespace
}  // namespace quire
