// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: bytes and errors are told apart as the kernel does.
// Method: values on both sides of zero.
#include "base/io_result.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace quire {
namespace {

TEST(IoResult, FromKernel) {
  EXPECT_TRUE(IoResult::FromKernel(0).ok());
  EXPECT_EQ(IoResult::FromKernel(4096).bytes(), 4096u);
  EXPECT_EQ(IoResult::FromKernel(4096).error(), 0);
  EXPECT_FALSE(IoResult::FromKernel(-EIO).ok());
  EXPECT_EQ(IoResult::FromKernel(-EIO).error(), EIO);
}

TEST(IoResult, NamedMakersAgreeWithTheKernel) {
  EXPECT_EQ(IoResult::Bytes(7), IoResult::FromKernel(7));
  EXPECT_EQ(IoResult::Error(ENOSPC), IoResult::FromKernel(-ENOSPC));
  EXPECT_EQ(IoResult(), IoResult::Bytes(0));
}

}  // namespace
}  // namespace quire
