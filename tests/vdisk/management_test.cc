// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a snapshot has every command that was answered before, and each other one whole or not at
// all; a disk takes another size, every nexus hears of it, and nobody on a disk that is cut fails
// but those who come too late.
// Method: an operator on a thread of its own while commands run: WRITE SAME of the whole disk,
// which takes many steps; references that are kept; commands that wait for their blocks.
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/support/loop.h"
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
const Bytes kTestUnitReady = {0, 0, 0, 0, 0, 0};

Bytes ContentsOf(const std::string& path) {
  Bytes bytes(std::filesystem::file_size(path));
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(pread(fd, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  close(fd);
  return bytes;
}

// Turns the reactor of the test while an operator waits on a thread of its own.
class Operator {
 public:
  template <typename Act>
  explicit Operator(Act act)
      : thread_([this, act] {
          status_ = act();
          done_ = true;
        }) {}
  ~Operator() {
    if (thread_.joinable()) thread_.join();
  }
  bool done() const { return done_; }
  absl::Status Join() {
    thread_.join();
    return status_;
  }
  absl::Status Await(Reactor& reactor) {
    while (!done_) reactor.Wait(kNsPerMs);
    return Join();
  }

 private:
  std::atomic<bool> done_{false};
  absl::Status status_;
  std::thread thread_;  // the last: it uses the others
};

// ---- Snapshots ----

struct Mounted {
  explicit Mounted(const std::string& type) : mount(type, 320 * kMiB) {}
  std::string folder() const { return mount.mounted() ? mount.folder() : testing::TempDir(); }
  const LoopFileSystem mount;
};

class SnapshotTest : public testing::WithParamInterface<const char*>,
                     protected Mounted,
                     public ScsiFixture {
 protected:
  SnapshotTest() : Mounted(GetParam()), ScsiFixture(TestDisk{.folder = folder()}) {}
  void SetUp() override {
    if (!mount.mounted()) GTEST_SKIP() << mount.why();
  }
  const std::string target_ = folder() + "/copy";
};

Bytes Repeated(uint64_t number, uint64_t length) {
  Bytes bytes(length);
  for (uint64_t at = 0; at < length; at += sizeof(number)) StoreBig<8>(&bytes[at], number);
  return bytes;
}

// One block all over the disk, in pieces of 256 KiB.
Bytes WriteSameAll() {
  Bytes cdb(16, 0);
  cdb[0] = 0x93;
  StoreBig<4>(&cdb[10], 8 * kMiB / 512);
  return cdb;
}

TEST_P(SnapshotTest, EachCommandIsInItWholeOrNotAtAll) {
  uint64_t generation = 0;
  int count_moved = 0;
  uint64_t last = 0;
  for (int i = 0; i < 12; ++i) {
    const uint64_t before = generation;
    Operator snapshot([this] { return server_->Snapshot(target_); });
    while (!snapshot.done()) {
      ++generation;
      ASSERT_EQ(Run(*a_, WriteSameAll(), Repeated(generation, kBlockBytes)), kGood);
    }
    const absl::Status taken = snapshot.Join();
    ASSERT_TRUE(taken.ok()) << taken;
    const Bytes bytes = ContentsOf(target_);
    ASSERT_EQ(bytes.size(), kDiskBytes);
    const uint64_t found = LoadBig<8>(bytes.data());
    EXPECT_EQ(bytes, Repeated(found, kDiskBytes)) << "one command, whole";
    EXPECT_GE(found, before) << "what was answered before is in it";
    EXPECT_LE(found, generation);
    count_moved += found != last ? 1 : 0;
    last = found;
    unlink(target_.c_str());
  }
  EXPECT_GT(count_moved, 3);
}

TEST_P(SnapshotTest, HasAllThatWasAnsweredAndNothingLater) {
  ASSERT_EQ(Run(*a_, Write16(8, 64), Filled(64, 1)), kGood);
  ASSERT_EQ(Run(*b_, Write16(1000, 3), Filled(3, 2)), kGood);
  const absl::Status taken = server_->Snapshot(target_);
  ASSERT_TRUE(taken.ok()) << taken;
  ASSERT_EQ(Run(*b_, Write16(8, 64), Filled(64, 9)), kGood);
  const Bytes bytes = ContentsOf(target_);
  EXPECT_TRUE(std::equal(bytes.begin() + 8 * 512, bytes.begin() + 72 * 512, Filled(64, 1).begin()));
  EXPECT_TRUE(
      std::equal(bytes.begin() + 1000 * 512, bytes.begin() + 1003 * 512, Filled(3, 2).begin()));
  EXPECT_EQ(FileBytes(8, 64), Filled(64, 9));
  EXPECT_EQ(server_->Snapshot(target_).code(), absl::StatusCode::kAlreadyExists);
  // It is a disk.
  const auto copy = *Device::Create(*File::Open({.path = target_}), kBlockBytes);
  EXPECT_EQ(copy->geometry().size_bytes(), kDiskBytes);
}

INSTANTIATE_TEST_SUITE_P(On, SnapshotTest, testing::Values("xfs", "btrfs"),
                         [](const auto& test) { return std::string(test.param); });

class NoSnapshotTest : protected Mounted, public ScsiFixture {
 protected:
  NoSnapshotTest() : Mounted("ext4"), ScsiFixture(TestDisk{.folder = folder()}) {}
};

TEST_F(NoSnapshotTest, WhereThereAreNoReflinks) {
  if (!mount.mounted()) GTEST_SKIP() << mount.why();
  const absl::Status refused = server_->Snapshot(folder() + "/copy");
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.message().find("reflink"), std::string::npos) << refused;
  EXPECT_FALSE(std::filesystem::exists(folder() + "/copy"));
  EXPECT_EQ(Run(*a_, Write16(0, 8), Filled(8, 1)), kGood);
}

// ---- Another size ----

class ResizeTest : public ScsiFixture {
 protected:
  static constexpr uint64_t kCountBlocks = kDiskBytes / kBlockBytes;

  uint64_t CapacityBlocks() {
    Bytes cdb = Cdb16(0x9e, 0, 32);
    cdb[1] = 0x10;
    EXPECT_EQ(Run(*a_, cdb), kGood);
    return LoadBig<8>(found_.data()) + 1;
  }
  void ExpectTold(ScsiNexus& nexus) {
    EXPECT_EQ(Run(nexus, kTestUnitReady), kCapacityDataChanged);
    EXPECT_EQ(Run(nexus, kTestUnitReady), kGood);
  }
  uint64_t FileSize() const { return std::filesystem::file_size(path_); }
};

TEST_F(ResizeTest, GrowthIsToldToEverybody) {
  b_.reset();
  ASSERT_TRUE(server_->Resize(2 * kDiskBytes).ok());
  EXPECT_EQ(FileSize(), 2 * kDiskBytes);
  ExpectTold(*a_);
  EXPECT_EQ(CapacityBlocks(), 2 * kCountBlocks);
  EXPECT_EQ(Run(*a_, Write16(2 * kCountBlocks - 1, 1), Filled(1, 7)), kGood);
  b_ = server_->Connect(*reactor_, {*TransportId::IscsiPort("iqn.2026-01.b", 2), 1},
                        {.relative_port = 1});
  EXPECT_EQ(Run(*b_, kTestUnitReady), kNexusLossOccurred);
  ExpectTold(*b_);
}

TEST_F(ResizeTest, ASizeThatSomebodyElseMadeIsTakenOver) {
  ASSERT_EQ(truncate(path_.c_str(), 2 * kDiskBytes), 0);
  EXPECT_EQ(CapacityBlocks(), kCountBlocks) << "not before somebody says so";
  ASSERT_TRUE(server_->Resize(2 * kDiskBytes).ok());
  ExpectTold(*a_);
  EXPECT_EQ(CapacityBlocks(), 2 * kCountBlocks);
}

TEST_F(ResizeTest, WhatCannotBeIsRefusedAndNobodyIsTold) {
  const absl::Status smaller = server_->Resize(kDiskBytes / 2);
  EXPECT_EQ(smaller.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(smaller.message().find("force"), std::string::npos) << smaller;
  for (const uint64_t size : {uint64_t{0}, uint64_t{100}, 2 * kDiskBytes + 1}) {
    EXPECT_EQ(server_->Resize(size, {.force = true}).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(server_->Resize(kDiskBytes).ok()) << "as it is";
  EXPECT_EQ(FileSize(), kDiskBytes);
  EXPECT_EQ(Run(*a_, kTestUnitReady), kGood);
  EXPECT_EQ(CapacityBlocks(), kCountBlocks);
}

TEST_F(ResizeTest, ForcedItShrinks) {
  ASSERT_EQ(Run(*a_, Write16(0, 8), Filled(8, 1)), kGood);
  ASSERT_TRUE(server_->Resize(kMiB, {.force = true}).ok());
  EXPECT_EQ(FileSize(), kMiB);
  ExpectTold(*a_);
  ExpectTold(*b_);
  EXPECT_EQ(CapacityBlocks(), kMiB / kBlockBytes);
  EXPECT_TRUE(Run(*a_, Read16(kMiB / kBlockBytes, 1)).Is(kLbaOutOfRange));
  EXPECT_EQ(Run(*a_, Read16(0, 8)), kGood);
  EXPECT_EQ(found_, Filled(8, 1));
  EXPECT_EQ(Run(*a_, Write16(kMiB / kBlockBytes - 8, 8), Filled(8, 2)), kGood);
  EXPECT_EQ(Run(*a_, {0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0}), kGood) << "SYNCHRONIZE CACHE";
  EXPECT_EQ(device_->file().latched_error(), 0);
}

TEST_F(ResizeTest, ACommandInFlightIsDrained) {
  for (int i = 0; i < 20; ++i) {
    TestCommand all(WriteSameAll(), Filled(1, static_cast<uint8_t>(i)));
    server_->Execute(*a_, all);
    Operator shrink([this] { return server_->Resize(kMiB, {.force = true}); });
    const absl::Status shrunk = shrink.Await(*reactor_);
    EXPECT_TRUE(shrunk.ok()) << shrunk;
    WaitFor(all);
    EXPECT_EQ(all.outcome(), kGood);
    EXPECT_EQ(FileSize(), kMiB) << "nobody has written behind the end";
    EXPECT_EQ(FileBytes(0, 8), Filled(8, static_cast<uint8_t>(i)));
    ASSERT_TRUE(server_->Resize(kDiskBytes).ok());
    ExpectTold(*a_);
  }
}

// Checked when the disk was long enough, and behind the operator: they find their blocks gone,
// whether they claimed them by their CDB or by their list.
TEST_F(ResizeTest, WhoWaitsMeanwhileIsRefused) {
  const uint64_t lba = kCountBlocks - 8;
  TestCommand first(Write16(lba, 8), Filled(8, 3));
  server_->Execute(*a_, first);  // runs until the reactor is turned
  Operator shrink([this] { return server_->Resize(kMiB, {.force = true}); });
  std::vector<std::unique_ptr<TestCommand>> reads;
  uint64_t count_executed = 0;
  do {  // until one has to wait
    count_executed = device_->counts().executed;
    reads.push_back(std::make_unique<TestCommand>(Read16(lba, 1), Bytes{}));
    server_->Execute(*b_, *reads.back());
  } while (device_->counts().executed > count_executed);
  TestCommand write(Write16(lba, 8), Filled(8, 4));
  Bytes list(24, 0);
  list[1] = 22;
  list[3] = 16;
  StoreBig<8>(&list[8], lba);
  StoreBig<4>(&list[16], 8);
  TestCommand unmap({0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0}, list);
  server_->Execute(*b_, write);
  server_->Execute(*b_, unmap);
  const absl::Status shrunk = shrink.Await(*reactor_);
  EXPECT_TRUE(shrunk.ok()) << shrunk;
  EXPECT_EQ(first.outcome(), kGood);
  for (TestCommand* const late : {reads.back().get(), &write, &unmap}) {
    WaitFor(*late);
    EXPECT_TRUE(late->outcome().Is(kLbaOutOfRange));
  }
  reads.pop_back();
  for (const auto& read : reads) EXPECT_EQ(read->outcome(), kGood);
  EXPECT_EQ(FileSize(), kMiB);
}

// Long enough that it is answered by reference.
constexpr std::pair<uint64_t, uint32_t> kLent{16384 - 2048, 2048};

TEST_F(ResizeTest, AReferenceIsWaitedFor) {
  ASSERT_EQ(Run(*a_, Write16(kLent.first, kLent.second), Filled(kLent.second, 3)), kGood);
  TestCommand read(Read16(kLent.first, kLent.second), {});
  read.keep = true;
  server_->Execute(*a_, read);
  WaitFor(read);
  EXPECT_GT(device_->file().stats().lent, 0u);
  Operator shrink([this] { return server_->Resize(kMiB, {.force = true}); });
  while (device_->file().size_bytes() != kMiB) reactor_->Wait(kNsPerMs);
  EXPECT_TRUE(Run(*b_, Write16(kCountBlocks - 8, 8), Filled(8, 4)).Is(kLbaOutOfRange));
  EXPECT_FALSE(shrink.done());
  EXPECT_EQ(std::memcmp(read.data_in().segments()[0].data, Filled(8, 3).data(), 8 * kBlockBytes),
            0);
  read.Drop();
  const absl::Status shrunk = shrink.Await(*reactor_);
  EXPECT_TRUE(shrunk.ok()) << shrunk;
  EXPECT_EQ(FileSize(), kMiB);
  EXPECT_EQ(device_->file().stats().revoked, 0u);
}

TEST_F(ResizeTest, AReferenceThatStaysKeepsTheDiskAsItWas) {
  ASSERT_EQ(Run(*a_, Write16(kLent.first, kLent.second), Filled(kLent.second, 3)), kGood);
  TestCommand read(Read16(kLent.first, kLent.second), {});
  read.keep = true;
  server_->Execute(*a_, read);
  WaitFor(read);
  EXPECT_GT(device_->file().stats().lent, 0u);
  const absl::Status busy = server_->Resize(kMiB, {.force = true, .patience_ns = 20 * kNsPerMs});
  EXPECT_EQ(busy.code(), absl::StatusCode::kDeadlineExceeded) << busy;
  EXPECT_EQ(FileSize(), kDiskBytes);
  read.Drop();
  EXPECT_EQ(Run(*a_, Read16(kLent.first, kLent.second)), kGood) << "and nobody was told anything";
  EXPECT_EQ(found_, Filled(kLent.second, 3));
}

// The command in front of it does not end: the operator gives up, and lets go of its place.
TEST_F(ResizeTest, ACommandThatDoesNotEndIsWaitedForOnlySoLong) {
  TestCommand all(WriteSameAll(), Filled(1, 5));
  server_->Execute(*a_, all);  // nobody turns its reactor
  const absl::Status busy = server_->Resize(kMiB, {.force = true, .patience_ns = 20 * kNsPerMs});
  EXPECT_EQ(busy.code(), absl::StatusCode::kDeadlineExceeded) << busy;
  WaitFor(all);
  EXPECT_EQ(all.outcome(), kGood);
  EXPECT_EQ(Run(*b_, WriteSameAll(), Filled(1, 6)), kGood);
  EXPECT_EQ(FileBytes(kCountBlocks - 1, 1), Filled(1, 6));
}

TEST(NullDiskTest, HasAnySizeAndNoSnapshots) {
  const auto device = *Device::Create(*File::Open({.path = "null", .null_size_bytes = kMiB}), 512);
  const auto server = *DeviceServer::Create(*device, {});
  EXPECT_EQ(server->Snapshot("/var/tmp/copy").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(server->Resize(uint64_t{1} << 44).ok());
  EXPECT_EQ(device->geometry().size_bytes(), uint64_t{1} << 44);
  EXPECT_FALSE(server->Resize(kMiB).ok());
  EXPECT_TRUE(server->Resize(kMiB, {.force = true}).ok());
  EXPECT_EQ(device->geometry().size_bytes(), kMiB);
}

TEST_F(ResizeTest, AReadOnlyDiskSaysWhoseSizeItIs) {
  const auto device =
      *Device::Create(*File::Open({.path = path_, .read_only = true, .share = true}), kBlockBytes);
  const auto server = *DeviceServer::Create(*device, {});
  EXPECT_FALSE(server->Resize(2 * kDiskBytes).ok());
  EXPECT_FALSE(server->Resize(kMiB, {.force = true}).ok());
  ASSERT_EQ(truncate(path_.c_str(), 2 * kDiskBytes), 0);
  EXPECT_TRUE(server->Resize(2 * kDiskBytes).ok());
  EXPECT_EQ(device->geometry().size_bytes(), 2 * kDiskBytes);
}

}  // namespace
}  // namespace quire
