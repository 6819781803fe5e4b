// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: commands that have their blocks to themselves lose no update and leave nothing torn,
// whatever overlaps them from other nexuses on other reactors, and all of them come to an end.
// Method: three reactors, four commands at once on each, on few blocks. Counters go up by COMPARE
// AND WRITE and bits are set by ORWRITE in the same blocks: at the end all of them are there.
// Elsewhere whole stretches change by WRITE, WRITE SAME and UNMAP: a read finds one version.
//
//   reactor 0 -- nexus 0 --+
//   reactor 1 -- nexus 1 --+-- logical unit
//   reactor 2 -- nexus 2 --+
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/big_endian.h"
#include "base/prng.h"
#include "tests/support/served_file.h"
#include "vdisk/device_server.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

constexpr size_t kThreads = 3;
constexpr size_t kDepth = 4;
constexpr int kCommands = 1500;  // of each thread
constexpr uint32_t kBlockBytes = 512;
constexpr size_t kWords = kBlockBytes / 8;
using Block = std::array<uint64_t, kWords>;

// One of a thread's commands: it reads, decides, and perhaps changes what it read.
struct Slot : ScsiCommand {
  size_t number = 0;
  std::array<uint8_t, 16> cdb_bytes{};
  std::vector<uint64_t> data;  // to the disk
  Segment segment;
  std::vector<uint64_t> found;  // from it
  bool busy = false;
  std::function<void(Slot&)> next;

  void Start(ScsiNexus& nexus, std::array<uint8_t, 16> with_cdb, std::function<void(Slot&)> then) {
    cdb_bytes = with_cdb;
    cdb = cdb_bytes;
    segment = {reinterpret_cast<std::byte*>(data.data()), data.size() * 8};
    data_out = data.empty() ? SgView() : SgView({&segment, 1});
    stable = true;
    next = std::move(then);
    busy = true;
    done = [](ScsiCommand& command) {
      static_cast<Slot&>(command).TakeFound();
      command.Drop();
    };
    freed = [](ScsiCommand& command) {
      Slot& slot = static_cast<Slot&>(command);
      slot.busy = false;
      const std::function<void(Slot&)> go_on = std::move(slot.next);
      go_on(slot);
    };
    nexus.server().Execute(nexus, *this);
  }

 private:
  void TakeFound() {
    found.clear();
    if (data_in().length_bytes() == 0) return;
    const StableLook look(stable_bytes());
    found.resize(look.left().length_bytes() / 8);
    size_t at = 0;
    for (const Segment& piece : look.left().segments()) {
      std::memcpy(reinterpret_cast<std::byte*>(found.data()) + at, piece.data, piece.size_bytes);
      at += piece.size_bytes;
    }
  }
};

std::array<uint8_t, 16> Cdb16(uint8_t opcode, uint64_t lba, uint32_t count) {
  std::array<uint8_t, 16> cdb{opcode};
  StoreBig<8>(&cdb[2], lba);
  StoreBig<4>(&cdb[10], count);
  return cdb;
}

// What one thread does on its reactor.
class Initiator {
 public:
  using Work = void (Initiator::*)(Slot&);

  Initiator(DeviceServer& server, WorkerPool& workers, size_t number)
      : number_(number), random_(number + 1), reactor_(*Reactor::Create(workers)) {
    const auto port = TransportId::IscsiPort("iqn.2026-01.a", number);
    nexus_ = server.Connect(*reactor_, {*port, 1}, {.relative_port = 1});
    for (size_t i = 0; i < kDepth; ++i) {
      slots_.push_back(std::make_unique<Slot>());
      slots_.back()->number = i;
    }
  }

  // `work` starts a slot's next command, or several in a row.
  void Run(Work work) {
    work_ = work;
    slots_[0]->Start(*nexus_, {}, [](Slot& slot) { EXPECT_EQ(slot.outcome(), kPowerOnOrReset); });
    while (AnyBusy()) reactor_->Wait(10 * kNsPerMs);
    while (count_started_ < kCommands || AnyBusy()) {
      for (const auto& slot : slots_) {
        if (slot->busy || count_started_ == kCommands) continue;
        ++count_started_;
        (this->*work_)(*slot);
      }
      reactor_->Wait(10 * kNsPerMs);
    }
  }

  // ---- Counters and bits ----
  // A block: word 0 counts; a thread's bits are in kBitWords words of its own after that.
  static constexpr size_t kCounters = 4;
  static constexpr size_t kBitWords = (kWords - 1) / kThreads;

  void CountOrMark(Slot& slot) {
    if (random_.Chance(1, 3)) {
      Mark(slot);
    } else {
      Count(slot);
    }
  }
  const std::array<uint64_t, kCounters>& counted() const { return counted_; }
  const std::array<Block, kCounters>& marked() const { return marked_; }

  // ---- Stretches ----
  static constexpr uint64_t kFirstStretch = 64;  // blocks before it are the counters'
  static constexpr uint64_t kStretches = 3;
  static constexpr uint32_t kStretchBlocks = 16;  // 8 KiB

  void ChangeOrRead(Slot& slot) {
    const uint64_t lba = kFirstStretch + random_.Below(kStretches) * kStretchBlocks;
    const uint64_t version = (uint64_t{number_} + 1) << 32 | ++version_;
    const auto good = [](Slot& ended) { EXPECT_EQ(ended.outcome(), kGood); };
    switch (random_.Below(5)) {
      case 0:
        slot.data.assign(kStretchBlocks * kWords, version);
        slot.Start(*nexus_, Cdb16(0x8a, lba, kStretchBlocks), good);
        return;
      case 1:
        slot.data.assign(kWords, version);
        slot.Start(*nexus_, Cdb16(0x93, lba, kStretchBlocks), good);
        return;
      case 2:
        Unmap(slot, good);
        return;
      default:
        slot.data.clear();
        slot.Start(*nexus_, Cdb16(0x88, lba, kStretchBlocks), [](Slot& read) {
          EXPECT_EQ(read.outcome(), kGood);
          ASSERT_EQ(read.found.size(), kStretchBlocks * kWords);
          for (const uint64_t word : read.found) ASSERT_EQ(word, read.found[0]) << "torn";
        });
        return;
    }
  }

 private:
  bool AnyBusy() const {
    for (const auto& slot : slots_) {
      if (slot->busy) return true;
    }
    return false;
  }

  // Reads a block, and writes it with its counter one higher unless it has changed meanwhile.
  void Count(Slot& slot) {
    const uint64_t block = random_.Below(kCounters);
    slot.data.clear();
    slot.Start(*nexus_, Cdb16(0x88, block, 1), [this, block](Slot& read) {
      ASSERT_EQ(read.outcome(), kGood);
      read.data = read.found;
      read.data.insert(read.data.end(), read.found.begin(), read.found.end());
      ++read.data[kWords];
      read.Start(*nexus_, Cdb16(0x89, block, 1), [this, block](Slot& wrote) {
        if (wrote.outcome().good()) ++counted_[block];
        EXPECT_TRUE(wrote.outcome().good() || wrote.outcome().Is(kMiscompare));
      });
    });
  }

  // One more bit of this thread, in two neighbouring blocks at once.
  void Mark(Slot& slot) {
    const uint64_t block = random_.Below(kCounters - 1);
    const uint64_t bit = random_.Below(kBitWords * 64);
    const size_t word = 1 + number_ * kBitWords + bit / 64;
    slot.data.assign(2 * kWords, 0);
    for (const size_t of : {block, block + 1}) {
      slot.data[(of - block) * kWords + word] = uint64_t{1} << bit % 64;
      marked_[of][word] |= uint64_t{1} << bit % 64;
    }
    slot.Start(*nexus_, Cdb16(0x8b, block, 2),
               [](Slot& ended) { EXPECT_EQ(ended.outcome(), kGood); });
  }

  // Two stretches in any order, so that claims of several ranges meet.
  void Unmap(Slot& slot, const std::function<void(Slot&)>& then) {
    std::array<uint8_t, 40> list{};
    StoreBig<2>(&list[0], list.size() - 2);
    StoreBig<2>(&list[2], list.size() - 8);
    for (size_t i = 0; i < 2; ++i) {
      const uint64_t stretch = random_.Below(kStretches);
      StoreBig<8>(&list[8 + 16 * i], kFirstStretch + stretch * kStretchBlocks);
      StoreBig<4>(&list[16 + 16 * i], kStretchBlocks);
    }
    slot.data.resize(list.size() / 8);
    std::memcpy(slot.data.data(), list.data(), list.size());
    std::array<uint8_t, 16> cdb{0x42};
    StoreBig<2>(&cdb[7], list.size());
    slot.Start(*nexus_, cdb, then);
  }

  const size_t number_;
  Prng random_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<ScsiNexus> nexus_;
  std::vector<std::unique_ptr<Slot>> slots_;
  Work work_ = nullptr;
  int count_started_ = 0;
  uint64_t version_ = 0;
  std::array<uint64_t, kCounters> counted_{};  // successful COMPARE AND WRITE commands
  std::array<Block, kCounters> marked_{};      // bits set
};

class CommandPathThreadsTest : public testing::Test {
 protected:
  CommandPathThreadsTest() : scratch_(1 << 20) {
    device_ = *Device::Create(*File::Open({.path = scratch_.path()}), kBlockBytes);
    server_ = *DeviceServer::Create(*device_, {});
  }

  // All initiators at once; `look` at each when it has ended.
  void RunAll(Initiator::Work work, const std::function<void(const Initiator&)>& look) {
    std::vector<std::thread> threads;
    Mutex mutex;
    for (size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        Initiator initiator(*server_, workers_, i);
        initiator.Run(work);
        MutexLock lock(mutex);
        look(initiator);
      });
    }
    for (std::thread& thread : threads) thread.join();
    server_->task_set().CheckInvariants();
    EXPECT_EQ(device_->counts().executed, device_->counts().freed);
    EXPECT_EQ(device_->file().stats().lent, 0u);
  }

  const ScratchFile scratch_;
  WorkerPool workers_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<DeviceServer> server_;
};

TEST_F(CommandPathThreadsTest, NoUpdateIsLost) {
  std::array<uint64_t, Initiator::kCounters> counted{};
  std::array<Block, Initiator::kCounters> expected{};
  RunAll(&Initiator::CountOrMark, [&](const Initiator& one) {
    for (size_t block = 0; block < Initiator::kCounters; ++block) {
      counted[block] += one.counted()[block];
      for (size_t i = 0; i < kWords; ++i) expected[block][i] |= one.marked()[block][i];
    }
  });
  for (size_t block = 0; block < Initiator::kCounters; ++block) {
    EXPECT_GT(counted[block], 0u);
    expected[block][0] = counted[block];
    const std::vector<std::byte> bytes = scratch_.Contents(block * kBlockBytes, kBlockBytes);
    EXPECT_EQ(std::memcmp(bytes.data(), expected[block].data(), kBlockBytes), 0) << block;
  }
}

TEST_F(CommandPathThreadsTest, NothingIsTorn) {
  RunAll(&Initiator::ChangeOrRead, [](const Initiator&) {});
}

}  // namespace
}  // namespace quire
