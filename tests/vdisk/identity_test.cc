// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a disk keeps its identity for ever, and no text gets into it that initiators cannot show.
// Method: identities with known numbers, which no release may change; a table of refusals.

#include "vdisk/identity.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"

namespace quire {
namespace {

TEST(IdentityTest, TheSameForEver) {
  const auto identity = Identity::Make({.serial = "foobar"});
  ASSERT_TRUE(identity.ok());
  // FNV-1a of "foobar" with 128 bits is 343e1662793c64bf6f0d3597ba446f18, as its authors publish.
  EXPECT_EQ(identity->scsi_name(), "naa.60251552793c64bf6f0d3597ba446f18");
  EXPECT_EQ(identity->naa().size(), 16u);
  EXPECT_EQ(identity->naa()[0], 0x60);
  EXPECT_EQ(identity->naa()[15], 0x18);
  const std::array<uint8_t, 8> eui64{0x02, 0x51, 0x55, 0x97, 0xba, 0x44, 0x6f, 0x18};
  EXPECT_EQ(identity->eui64(), eui64);
  EXPECT_EQ(identity->serial(), "foobar");
  EXPECT_EQ(identity->vendor(), "QUIRE");
}

TEST(IdentityTest, ANameStandsInForASerialNumber) {
  const auto named = Identity::Make({.name = "foobar"});
  ASSERT_TRUE(named.ok());
  EXPECT_EQ(named->serial(), "6f0d3597ba446f18");
  EXPECT_EQ(named->scsi_name(), Identity::Make({.serial = "foobar"})->scsi_name());
  const auto both = Identity::Make({.serial = "S1", .name = "foobar"});
  EXPECT_EQ(both->scsi_name(), Identity::Make({.serial = "S1"})->scsi_name());
}

TEST(IdentityTest, ConfiguredNaa) {
  const auto long_one = Identity::Make({.name = "d", .naa = "600140512345678901234567890ABCDE"});
  ASSERT_TRUE(long_one.ok());
  EXPECT_EQ(long_one->scsi_name(), "naa.600140512345678901234567890abcde");
  const auto short_one = Identity::Make({.name = "d", .naa = "3000000000000001"});
  ASSERT_TRUE(short_one.ok());
  EXPECT_EQ(short_one->naa().size(), 8u);
  EXPECT_EQ(short_one->naa()[0], 0x30);
}

TEST(IdentityTest, NeighboursDiffer) {
  std::set<std::string> names;
  for (int i = 0; i < 10000; ++i) {
    names.emplace(Identity::Make({.serial = absl::StrCat("disk", i)})->scsi_name());
  }
  EXPECT_EQ(names.size(), 10000u);
}

TEST(IdentityTest, Refusals) {
  const IdentityOptions rows[] = {
      {},
      {.vendor = "NINECHARS", .name = "d"},
      {.vendor = "", .name = "d"},
      {.product = "seventeen letters", .name = "d"},
      {.revision = "12345", .name = "d"},
      {.serial = std::string(65, 'x')},
      {.serial = "tab\t"},
      {.serial = "\xc3\xa4"},
      {.name = "d", .naa = "6001"},
      {.name = "d", .naa = "g0000000000000000000000000000000"},
      {.name = "d", .naa = "30000000000000000000000000000000"},
      {.name = "d", .naa = "6000000000000000"},
  };
  for (const IdentityOptions& options : rows) {
    const auto identity = Identity::Make(options);
    ASSERT_FALSE(identity.ok()) << options.naa << options.serial;
    EXPECT_GT(identity.status().message().size(), 20u) << "says what to do";
  }
}

}  // namespace
}  // namespace quire
