// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a unit is found by its own names and no other's, and does not go while somebody uses it.
// Method: two disks in one registry; a removal that has to wait, on a thread of its own.
#include "vdisk/logical_units.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/support/served_file.h"
#include "vdisk/device_server.h"

namespace quire {
namespace {

class LogicalUnitsTest : public testing::Test {
 protected:
  struct Disk {
    ScratchFile file{1024 * 1024};
    std::unique_ptr<Device> device;
    std::unique_ptr<DeviceServer> server;
  };

  absl::Status Make(Disk& disk, const std::string& serial) {
    disk.device.reset();
    disk.device = *Device::Create(*File::Open({.path = disk.file.path()}), 512);
    DeviceServer::Options options;
    options.identity.serial = serial;
    options.units = &units_;
    auto server = DeviceServer::Create(*disk.device, options);
    if (!server.ok()) return server.status();
    disk.server = *std::move(server);
    return absl::OkStatus();
  }
  static Designator NaaOf(const Disk& disk) {
    return {.code_set = 1, .type = 3, .bytes = disk.server->identity().naa()};
  }

  LogicalUnits units_;
};

TEST_F(LogicalUnitsTest, FoundByTheirNames) {
  Disk one;
  Disk two;
  ASSERT_TRUE(Make(one, "1").ok());
  ASSERT_TRUE(Make(two, "2").ok());
  EXPECT_EQ(&units_.Find(NaaOf(one))->unit(), one.server.get());
  EXPECT_EQ(&units_.Find(NaaOf(two))->unit(), two.server.get());
  const Designator eui{.code_set = 1, .type = 2, .bytes = two.server->identity().eui64()};
  EXPECT_EQ(&units_.Find(eui)->unit(), two.server.get());
  EXPECT_FALSE(units_.Find({.code_set = 1, .type = 1, .bytes = NaaOf(one).bytes}).has_value());
  EXPECT_FALSE(units_.Find({.code_set = 1, .type = 3, .bytes = NaaOf(one).bytes.first(8)}));
  EXPECT_FALSE(units_.Find({}).has_value());
  const Designator gone = NaaOf(one);
  units_.Remove(*one.server);
  EXPECT_FALSE(units_.Find(gone).has_value());
}

TEST_F(LogicalUnitsTest, ANameIsOnlyOneDisks) {
  Disk one;
  Disk two;
  ASSERT_TRUE(Make(one, "1").ok());
  EXPECT_EQ(Make(two, "1").code(), absl::StatusCode::kAlreadyExists);
  one.server.reset();
  EXPECT_TRUE(Make(two, "1").ok());
}

TEST_F(LogicalUnitsTest, ARemovalWaitsForThoseWhoUseIt) {
  Disk one;
  ASSERT_TRUE(Make(one, "1").ok());
  std::optional<LogicalUnits::Use> use = units_.Find(NaaOf(one));
  EXPECT_FALSE(units_.leaving(*one.server));
  std::atomic<bool> removed{false};
  std::thread remover([&] {
    units_.Remove(*one.server);
    removed = true;
  });
  while (!units_.leaving(*one.server)) std::this_thread::yield();
  EXPECT_FALSE(units_.Find(NaaOf(one)).has_value()) << "nobody new";
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(removed);
  use.reset();
  remover.join();
  EXPECT_TRUE(removed);
}

}  // namespace
}  // namespace quire
