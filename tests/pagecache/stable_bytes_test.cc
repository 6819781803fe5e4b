// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: what is not yet consumed becomes private, once, and the rest is never looked at again.
// Method: a vector over plain memory that changes after it was made private.

#include "pagecache/stable_bytes.h"

#include <gtest/gtest.h>

#include "sg/sg_builder.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

class StableBytesTest : public testing::Test {
 protected:
  StableBytesTest() : memory_(Filled(100, 'a')) {
    SgBuilder builder(data_);
    builder.Append({memory_.data(), 40});
    builder.Append({memory_.data() + 50, 50});
    stable_.Start(data_);
  }
  ~StableBytesTest() override { stable_.Reset(); }
  std::vector<std::byte> Left() { return Collect(StableLook(stable_).left()); }

  std::vector<std::byte> memory_;
  SgVector data_;
  StableBytes stable_;
};

TEST_F(StableBytesTest, KeepsWhatIsLeft) {
  {
    StableLook look(stable_);
    EXPECT_EQ(look.left().length_bytes(), 90u);
    EXPECT_EQ(look.left().segments().size(), 2u);
    look.Consume(30);
  }
  EXPECT_TRUE(stable_.MakePrivate());
  EXPECT_TRUE(stable_.made_private());
  memory_ = Filled(100, 'b');
  EXPECT_EQ(Left(), Filled(60, 'a'));
  EXPECT_FALSE(stable_.MakePrivate()) << "once";
  {
    StableLook look(stable_);
    look.Consume(60);
    EXPECT_EQ(look.left().length_bytes(), 60u) << "borrowed until the end of the look";
  }
  EXPECT_TRUE(Left().empty());
  EXPECT_FALSE(stable_.lost());
}

TEST(StableBytesOfNothingTest, CanBeLookedAt) {
  ScratchFile scratch(8192);
  WorkerPool workers;
  const auto file = *File::Open({.path = scratch.path()});
  Client client(workers, *file);
  ReadOp op;
  op.stable = true;
  ASSERT_EQ(client.Read(op, {4096, 0}), IoResult::Bytes(0));
  EXPECT_EQ(StableLook(op.stable_bytes).left().length_bytes(), 0u);
  ASSERT_FALSE(client.Read(op, {8192, 1}).ok());
  EXPECT_EQ(StableLook(op.stable_bytes).left().length_bytes(), 0u);
}

TEST_F(StableBytesTest, NothingLeftNeedsNoCopy) {
  {
    StableLook look(stable_);
    look.Consume(90);
  }
  EXPECT_FALSE(stable_.MakePrivate());
  EXPECT_FALSE(stable_.made_private());
}

TEST_F(StableBytesTest, ConsumingStopsInsideASegment) {
  for (const uint64_t step : {uint64_t{1}, uint64_t{39}, uint64_t{25}}) {
    StableLook look(stable_);
    look.Consume(step);
  }
  EXPECT_EQ(Left().size(), 25u);
  EXPECT_TRUE(stable_.MakePrivate());
  EXPECT_EQ(Left(), Filled(25, 'a'));
}

}  // namespace
}  // namespace quire
