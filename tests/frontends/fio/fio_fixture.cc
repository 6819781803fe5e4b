// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "tests/frontends/fio/fio_fixture.h"

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace quire {
namespace {

constexpr char kEngine[] = "frontends/fio/quire-fio.so";  // tests run in the folder of the build

std::string Quoted(const std::string& word) {
  std::string quoted = "'";
  for (const char character : word)
    quoted += character == '\'' ? "'\\''" : std::string(1, character);
  return quoted + "'";
}

// The path of a library that this process has loaded; empty when it has not.
std::string LoadedLibrary(const std::string& name) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("/" + name) != std::string::npos) return line.substr(line.find('/'));
  }
  return "";
}

// fio is not instrumented: the sanitizers that the engine needs must be loaded ahead of it.
std::string SanitizerPrefix(const std::filesystem::path& folder) {
  std::string libraries;
  for (const char* name : {"libasan.so", "libtsan.so", "libubsan.so"}) {
    const std::string path = LoadedLibrary(name);
    if (!path.empty()) libraries += (libraries.empty() ? "" : " ") + path;
  }
  if (libraries.empty()) return "";
  // What fio itself leaks is not our concern, nor how it waits for its jobs (by looking at a plain
  // variable, before it destroys what they used).
  const std::filesystem::path suppressions = folder / "suppressions";
  std::ofstream(suppressions) << "race:fio_sem_remove\n";
  return "ASAN_OPTIONS=\"$ASAN_OPTIONS:detect_leaks=0\" "
         "TSAN_OPTIONS=\"$TSAN_OPTIONS:suppressions=\"" +
         Quoted(suppressions) + " LD_PRELOAD=" + Quoted(libraries) + " ";
}

}  // namespace

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string FioResult::Text() const {
  return "exit status " + std::to_string(exit_status) + "\n" + out + err;
}

void FioTest::SetUp() {
  engine_ = std::filesystem::absolute(kEngine);
  if (!std::filesystem::exists(engine_)) {
    GTEST_SKIP() << "the fio engine was left out of this build: no sources of fio (./dev setup)";
  }
  std::string name = std::filesystem::absolute("fio-test-XXXXXX");
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  folder_ = name;
}

void FioTest::TearDown() {
  if (!folder_.empty()) std::filesystem::remove_all(folder_);
}

FioResult FioTest::Run(const std::string& program, const Arguments& arguments) {
  Arguments all = {"--name=job",  "--ioengine=external:" + engine_.string(),
                   "--size=4m",   "--filename=" + file().string(),
                   "--iodepth=8", "--verify_state_save=0"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return RunBare(program, all);
}

FioResult FioTest::RunBare(const std::string& program, const Arguments& arguments,
                           const std::string& prefix) {
  const std::filesystem::path out = folder_ / "out";
  const std::filesystem::path err = folder_ / "err";
  std::string command = "cd " + Quoted(folder_) + " && " + prefix + " env " +
                        SanitizerPrefix(folder_) + "timeout -k 5 60 " + Quoted(program);
  for (const std::string& argument : arguments) command += " " + Quoted(argument);
  command += " >" + Quoted(out) + " 2>" + Quoted(err);
  const int status = std::system(command.c_str());
  return {.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          .out = ReadAll(out),
          .err = ReadAll(err)};
}

void FioTest::FlipByte(uint64_t offset) const {
  std::fstream disk(file(), std::ios::in | std::ios::out | std::ios::binary);
  disk.seekg(static_cast<std::streamoff>(offset));
  const int byte = disk.get();
  disk.seekp(static_cast<std::streamoff>(offset));
  disk.put(static_cast<char>(byte ^ 1));
}

}  // namespace quire
