// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: what had begun when the power went is known afterwards, and nonsense is refused.
// Method: saved and loaded by two objects; files with other content.
#include "vdisk/medium_mark.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace quire {
namespace {

using Work = Medium::Work;

class MediumMarkTest : public testing::Test {
 protected:
  ~MediumMarkTest() override {
    unlink(path_.c_str());
    unlink((path_ + ".1").c_str());
  }
  const std::string path_ = testing::TempDir() + "quire-mark-" + std::to_string(getpid());
};

TEST_F(MediumMarkTest, WhatIsSavedIsLoaded) {
  EXPECT_EQ(*MediumMark(path_).Load(), std::nullopt) << "there is no file yet";
  for (const std::optional<Work> begun :
       {std::optional<Work>(Work::kFormat), std::optional<Work>(Work::kSanitize),
        std::optional<Work>(Work::kSanitizeUnrestricted), std::optional<Work>()}) {
    ASSERT_TRUE(MediumMark(path_).Save(begun).ok());
    EXPECT_EQ(*MediumMark(path_).Load(), begun);
  }
}

TEST_F(MediumMarkTest, NonsenseIsRefused) {
  for (const char* const content : {"", "well", "sanitize", "what?\n"}) {
    std::ofstream(path_) << content;
    EXPECT_FALSE(MediumMark(path_).Load().ok()) << content;
  }
  std::ofstream(path_) << std::string(1000, 'x');
  EXPECT_FALSE(MediumMark(path_).Load().ok());
}

TEST_F(MediumMarkTest, WithoutAPathNothingIsKept) {
  EXPECT_FALSE(MediumMark("").kept());
  EXPECT_EQ(*MediumMark("").Load(), std::nullopt);
}

}  // namespace
}  // namespace quire
