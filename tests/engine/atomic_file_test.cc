// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the file has the old content or the new one, whatever fails and wherever the process ends.
// Method: each step of a replacement fails in turn; then a child process dies before each in turn.

#include "engine/atomic_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/check.h"
#include "base/log.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;
using Step = AtomicFile::Step;
constexpr int kSteps = 7;
constexpr int kDecisiveStep = 5;  // the folder's fsync: from here on it is written
constexpr size_t kMax = 1000;

int g_at_step = 0;  // where Write fails or dies

class AtomicFileTest : public testing::Test {
 protected:
  AtomicFileTest() : folder_(testing::TempDir() + "/atomic_file.XXXXXX") {
    QUIRE_CHECK(mkdtemp(folder_.data()) != nullptr);
    SetLogSink([](LogLevel, std::string_view) {});
  }
  ~AtomicFileTest() override {
    AtomicFile::HookStepsForTest(nullptr);
    SetLogSink(nullptr);
    std::filesystem::remove_all(folder_);
  }

  AtomicFile File() const { return AtomicFile(folder_ + "/state"); }
  Bytes Content() const { return File().Read(kMax).value_or(Bytes{}); }
  Bytes Previous() const { return File().ReadPrevious(kMax).value_or(Bytes{}); }
  size_t CountFiles() const {
    const auto entries = std::filesystem::directory_iterator(folder_);
    return static_cast<size_t>(std::distance(begin(entries), end(entries)));
  }

  std::string folder_;
};

TEST_F(AtomicFileTest, KeepsTheContentBefore) {
  EXPECT_TRUE(absl::IsNotFound(File().Read(kMax).status()));
  ASSERT_TRUE(File().Write(Bytes{1}).ok());
  EXPECT_EQ(Content(), Bytes{1});
  EXPECT_TRUE(absl::IsNotFound(File().ReadPrevious(kMax).status()));
  ASSERT_TRUE(File().Write(Bytes{2, 2}).ok());
  ASSERT_TRUE(File().Write(Bytes{}).ok());
  EXPECT_EQ(File().Read(kMax)->size(), 0u);
  EXPECT_EQ(Previous(), (Bytes{2, 2}));
  EXPECT_EQ(CountFiles(), 2u);
}

TEST_F(AtomicFileTest, NoLongerThanAllowed) {
  ASSERT_TRUE(File().Write(Bytes(10, 1)).ok());
  EXPECT_TRUE(File().Read(10).ok());
  EXPECT_EQ(File().Read(9).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(AtomicFileTest, AFolderThatIsNotThere) {
  const AtomicFile file(folder_ + "/absent/state");
  const absl::Status status = file.Write(Bytes{1});
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_NE(std::string(status.message()).find("/absent/state"), std::string::npos);
}

TEST_F(AtomicFileTest, InTheWorkingFolder) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  EXPECT_TRUE(AtomicFile("state").Write(Bytes{1}).ok());
  std::filesystem::current_path(before);
  EXPECT_EQ(Content(), Bytes{1});
}

TEST_F(AtomicFileTest, AFailureLeavesTheOldContent) {
  for (g_at_step = 0; g_at_step < kSteps; ++g_at_step) {
    for (const bool first : {true, false}) {
      SCOPED_TRACE(testing::Message() << "step " << g_at_step << " first " << first);
      std::filesystem::remove(File().path());
      std::filesystem::remove(File().previous_path());
      if (!first) {
        ASSERT_TRUE(File().Write(Bytes{1}).ok());
      }
      AtomicFile::HookStepsForTest(
          [](Step step) { return static_cast<int>(step) == g_at_step ? EIO : 0; });
      const absl::Status status = File().Write(Bytes{2});
      AtomicFile::HookStepsForTest(nullptr);
      const bool only_the_copy = g_at_step > kDecisiveStep;
      EXPECT_EQ(status.ok(), only_the_copy) << status;
      EXPECT_EQ(Content(), only_the_copy ? Bytes{2} : first ? Bytes{} : Bytes{1});
      EXPECT_TRUE(File().Write(Bytes{3}).ok()) << "and nothing in the way of the next";
      EXPECT_EQ(Content(), Bytes{3});
      EXPECT_LE(CountFiles(), 2u);
    }
  }
}

TEST_F(AtomicFileTest, ACrashLeavesTheOldContentOrTheNew) {
  for (g_at_step = 0; g_at_step < kSteps; ++g_at_step) {
    SCOPED_TRACE(testing::Message() << "step " << g_at_step);
    ASSERT_TRUE(File().Write(Bytes{0}).ok());
    ASSERT_TRUE(File().Write(Bytes{1}).ok());
    const pid_t child = fork();
    if (child == 0) {
      AtomicFile::HookStepsForTest([](Step step) {
        if (static_cast<int>(step) == g_at_step) _exit(7);
        return 0;
      });
      (void)File().Write(Bytes(100, 2));
      _exit(0);
    }
    int result = 0;
    ASSERT_EQ(waitpid(child, &result, 0), child);
    ASSERT_EQ(WEXITSTATUS(result), 7);
    EXPECT_EQ(Content(), g_at_step >= kDecisiveStep ? Bytes(100, 2) : Bytes{1});
    EXPECT_EQ(Previous(), Bytes{0}) << "there is always one";
    ASSERT_TRUE(File().Write(Bytes{3}).ok());
    EXPECT_EQ(Content(), Bytes{3});
    EXPECT_EQ(CountFiles(), 2u) << "what a crash left is used up";
  }
}

}  // namespace
}  // namespace quire
