// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A disk in a temporary file, and two hosts with a port each that send it CDBs and wait for the
// answer: what the tests of commands start from.
//
//   host A  iqn.2026-01.a, ISID 1 --+
//                                   +-- target port 1 -- logical unit (a TestDisk)
//   host B  iqn.2026-01.b, ISID 2 --+
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/big_endian.h"
#include "pagecache/file.h"
#include "pagecache/kernel_backing.h"
#include "tests/support/faulty_backing.h"
#include "vdisk/device_server.h"
#include "vdisk/outcomes.h"

namespace quire {

using Bytes = std::vector<uint8_t>;

// A command that remembers how it ended. Stays where it is until it was freed.
struct TestCommand : ScsiCommand {
  TestCommand(Bytes with_cdb, Bytes with_data)
      : cdb_bytes(std::move(with_cdb)), data_bytes(std::move(with_data)) {
    cdb = cdb_bytes;
    if (!data_bytes.empty()) {
      segment = {reinterpret_cast<std::byte*>(data_bytes.data()), data_bytes.size()};
      data_out = SgView({&segment, 1}, segment.size_bytes);
    }
    done = [](ScsiCommand& command) {
      TestCommand& self = static_cast<TestCommand&>(command);
      for (const Segment& piece : self.data_in().segments()) {
        const auto* const bytes = reinterpret_cast<const uint8_t*>(piece.data);
        self.found.insert(self.found.end(), bytes, bytes + piece.size_bytes);
      }
      ++self.count_done;
      if (!self.keep) self.Drop();
    };
    freed = [](ScsiCommand& command) { ++static_cast<TestCommand&>(command).count_freed; };
  }

  Bytes cdb_bytes;
  Bytes data_bytes;
  Segment segment;
  bool keep = false;  // the test drops it
  Bytes found;        // data for the initiator
  int count_done = 0;
  int count_freed = 0;
};

struct TestDisk {
  uint32_t block_bytes = 512;
  uint64_t size_bytes = 8 * 1024 * 1024;
  CacheMode cache = CacheMode::kWriteback;
  bool read_only = false;
  DeviceServer::Options server = {};
  std::string folder = testing::TempDir();
};

class ScsiFixture : public testing::Test {
 protected:
  static constexpr uint32_t kBlockBytes = 512;  // of the usual disk
  static constexpr uint64_t kDiskBytes = 8 * 1024 * 1024;

  explicit ScsiFixture(DeviceServer::Options options = {})
      : ScsiFixture(TestDisk{.server = std::move(options)}) {}
  explicit ScsiFixture(const TestDisk& disk) : block_bytes_(disk.block_bytes) {
    path_ = disk.folder + "/quire-scsi-XXXXXX";
    const int fd = mkostemp(path_.data(), O_CLOEXEC);
    EXPECT_GE(fd, 0);
    EXPECT_EQ(ftruncate(fd, static_cast<off_t>(disk.size_bytes)), 0);
    close(fd);
    auto backing = std::make_unique<FaultyBacking>(*KernelBacking::Open(
        {.path = path_, .read_only = disk.read_only, .direct = disk.cache == CacheMode::kNone}));
    backing_ = backing.get();
    const FileOptions file{.path = path_, .cache = disk.cache, .read_only = disk.read_only};
    device_ = *Device::Create(*File::Open(std::move(backing), file), block_bytes_);
    reactor_ = *Reactor::Create(workers_);
    DeviceServer::Options options = disk.server;
    options.home = reactor_.get();
    server_ = *DeviceServer::Create(*device_, options);
    a_ = Connect("iqn.2026-01.a", 1);
    b_ = Connect("iqn.2026-01.b", 2);
  }
  ~ScsiFixture() override {
    a_.reset();
    b_.reset();
    server_.reset();
    reactor_.reset();
    device_.reset();
    unlink(path_.c_str());
  }

  // A nexus through target port 1 that has been told of its power on.
  std::unique_ptr<ScsiNexus> Connect(const std::string& name, uint64_t isid) {
    auto nexus =
        server_->Connect(*reactor_, {*TransportId::IscsiPort(name, isid), 1}, {.relative_port = 1});
    EXPECT_EQ(Run(*nexus, {0x00, 0, 0, 0, 0, 0}), kPowerOnOrReset);
    return nexus;
  }

  void WaitFor(const TestCommand& command) {
    for (int i = 0; i < 20000 && command.count_done == 0; ++i) reactor_->Wait(kNsPerMs);
    ASSERT_EQ(command.count_done, 1);
  }
  // The outcome; what came with it is in `found_`.
  Outcome Run(ScsiNexus& nexus, Bytes cdb, Bytes data = {}) {
    TestCommand command(std::move(cdb), std::move(data));
    nexus.server().Execute(nexus, command);
    EXPECT_EQ(command.count_done, 0) << "never inside the call that started it";
    WaitFor(command);
    for (int i = 0; i < 20000 && command.count_freed == 0; ++i) reactor_->Wait(kNsPerMs);
    EXPECT_EQ(command.count_freed, 1);
    EXPECT_TRUE(command.answered());
    found_ = command.found;
    return command.outcome();
  }

  // The bytes of blocks, and the CDBs of the commonest commands (16 bytes).
  Bytes Filled(size_t count_blocks, uint8_t value) const {
    return Bytes(count_blocks * block_bytes_, value);
  }
  // Bytes that tell which block they belong to.
  Bytes Pattern(uint64_t lba, size_t count_blocks, uint8_t version = 1) const {
    Bytes bytes(count_blocks * block_bytes_);
    for (size_t i = 0; i < bytes.size(); i += 8) {
      StoreBig<8>(&bytes[i], (lba + i / block_bytes_) << 16 | uint64_t{version} << 8 | 0xa5);
    }
    return bytes;
  }
  // A CDB of the length that its opcode tells (SPC-4 4.2.5.1).
  static Bytes BlockCdb(uint8_t opcode, uint64_t lba, uint32_t count, uint8_t flags = 0) {
    const size_t group = opcode >> 5;
    if (group == 4) return Cdb16(opcode, lba, count, flags);
    Bytes cdb(group == 0 ? 6 : group == 5 ? 12 : 10, 0);
    cdb[0] = opcode;
    cdb[1] = flags;
    if (group == 0) {
      StoreBig<3>(&cdb[1], lba);
      cdb[4] = static_cast<uint8_t>(count);
      return cdb;
    }
    StoreBig<4>(&cdb[2], lba);
    if (group == 5) {
      StoreBig<4>(&cdb[6], count);
    } else {
      StoreBig<2>(&cdb[7], count);
    }
    return cdb;
  }
  static Bytes Cdb16(uint8_t opcode, uint64_t lba, uint32_t count, uint8_t flags = 0) {
    Bytes cdb(16, 0);
    cdb[0] = opcode;
    cdb[1] = flags;
    StoreBig<8>(&cdb[2], lba);
    StoreBig<4>(&cdb[10], count);
    return cdb;
  }
  static Bytes Read16(uint64_t lba, uint32_t count, uint8_t flags = 0) {
    return Cdb16(0x88, lba, count, flags);
  }
  static Bytes Write16(uint64_t lba, uint32_t count, uint8_t flags = 0) {
    return Cdb16(0x8a, lba, count, flags);
  }
  // What the file has, read by a descriptor of the test's own.
  Bytes FileBytes(uint64_t lba, size_t count_blocks) const {
    const int fd = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    Bytes bytes(count_blocks * block_bytes_);
    EXPECT_EQ(pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(lba * block_bytes_)),
              static_cast<ssize_t>(bytes.size()));
    close(fd);
    return bytes;
  }

  uint64_t count_blocks() const { return device_->geometry().count.value; }

  const uint32_t block_bytes_;
  WorkerPool workers_;
  std::string path_;
  FaultyBacking* backing_ = nullptr;
  std::unique_ptr<Device> device_;
  std::unique_ptr<DeviceServer> server_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<ScsiNexus> a_, b_;
  Bytes found_;
};

}  // namespace quire
