// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: saved mode parameters are there after a restart as they were, or found to be damaged.
// Method: there and back; every truncation, every bit flipped; every step of a save failing.
#include "vdisk/mode_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>

namespace quire {
namespace {

constexpr ModeParameters kOne{.wce = 0, .d_sense = 1, .swp = 0, .tas = 1};
constexpr ModeParameters kOther{.wce = 1, .d_sense = 0, .swp = 1, .tas = 0};

class ModeFileTest : public testing::Test {
 protected:
  ModeFileTest() {
    path_ = testing::TempDir() + "quire-mode-" + std::to_string(getpid());
    Remove();
  }
  ~ModeFileTest() override { Remove(); }

  void Remove() {
    for (const char* const end : {"", ".1", ".tmp", ".1.tmp"}) std::remove((path_ + end).c_str());
  }
  std::string Content() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void SetContent(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }

  std::string path_;
};

int g_failing_step = -1;
int FailAtStep(AtomicFile::Step step) { return static_cast<int>(step) == g_failing_step ? EIO : 0; }

TEST_F(ModeFileTest, ThereAndBack) {
  const ModeFile file(path_);
  ASSERT_TRUE(file.Load().ok());
  EXPECT_EQ(*file.Load(), std::nullopt) << "nothing was ever saved";
  for (const ModeParameters& parameters : {kOne, kOther, kOne}) {
    ASSERT_TRUE(file.Save(parameters).ok());
    EXPECT_EQ(*ModeFile(path_).Load(), parameters);
  }
}

TEST_F(ModeFileTest, DamageIsFound) {
  const ModeFile file(path_);
  ASSERT_TRUE(file.Save(kOne).ok());
  const std::string good = Content();
  ASSERT_EQ(good.size(), 20u);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    SetContent(bad);
    EXPECT_EQ(file.Load().status().code(), absl::StatusCode::kDataLoss) << bit;
  }
  for (size_t size = 0; size < good.size(); ++size) {
    SetContent(good.substr(0, size));
    EXPECT_FALSE(file.Load().ok()) << size;
  }
  SetContent(good + "x");
  EXPECT_FALSE(file.Load().ok());
  SetContent(good);
  EXPECT_EQ(*file.Load(), kOne);
}

TEST_F(ModeFileTest, AFailedSaveLeavesWhatWasThere) {
  const ModeFile file(path_);
  ASSERT_TRUE(file.Save(kOne).ok());
  AtomicFile::HookStepsForTest(FailAtStep);
  for (g_failing_step = 0; g_failing_step < static_cast<int>(AtomicFile::Step::kRetire);
       ++g_failing_step) {
    EXPECT_FALSE(file.Save(kOther).ok()) << g_failing_step;
    EXPECT_EQ(*file.Load(), kOne) << g_failing_step;
  }
  AtomicFile::HookStepsForTest(nullptr);
}

}  // namespace
}  // namespace quire
