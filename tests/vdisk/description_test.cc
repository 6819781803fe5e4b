// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a disk tells what its file gives and nothing more, whatever it is configured as.
// Method: descriptions of files on this machine and of the null disk, beside the traits of the
// file.
#include "vdisk/description.h"

#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

class DescriptionTest : public ScsiFixture {
 protected:
  Description Of(const UnitOptions& options) { return *Description::Of(*device_, options); }
};

TEST_F(DescriptionTest, AThinDiskIsOneWhoseFileHasHoles) {
  const Description thin = Of({});
  const bool holes = device_->traits().punch_hole;
  EXPECT_EQ(thin.provisioning.managed(), holes);
  EXPECT_EQ(thin.limits.max_unmap > 0, holes);
  EXPECT_EQ(thin.operations.Has(Operation::kUnmap), holes);
}

TEST_F(DescriptionTest, AThickDiskHasNoUnmap) {
  const Description thick = Of({.thin = false});
  EXPECT_FALSE(thick.provisioning.managed());
  EXPECT_FALSE(thick.provisioning.unmap);
  EXPECT_EQ(thick.limits.max_unmap, 0u);
  EXPECT_FALSE(thick.operations.Has(Operation::kUnmap));
  EXPECT_TRUE(thick.operations.Has(Operation::kWriteSame));
}

TEST_F(DescriptionTest, AtomicWritesAreThoseOfTheFile) {
  const Description description = Of({});
  const bool atomic = device_->traits().atomic_write_max_bytes > 0;
  EXPECT_EQ(description.limits.max_atomic > 0, atomic);
  EXPECT_EQ(description.operations.Has(Operation::kWriteAtomic), atomic);
  EXPECT_EQ(Of({.atomic_bytes = 0}).limits.max_atomic, 0u);
}

TEST_F(DescriptionTest, ParametersCanBeSavedWhereThereIsAPlace) {
  EXPECT_FALSE(Of({}).mode.savable);
  EXPECT_TRUE(Of({.mode_file = "/nowhere/mode"}).mode.savable);
}

TEST_F(DescriptionTest, AThresholdIsInWholeSets) {
  EXPECT_EQ(Of({}).mode.threshold_sets, 0u);
  EXPECT_EQ(Of({.threshold_bytes = 1}).mode.threshold_sets, 1u);
  EXPECT_EQ(Of({.threshold_bytes = (1 << 20) + 1}).mode.threshold_sets, 2u);
}

TEST_F(DescriptionTest, AThresholdOfADiskThatIsNotThinIsRefused) {
  const auto refused = Description::Of(*device_, {.thin = false, .threshold_bytes = 1});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find(path_), std::string::npos) << refused.status();
}

TEST_F(DescriptionTest, APhysicalBlockThatCannotBeToldIsRefused) {
  EXPECT_EQ(Of({.physical_exponent = 15}).physical.exponent, 15);
  EXPECT_FALSE(Description::Of(*device_, {.physical_exponent = 16}).ok());
}

TEST_F(DescriptionTest, PortsAndMedium) {
  const UnitOptions two{.removable = true,
                        .ports = {{1, TransportProtocol::kIscsi}, {2, TransportProtocol::kIscsi}}};
  EXPECT_TRUE(Of(two).traits.multiple_ports);
  EXPECT_TRUE(Of(two).traits.removable);
  EXPECT_FALSE(Of({}).traits.multiple_ports);
}

TEST(NullDescriptionTest, WhatKeepsNothingSavesNoRoom) {
  const auto device = *Device::Create(*File::Open({.path = "null"}), 512);
  const Description null = *Description::Of(*device, {});
  EXPECT_EQ(null.provisioning.managed(), device->traits().punch_hole);
  EXPECT_FALSE(null.operations.Has(Operation::kWriteAtomic));
  EXPECT_EQ(null.mode.threshold_sets, 0u);
}

}  // namespace
}  // namespace quire
