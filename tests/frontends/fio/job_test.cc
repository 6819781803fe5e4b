// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: fio's own verification is true in every mode, and errors and the exit status are.
// Method: write and verify in each mode; the same with one byte changed must fail; faults from
// outside (a shortened file, a full file system).
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <ostream>

#include "tests/frontends/fio/fio_fixture.h"

namespace quire {
namespace {

using testing::HasSubstr;

struct Mode {
  const char* name;
  std::vector<std::string> arguments;
};
void PrintTo(const Mode& mode, std::ostream* out) { *out << mode.name; }

class FioVerify : public FioTest, public testing::WithParamInterface<Mode> {};

const Mode kModes[] = {
    {"Crc32c", {"--verify=crc32c"}},
    {"Md5", {"--verify=md5"}},
    {"Sha256", {"--verify=sha256", "--bs=64k"}},
    {"Xxhash", {"--verify=xxhash", "--bs=1m"}},
    {"LongestTransfer", {"--verify=xxhash", "--bs=4m"}},
    {"Pattern", {"--verify=pattern", "--verify_pattern=0xdeadbeef"}},
    {"PatternWithOffset", {"--verify=pattern", "--verify_pattern=%o"}},
    // fio forgets a fault when the next interval, or the next block of a checking thread, is good.
    {"Interval", {"--verify=crc32c", "--bs=32k", "--verify_interval=512", "--verify_fatal=1"}},
    {"MixedSizes", {"--verify=md5", "--bsrange=512-64k", "--verify_fatal=1"}},
    {"Async", {"--verify=crc32c", "--verify_async=2", "--iodepth=1"}},
    {"HeaderElsewhere", {"--verify=crc32c", "--verify_offset=128"}},
    {"Sequential", {"--verify=crc32c", "--rw=write"}},
    {"Batches", {"--verify=crc32c", "--iodepth=64", "--iodepth_batch=16"}},
    {"BatchesComplete", {"--verify=crc32c", "--iodepth_batch_complete_min=4"}},
    {"Copied", {"--verify=crc32c", "--quire_copy=1"}},
    {"NoHints", {"--verify=crc32c", "--quire_hints=0"}},
    {"Writethrough", {"--verify=crc32c", "--quire_cache=writethrough"}},
    {"Direct", {"--verify=crc32c", "--direct=1"}},
    {"NoCache", {"--verify=crc32c", "--quire_cache=none"}},
    {"Threads", {"--verify=crc32c", "--thread=1"}},
    {"Syncs", {"--verify=crc32c", "--fsync=32", "--fdatasync=20", "--end_fsync=1"}},
    {"SyncRange", {"--verify=crc32c", "--sync_file_range=write:16"}},
    {"EachStable", {"--verify=crc32c", "--sync=1", "--bs=64k"}},
    {"Loops", {"--verify=crc32c", "--loops=3"}},
    {"TrimThenWrite", {"--verify=crc32c", "--rw=randtrimwrite"}},
};

// Writes, then verifies what was written.
TEST_P(FioVerify, Passes) {
  std::vector<std::string> arguments = {"--rw=randwrite"};
  arguments.insert(arguments.end(), GetParam().arguments.begin(), GetParam().arguments.end());
  const FioResult result = Run(arguments);
  EXPECT_EQ(result.exit_status, 0) << result.Text();
}

// Writes; one byte is changed behind our back; then only verifies.
TEST_P(FioVerify, FindsAChangedByte) {
  std::vector<std::string> arguments = {"--rw=randwrite"};
  arguments.insert(arguments.end(), GetParam().arguments.begin(), GetParam().arguments.end());
  arguments.emplace_back("--do_verify=0");
  const FioResult written = Run(arguments);
  ASSERT_EQ(written.exit_status, 0) << written.Text();
  FlipByte(2'500'000);
  arguments.back() = "--verify_only=1";
  const FioResult verified = Run(arguments);
  EXPECT_NE(verified.exit_status, 0) << verified.Text();
  EXPECT_THAT(verified.err, HasSubstr("disk offset "));
}

INSTANTIATE_TEST_SUITE_P(Modes, FioVerify, testing::ValuesIn(kModes),
                         [](const auto& mode) { return std::string(mode.param.name); });

TEST_F(FioTest, VerifiesMixedReadsAndWrites) {
  const FioResult result = Run({"--rw=randrw", "--verify=crc32c"});
  EXPECT_EQ(result.exit_status, 0) << result.Text();
}

TEST_F(FioTest, VerifiesByManyThreads) {
  const FioResult result = Run({"--rw=randwrite", "--verify=crc32c", "--verify_async=4"});
  EXPECT_EQ(result.exit_status, 0) << result.Text();
}

TEST_F(FioTest, VerifiesWhileItWrites) {
  const FioResult result =
      Run({"--rw=randwrite", "--verify=crc32c", "--verify_backlog=32", "--verify_backlog_batch=8"});
  EXPECT_EQ(result.exit_status, 0) << result.Text();
}

TEST_F(FioTest, TrimmedBlocksReadAsZeros) {
  ASSERT_EQ(Run({"--rw=write"}).exit_status, 0);
  const FioResult trimmed = Run({"--rw=randtrim"});
  EXPECT_EQ(trimmed.exit_status, 0) << trimmed.Text();
  const std::string bytes = ReadAll(file());
  EXPECT_EQ(bytes.size(), 4u << 20);
  EXPECT_TRUE(std::ranges::all_of(bytes, [](char byte) { return byte == 0; }));
}

TEST_F(FioTest, LeavesAnExistingFileItsBytesAndSize) {
  std::ofstream(file()) << std::string(8 << 20, 'q');
  const FioResult result = Run({"--rw=randwrite", "--size=4m"});
  EXPECT_EQ(result.exit_status, 0) << result.Text();
  EXPECT_EQ(ReadAll(file()).substr(4 << 20), std::string(4 << 20, 'q'));
}

TEST_F(FioTest, ReportsReadsBeyondTheEnd) {
  std::ofstream(file()) << std::string(4 << 20, 'q');
  // The file is shortened after fio looked at its size, before it is opened.
  const FioResult result = Run({"--rw=read", "--exec_prerun=truncate -s 2m disk"});
  EXPECT_NE(result.exit_status, 0);
  EXPECT_THAT(result.err, HasSubstr("Numerical result out of range: read offset=2097152"));
  EXPECT_THAT(result.err, HasSubstr("ILLEGAL REQUEST"));
}

// fio learns only from the log that the job writes.
TEST_F(FioTest, ReplaysALog) {
  std::ofstream(file()) << std::string(1 << 20, 'q');
  std::ofstream(file().parent_path() / "log")
      << "fio version 2 iolog\ndisk add\ndisk open\ndisk read 0 4096\ndisk write 4096 4096\n"
         "disk write 8192 4096\ndisk close\n";
  const FioResult result = Run({"--read_iolog=log"});
  EXPECT_EQ(result.exit_status, 0) << result.Text();
}

TEST_F(FioTest, ReportsAFullFileSystem) {
  const std::string prefix =
      "unshare -rm sh -c 'mount -t tmpfs -o size=1m none . && cd \"$PWD\" && truncate -s 4m disk "
      "&& "
      "\"$@\"' sh";
  if (RunBare("true", {}, prefix).exit_status != 0) GTEST_SKIP() << "no private mounts here";
  for (const char* depth : {"1", "16"}) {
    const FioResult result =
        RunBare("fio",
                {"--name=job", "--ioengine=external:" + engine().string(), "--filename=disk",
                 "--rw=write", "--size=4m", "--bs=64k", std::string("--iodepth=") + depth},
                prefix);
    EXPECT_NE(result.exit_status, 0) << result.Text();
    EXPECT_THAT(result.err, HasSubstr("No space left on device"));
  }
}

TEST_F(FioTest, RefusesToWriteAReadOnlyFile) {
  std::ofstream(file()) << std::string(4 << 20, 'q');
  const FioResult result = Run({"--rw=write", "--readonly"});
  EXPECT_NE(result.exit_status, 0);
}

// The job files that people are given keep working.
class FioJobFile : public FioTest, public testing::WithParamInterface<const char*> {};

TEST_P(FioJobFile, Runs) {
  const std::filesystem::path tree =
      std::filesystem::path(__FILE__).parent_path().parent_path().parent_path().parent_path();
  const FioResult result = RunBare("fio", {tree / "bench/fio" / (std::string(GetParam()) + ".fio")},
                                   "QUIRE_FIO=" + engine().string());
  EXPECT_EQ(result.exit_status, 0) << result.Text();
}

INSTANTIATE_TEST_SUITE_P(Bench, FioJobFile,
                         testing::Values("reference", "verify", "trim", "sync", "jobs"),
                         [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace quire
