// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a command's references go back exactly once, when its last owner lets go, on any thread.
// Method: keep and drop shares from several threads while the device counts what was freed.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/await_answer.h"
#include "tests/support/served_file.h"
#include "vdisk/command.h"
#include "vdisk/device.h"

namespace quire {
namespace {

class CommandThreadsTest : public testing::Test {
 protected:
  CommandThreadsTest() : scratch_(1 << 20), reactor_(*Reactor::Create(workers_)) {
    scratch_.Fill(0, Filled(1 << 20, 'a'));
    device_ = *Device::Create(*File::Open({.path = scratch_.path()}), 512);
    nexus_ = device_->Connect(*reactor_);
  }
  void Read(Command& command) {
    command.blocks = {{0}, {128}};
    AwaitAnswer(*reactor_, command, [&] { device_->Execute(*nexus_, command); });
  }

  ScratchFile scratch_;
  WorkerPool workers_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Nexus> nexus_;
};

TEST_F(CommandThreadsTest, TheLastOwnerFrees) {
  static std::atomic<int> count_told;
  count_told = 0;
  Command command;
  command.freed = [](Command&) { ++count_told; };
  Read(command);
  command.Keep();
  command.Drop();
  EXPECT_EQ(device_->counts().freed, 0u);
  EXPECT_EQ(device_->file().stats().lent, 1u);
  EXPECT_EQ(Collect(command.data_in().view()), Filled(65536, 'a'));
  std::thread([&command] { command.Drop(); }).join();
  EXPECT_EQ(device_->counts().freed, 1u);
  EXPECT_EQ(device_->file().stats().lent, 0u);
  EXPECT_EQ(count_told, 1);
}

TEST_F(CommandThreadsTest, ManyOwnersFreeOnce) {
  static std::atomic<int> count_told;
  count_told = 0;
  for (int round = 0; round < 200; ++round) {
    Command command;
    command.freed = [](Command&) { ++count_told; };
    Read(command);
    constexpr int kOwners = 4;
    for (int i = 1; i < kOwners; ++i) command.Keep();
    std::vector<std::thread> owners;
    owners.reserve(kOwners);
    for (int i = 0; i < kOwners; ++i) owners.emplace_back([&command] { command.Drop(); });
    for (std::thread& owner : owners) owner.join();
    ASSERT_EQ(count_told, round + 1);
  }
  EXPECT_EQ(device_->counts().freed, 200u);
  EXPECT_EQ(device_->counts().executed, 200u);
}

TEST_F(CommandThreadsTest, AWriteHasNothingToGiveBackAndIsFreedAllTheSame) {
  const std::vector<std::byte> bytes = Filled(512, 'x');
  const Segment piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  Command command;
  command.kind = CommandKind::kWrite;
  command.blocks = {{0}, {1}};
  command.data_out = SgView({&piece, 1});
  AwaitAnswer(*reactor_, command, [&] { device_->Execute(*nexus_, command); });
  EXPECT_EQ(device_->counts().freed, 0u);
  command.Drop();
  EXPECT_EQ(device_->counts().freed, 1u);
}

}  // namespace
}  // namespace quire
