// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: hosts hear once that a thin disk has hardly any room left, and again after it had more.
// Method: a disk in a small tmpfs that the test fills and empties beside it; looks are counted.
#include "vdisk/room_watch.h"

#include <filesystem>

#include "pagecache/kernel_backing.h"
#include "tests/support/faulty_backing.h"
#include "tests/support/loop.h"
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

const Bytes kTestUnitReady(6);

class RoomWatchTest : public testing::Test {
 protected:
  static constexpr uint64_t kMiB = 1 << 20;
  static constexpr uint32_t kBlockBytes = 4096;

  RoomWatchTest() : mount_("tmpfs", 32 * kMiB) {}
  ~RoomWatchTest() override {
    a_.reset();
    b_.reset();
    reactor_.reset();
    server_.reset();
    device_.reset();
  }
  void SetUp() override {
    if (!mount_.mounted()) GTEST_SKIP() << mount_.why();
    const std::string path = mount_.folder() + "/disk";
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_EQ(ftruncate(fd, 64 * kMiB), 0);
    close(fd);
    auto backing = std::make_unique<FaultyBacking>(*KernelBacking::Open({.path = path}));
    backing_ = backing.get();
    device_ = *Device::Create(*File::Open(std::move(backing), {.path = path}), kBlockBytes);
    server_ = *DeviceServer::Create(*device_, {.threshold_bytes = 16 * kMiB});
    reactor_ = *Reactor::Create(workers_);
    a_ = server_->Connect(*reactor_, {*TransportId::IscsiPort("iqn.2026-01.a", 1), 1}, {});
    b_ = server_->Connect(*reactor_, {*TransportId::IscsiPort("iqn.2026-01.b", 2), 1}, {});
    EXPECT_EQ(Run(*a_, kTestUnitReady), kPowerOnOrReset);
    EXPECT_EQ(Run(*b_, kTestUnitReady), kPowerOnOrReset);
  }
  Outcome Run(ScsiNexus& nexus, Bytes cdb, Bytes data = {}) {
    TestCommand command(std::move(cdb), std::move(data));
    server_->Execute(nexus, command);
    for (int i = 0; i < 20000 && command.count_freed == 0; ++i) reactor_->Wait(kNsPerMs);
    EXPECT_EQ(command.count_freed, 1);
    return command.outcome();
  }
  void Write(uint32_t mib) {
    for (uint32_t i = 0; i < mib; ++i) {
      Bytes cdb{0x2a, 0, 0, 0, 0, 0, 0, 1, 0, 0};  // 256 blocks
      StoreBig<4>(&cdb[2], uint64_t{next_mib_++} * 256);
      ASSERT_EQ(Run(*a_, cdb, Bytes(kMiB, 1)), kGood);
    }
  }
  // As long as a look takes that a write has made due.
  void Pass() {
    const uint64_t end_ns = Clock::System().NowNs() + 1200 * kNsPerMs;
    while (Clock::System().NowNs() < end_ns) reactor_->Wait(10 * kNsPerMs);
  }
  void FillBeside(uint64_t mib) const {
    const std::string path = mount_.folder() + "/other";
    std::filesystem::remove(path);
    if (mib == 0) return;
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_EQ(posix_fallocate(fd, 0, static_cast<off_t>(mib * kMiB)), 0);
    close(fd);
  }

  LoopFileSystem mount_;
  WorkerPool workers_;
  FaultyBacking* backing_ = nullptr;  // counts who asks for the room
  std::unique_ptr<Device> device_;
  std::unique_ptr<DeviceServer> server_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<ScsiNexus> a_, b_;
  uint32_t next_mib_ = 0;
};

TEST_F(RoomWatchTest, ToldOnceAndAgainWhenRoomCameBack) {
  Write(4);
  Pass();
  EXPECT_EQ(Run(*a_, kTestUnitReady), kGood) << "28 MiB are left";
  Write(13);
  Pass();
  EXPECT_EQ(Run(*a_, kTestUnitReady), kThinThreshold);
  EXPECT_EQ(Run(*b_, kTestUnitReady), kThinThreshold);
  Write(2);
  Pass();
  EXPECT_EQ(Run(*a_, kTestUnitReady), kGood) << "that is known";
  // UNMAP of 8 MiB from block 0.
  Bytes list(24);
  list[1] = 22;
  list[3] = 16;
  StoreBig<4>(&list[16], 2048);
  ASSERT_EQ(Run(*a_, {0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0}, list), kGood);
  Pass();
  EXPECT_EQ(Run(*a_, kTestUnitReady), kGood);
  Write(8);
  Pass();
  EXPECT_EQ(Run(*b_, kTestUnitReady), kThinThreshold) << "armed again";
}

TEST_F(RoomWatchTest, OthersMayTakeTheRoom) {
  FillBeside(20);
  Write(1);
  Pass();
  EXPECT_EQ(Run(*a_, kTestUnitReady), kThinThreshold);
  FillBeside(0);
  Write(1);
  Pass();
  EXPECT_EQ(Run(*a_, kTestUnitReady), kGood);
}

TEST_F(RoomWatchTest, OneLookForManyWritesAndNoneForAnIdleDisk) {
  const uint64_t before = backing_->count_rooms();
  Pass();
  EXPECT_EQ(backing_->count_rooms(), before) << "nobody has written";
  Write(4);
  EXPECT_EQ(backing_->count_rooms(), before);
  Pass();
  EXPECT_EQ(backing_->count_rooms(), before + 1);
  Pass();
  EXPECT_EQ(backing_->count_rooms(), before + 1);
}

TEST_F(RoomWatchTest, ANexusThatGoesLeavesItsLookToTheOthers) {
  Write(17);
  a_.reset();  // the look was due on its timer
  Pass();
  EXPECT_EQ(Run(*b_, kTestUnitReady), kGood);
  a_ = server_->Connect(*reactor_, {*TransportId::IscsiPort("iqn.2026-01.a", 1), 1}, {});
  EXPECT_EQ(Run(*a_, kTestUnitReady), kNexusLossOccurred);
  Write(1);
  Pass();
  EXPECT_EQ(Run(*b_, kTestUnitReady), kThinThreshold);
}

}  // namespace
}  // namespace quire
