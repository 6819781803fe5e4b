// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the medium may stop, go, come back and be erased while several reactors use it: every
// command is answered, with what the medium's state allows, and what was erased is gone.
// Method: a thread per nexus; two write and read, one changes the state, the main thread is home.
#include <array>
#include <atomic>
#include <thread>

#include "base/prng.h"
#include "tests/vdisk/scsi_fixture.h"
#include "vdisk/medium.h"

namespace quire {
namespace {

class MediumThreadsTest : public testing::Test {
 protected:
  static constexpr uint64_t kDiskBytes = 4 << 20;
  static constexpr uint32_t kBlocks = kDiskBytes / 512;

  MediumThreadsTest() {
    path_ = testing::TempDir() + "quire-medium-XXXXXX";
    const int fd = mkostemp(path_.data(), O_CLOEXEC);
    EXPECT_EQ(ftruncate(fd, kDiskBytes), 0);
    close(fd);
    device_ = *Device::Create(*File::Open({.path = path_}), 512);
    home_ = *Reactor::Create(workers_);
    server_ = *DeviceServer::Create(*device_, {.removable = true, .home = home_.get()});
  }
  ~MediumThreadsTest() override {
    server_.reset();
    home_.reset();
    device_.reset();
    unlink(path_.c_str());
  }

  // A host on a thread and reactor of its own.
  struct Host {
    Host(MediumThreadsTest& test, uint64_t isid)
        : server(*test.server_), reactor(*Reactor::Create(test.workers_)) {
      nexus = server.Connect(*reactor, {*TransportId::IscsiPort("iqn.2026-01.host", isid), 1},
                             {.relative_port = 1});
      EXPECT_EQ(Run({0, 0, 0, 0, 0, 0}), kPowerOnOrReset);
    }
    ~Host() {
      nexus.reset();
      reactor.reset();
    }
    Outcome Run(Bytes cdb, Bytes data = {}) {
      TestCommand command(std::move(cdb), std::move(data));
      server.Execute(*nexus, command);
      while (command.count_freed == 0) reactor->Wait(kNsPerMs);
      return command.outcome();
    }
    DeviceServer& server;
    std::unique_ptr<Reactor> reactor;
    std::unique_ptr<ScsiNexus> nexus;
  };
  // Each thread has blocks of its own: beside each other, reads and writes of the same ones race.
  static uint64_t HalfOf(uint64_t number) { return number * (kBlocks / 2); }
  Bytes Contents() const {
    Bytes bytes(kDiskBytes);
    const int fd = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(pread(fd, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(kDiskBytes));
    close(fd);
    return bytes;
  }
  static bool IsExpected(const Outcome& outcome) {
    return outcome.good() || outcome.key == SenseKey::kNotReady ||
           outcome.Is(kMediumMayHaveChanged);
  }
  // Turns the home while the threads are at work.
  void Join(std::vector<std::thread>& threads) {
    while (count_ended_ < static_cast<int>(threads.size())) home_->Wait(kNsPerMs);
    for (std::thread& thread : threads) thread.join();
  }

  WorkerPool workers_;
  std::string path_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Reactor> home_;
  std::unique_ptr<DeviceServer> server_;
  std::atomic<int> count_ended_{0};
  std::atomic<int> count_rounds_{0};
  std::atomic<bool> over_{false};
};

Bytes Cdb16(uint8_t opcode, uint64_t lba, uint32_t count) {
  Bytes cdb(16, 0);
  cdb[0] = opcode;
  StoreBig<8>(&cdb[2], lba);
  StoreBig<4>(&cdb[10], count);
  return cdb;
}

TEST_F(MediumThreadsTest, StateChangesUnderLoad) {
  std::vector<std::thread> threads;
  for (uint64_t number = 0; number < 2; ++number) {
    threads.emplace_back([this, number] {
      {
        Host host(*this, number);
        Prng random(number);
        while (!over_) {
          const uint64_t lba = HalfOf(number) + random.Below(kBlocks / 2 - 8);
          EXPECT_TRUE(IsExpected(host.Run(Cdb16(0x8a, lba, 8), Bytes(8 * 512, 0x5a))));
          EXPECT_TRUE(IsExpected(host.Run(Cdb16(0x88, lba, 8))));
          EXPECT_TRUE(IsExpected(host.Run({0x35, 2, 0, 0, 0, 0, 0, 0, 0, 0})));
          ++count_rounds_;
        }
      }
      ++count_ended_;
    });
  }
  threads.emplace_back([this] {
    {
      Host host(*this, 9);
      Prng random(9);
      const Bytes changes[] = {
          {0x1b, 0, 0, 0, 0, 0},
          {0x1b, 1, 0, 0, 0, 0},
          {0x1b, 0, 0, 0, 2, 0},
          {0x1b, 1, 0, 0, 2, 0},
          {0x1e, 0, 0, 0, 1, 0},
          {0x1e, 0, 0, 0, 0, 0},
          {0x04, 0, 0, 0, 0, 0},
          {0x48, 0x02, 0, 0, 0, 0, 0, 0, 0, 0},
          {0x48, 0x82, 0, 0, 0, 0, 0, 0, 0, 0},
      };
      for (int i = 0; i < 60; ++i) {
        const Outcome outcome = host.Run(changes[random.Below(std::size(changes))]);
        EXPECT_TRUE(IsExpected(outcome) || outcome == kMediumRemovalPrevented);
        host.Run({0x1b, 0, 0, 0, 3, 0});
        const int before = count_rounds_;
        while (count_rounds_ < before + 5) std::this_thread::yield();
      }
      over_ = true;
    }
    ++count_ended_;
  });
  Join(threads);
  // A flush may still be under way.
  const auto all_freed = [this] {
    const Device::Counts counts = device_->counts();
    return counts.executed == counts.freed;
  };
  for (int i = 0; i < 5000 && !all_freed(); ++i) home_->Wait(kNsPerMs);
  EXPECT_TRUE(all_freed());
}

// Every write has a version. One that was acknowledged before the erasure began is never seen
// afterwards; one that waited for its end may be.
TEST_F(MediumThreadsTest, WhatWasAcknowledgedBeforeAnErasureIsGone) {
  std::array<std::atomic<uint64_t>, 2> acknowledged{};
  std::vector<std::thread> threads;
  for (uint64_t number = 0; number < 2; ++number) {
    threads.emplace_back([this, number, &acknowledged] {
      {
        Host host(*this, number);
        Prng random(number);
        for (uint64_t version = 1; !over_; ++version) {
          Bytes block(512);
          for (size_t at = 0; at < block.size(); at += 8) {
            StoreBig<8>(&block[at], version << 1 | number);
          }
          const Outcome outcome =
              host.Run(Cdb16(0x8a, HalfOf(number) + random.Below(kBlocks / 2), 1), block);
          EXPECT_TRUE(IsExpected(outcome));
          if (outcome.good()) acknowledged[number] = version;
        }
      }
      ++count_ended_;
    });
  }
  threads.emplace_back([this, &acknowledged] {
    {
      Host host(*this, 9);
      for (int round = 0; round < 20; ++round) {
        const std::array<uint64_t, 2> before = {acknowledged[0], acknowledged[1]};
        EXPECT_EQ(host.Run({0x48, 0x01, 0, 0, 0, 0, 0, 0, 5, 0}, {0x02, 0, 0, 1, 0}), kGood);
        const Bytes disk = Contents();
        uint64_t count_old = 0;
        for (size_t at = 0; at < disk.size(); at += 8) {
          const uint64_t found = LoadBig<8>(&disk[at]);
          if (found != 0 && found >> 1 <= before[found & 1]) ++count_old;
        }
        EXPECT_EQ(count_old, 0u) << "round " << round;
        while (acknowledged[0] < before[0] + 50) std::this_thread::yield();
      }
      over_ = true;
    }
    ++count_ended_;
  });
  Join(threads);
}

}  // namespace
}  // namespace quire
