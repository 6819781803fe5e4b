// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a nexus is counted by its device while it lives and afterwards.
// Method: connect, run commands on the null disk, disconnect, and compare the counts.

#include "vdisk/nexus.h"

#include <gtest/gtest.h>

#include "vdisk/device.h"

namespace quire {
namespace {

TEST(NexusTest, ItsCountsOutliveIt) {
  WorkerPool workers;
  auto reactor = *Reactor::Create(workers);
  auto file = *File::Open({.path = "null", .null_size_bytes = 1 << 20});
  auto device = *Device::Create(std::move(file), 512);
  {
    const std::unique_ptr<Nexus> nexus = device->Connect(*reactor);
    Command command;
    command.blocks = {{0}, {8}};
    command.done = [](Command& answered) { answered.Drop(); };
    for (int i = 0; i < 3; ++i) {
      device->Execute(*nexus, command);
      EXPECT_EQ(device->counts().executed, static_cast<uint64_t>(i) + 1);
      EXPECT_EQ(device->counts().freed, static_cast<uint64_t>(i));
      reactor->Poll();
      EXPECT_EQ(device->counts().freed, static_cast<uint64_t>(i) + 1);
    }
  }
  EXPECT_EQ(device->counts().executed, 3u);
  EXPECT_EQ(device->counts().freed, 3u);
}

}  // namespace
}  // namespace quire
