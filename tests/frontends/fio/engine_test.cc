// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: fio loads the engine of its own version and no other, and shows its options.
// Method: run the machine's fio; a copy of it that says another version; a program that is no fio.
#include <dlfcn.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "tests/frontends/fio/fio_fixture.h"

namespace quire {
namespace {

using testing::HasSubstr;

std::filesystem::path FioInPath() {
  const char* path = std::getenv("PATH");
  std::stringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::filesystem::path program = std::filesystem::path(folder) / "fio";
    if (std::filesystem::exists(program)) return program;
  }
  return {};
}

TEST_F(FioTest, ShowsItsOptionsWithHelp) {
  const FioResult all = RunBare("fio", {"--enghelp=" + engine().string()});
  EXPECT_EQ(all.exit_status, 0) << all.Text();
  for (const char* option :
       {"quire_cache", "quire_copy", "quire_hints", "quire_share", "quire_stats"}) {
    EXPECT_THAT(all.out, HasSubstr(option));
  }
  const FioResult one = RunBare("fio", {"--enghelp=" + engine().string() + ",quire_cache"});
  EXPECT_THAT(one.out, HasSubstr("writethrough"));
}

TEST_F(FioTest, RefusesAnUnknownValueOfAnOption) {
  EXPECT_NE(Run({"--quire_cache=sometimes"}).exit_status, 0);
}

TEST_F(FioTest, RefusesAnotherVersionOfFio) {
  std::string program = ReadAll(FioInPath());
  const std::string version = "fio-3.";
  size_t count = 0;
  for (size_t at = program.find(version); at != std::string::npos; at = program.find(version, at)) {
    program.replace(at, version.size(), "fio-9.");
    ++count;
  }
  ASSERT_GT(count, 0u);
  const std::filesystem::path another = folder() / "another-fio";
  std::ofstream(another, std::ios::binary) << program;
  std::filesystem::permissions(another, std::filesystem::perms::owner_all);

  const FioResult refused = Run(another, {});
  EXPECT_NE(refused.exit_status, 0);
  EXPECT_THAT(refused.err, HasSubstr("quire: this engine is built for fio-3."));
  EXPECT_THAT(refused.err, HasSubstr("and this is fio-9."));
  EXPECT_THAT(refused.err, HasSubstr("build it anew"));
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(FioTest, RefusesAProgramThatIsNoFio) {
  void* library = dlopen(engine().c_str(), RTLD_LAZY);
  ASSERT_NE(library, nullptr) << dlerror();
  const auto get_engine = reinterpret_cast<void (*)(void**)>(dlsym(library, "get_ioengine"));
  ASSERT_NE(get_engine, nullptr);
  void* table = this;
  get_engine(&table);
  EXPECT_EQ(table, nullptr);
}

TEST_F(FioTest, ShowsNothingButItsEntry) {
  void* library = dlopen(engine().c_str(), RTLD_LAZY);
  ASSERT_NE(library, nullptr) << dlerror();
  // A symbol of the engine's own name would be taken for the table itself.
  for (const char* name : {"quire", "ioengine"}) EXPECT_EQ(dlsym(library, name), nullptr) << name;
}

TEST_F(FioTest, RefusesBlockSizesThatTheDiskHasNot) {
  const FioResult odd = Run({"--rw=read", "--bs=1000"});
  EXPECT_NE(odd.exit_status, 0);
  EXPECT_THAT(odd.err, HasSubstr("multiple of 512"));
  const FioResult long_ones = Run({"--rw=read", "--bs=8m", "--size=8m"});
  EXPECT_NE(long_ones.exit_status, 0);
  EXPECT_THAT(long_ones.err, HasSubstr("at most 4m"));
}

TEST_F(FioTest, RefusesOffloadedSubmission) {
  EXPECT_NE(Run({"--rw=read", "--io_submit_mode=offload"}).exit_status, 0);
}

TEST_F(FioTest, KeepsReportsParsable) {
  const FioResult json = Run({"--rw=read", "--quire_stats=1", "--output-format=json",
                              "--output=" + (folder() / "json").string()});
  EXPECT_EQ(json.exit_status, 0) << json.Text();
  EXPECT_EQ(ReadAll(folder() / "json").substr(0, 1), "{");
}

}  // namespace
}  // namespace quire
