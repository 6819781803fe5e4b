// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Runs the machine's fio with the engine that this build made, in a folder of its own.
// The tests are skipped, and say so, where the engine was left out of the build.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace quire {

struct FioResult {
  int exit_status = -1;
  std::string out, err;

  // For the messages of failing tests.
  std::string Text() const;
};

class FioTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  using Arguments = std::vector<std::string>;
  // One job on file() with the engine; `arguments` are added.
  FioResult Run(const Arguments& arguments) { return Run("fio", arguments); }
  FioResult Run(const std::string& program, const Arguments& arguments);
  // `arguments` only, behind a shell's `prefix`.
  FioResult RunBare(const std::string& program, const Arguments& arguments,
                    const std::string& prefix = "");

  const std::filesystem::path& engine() const { return engine_; }
  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path file() const { return folder_ / "disk"; }
  // Changes one byte of file().
  void FlipByte(uint64_t offset) const;

 private:
  std::filesystem::path engine_;
  std::filesystem::path folder_;
};

std::string ReadAll(const std::filesystem::path& path);

}  // namespace quire
