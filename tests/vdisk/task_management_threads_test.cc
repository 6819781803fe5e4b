// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: what aborts commands of other reactors is answered when nothing of theirs can land any
// more, and every command is answered, or silent, exactly once. Method: two reactors on two threads
// with a nexus each write many blocks, some in order, some alone at their blocks, some through to
// the disk; one of them aborts. Once it is answered, the file is read, and again when all commands
// have called back: it must not have changed.
#include <array>
#include <atomic>
#include <thread>

#include "base/prng.h"
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

using enum TaskFunction;

constexpr uint64_t kBlocks = 512;  // of one host
constexpr int kDepth = 24;

// A host on the thread that calls it.
class Host {
 public:
  Host(DeviceServer& server, WorkerPool& workers, uint64_t number)
      : server_(server), reactor_(*Reactor::Create(workers)), number_(number) {
    const std::string name = number == 0 ? "iqn.2026-01.c" : "iqn.2026-01.d";
    nexus_ = server.Connect(*reactor_, {*TransportId::IscsiPort(name, 1), 1}, {.relative_port = 1});
    Settle();
  }

  ScsiNexus& nexus() { return *nexus_; }
  void Turn() { reactor_->Wait(kNsPerMs / 10); }

  // Sends without waiting.
  TestCommand& Send(Bytes cdb, Bytes data, TaskAttribute attribute = TaskAttribute::kSimple) {
    commands_.push_back(std::make_unique<TestCommand>(std::move(cdb), std::move(data)));
    commands_.back()->attribute = attribute;
    server_.Execute(*nexus_, *commands_.back());
    return *commands_.back();
  }
  void SendWrites(uint64_t seed, uint8_t value) {
    Prng random(seed);
    for (int i = 0; i < kDepth; ++i) {
      const uint64_t lba = number_ * kBlocks + random.Below(kBlocks - 8);
      const auto count = static_cast<uint32_t>(1 + random.Below(8));
      Bytes cdb(16);
      cdb[0] = random.Below(4) == 0 ? 0x8b : 0x8a;  // ORWRITE, WRITE
      cdb[1] = random.Below(2) == 0 ? 0x08 : 0x00;  // FUA
      StoreBig<8>(&cdb[2], lba);
      StoreBig<4>(&cdb[10], count);
      Send(cdb, Bytes(count * 512, value),
           random.Below(6) == 0 ? TaskAttribute::kOrdered : TaskAttribute::kSimple);
    }
  }
  // Until all have called back; how many were silent.
  int Drain() {
    int count_silent = 0;
    for (const auto& command : commands_) {
      for (int i = 0; i < 100000 && command->count_freed == 0; ++i) Turn();
      EXPECT_EQ(command->count_done, 1);
      EXPECT_EQ(command->count_freed, 1);
      if (!command->answered()) ++count_silent;
    }
    for (int i = 0; i < 3; ++i) Turn();
    for (const auto& command : commands_) EXPECT_EQ(command->count_done, 1);
    commands_.clear();
    return count_silent;
  }
  // Nothing is pending.
  void Settle() {
    for (bool good = false; !good; commands_.clear()) {
      TestCommand& ready = Send(Bytes(6), {});
      while (ready.count_freed == 0) Turn();
      good = ready.outcome().good();
    }
  }
  Outcome Await(const TestCommand& command) {
    for (int i = 0; i < 100000 && command.count_freed == 0; ++i) Turn();
    EXPECT_EQ(command.count_done, 1);
    return command.outcome();
  }
  void Manage(TaskFunction kind) {
    struct Managed : TaskManagement {
      bool is_done = false;
    } function;
    function.kind = kind;
    function.done = [](TaskManagement& done) { static_cast<Managed&>(done).is_done = true; };
    server_.Manage(*nexus_, function);
    for (int i = 0; i < 100000 && !function.is_done; ++i) Turn();
    ASSERT_TRUE(function.is_done);
  }

  static Bytes PrOut(uint8_t action) { return {0x5f, action, 5, 0, 0, 0, 0, 0, 24, 0}; }
  static Bytes PrList(uint64_t key, uint64_t action_key) {
    Bytes list(24);
    StoreBig<8>(list.data(), key);
    StoreBig<8>(&list[8], action_key);
    return list;
  }

 private:
  DeviceServer& server_;
  std::unique_ptr<Reactor> reactor_;
  const uint64_t number_;
  std::unique_ptr<ScsiNexus> nexus_;
  std::vector<std::unique_ptr<TestCommand>> commands_;
};

class TaskManagementThreadsTest : public ScsiFixture {
 protected:
  // What the file has of one host's blocks.
  Bytes Blocks(uint64_t number) const { return FileBytes(number * kBlocks, kBlocks); }
  static void AwaitValue(const std::atomic<int>& value, int wanted, Host& host) {
    while (value.load() < wanted) host.Turn();
  }

  const uint64_t seed_ = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  const testing::ScopedTrace trace_{__FILE__, __LINE__,
                                    testing::Message() << "--gtest_random_seed=" << seed_};
};

TEST_F(TaskManagementThreadsTest, NothingLandsAfterTheAnswer) {
  constexpr int kRounds = 60;
  constexpr int kKinds = 5;
  std::atomic<int> sent{0}, answered{0}, drained{0}, ready{0};
  std::atomic<int> count_silent{0};
  std::thread other([&] {
    Host host(*server_, workers_, 1);
    for (int round = 1; round <= kRounds; ++round) {
      host.Settle();
      host.Await(host.Send(Host::PrOut(6), Host::PrList(0, 0xb)));
      AwaitValue(ready, round, host);
      host.SendWrites(seed_ + 2 * static_cast<uint64_t>(round), static_cast<uint8_t>(round));
      sent = round;
      AwaitValue(answered, round, host);
      count_silent += host.Drain();
      drained = round;
    }
  });
  {
    Host host(*server_, workers_, 0);
    for (int round = 1; round <= kRounds; ++round) {
      host.Settle();
      host.Await(host.Send(Host::PrOut(6), Host::PrList(0, 0xa)));
      host.SendWrites(seed_ + 2 * static_cast<uint64_t>(round) + 1, static_cast<uint8_t>(round));
      ready = round;
      AwaitValue(sent, round, host);
      const int kind = round % kKinds;
      SCOPED_TRACE(testing::Message() << "round " << round << ", kind " << kind);
      const bool own = kind != 4;
      const bool others = kind == 0 || kind == 1 || kind == 4;
      if (kind == 4) {
        TestCommand& preempt =
            host.Send(Host::PrOut(5), Host::PrList(0xa, 0xb), TaskAttribute::kHeadOfQueue);
        EXPECT_EQ(host.Await(preempt), kGood);
      } else {
        host.Manage(std::array{kLogicalUnitReset, kClearTaskSet, kAbortTaskSet,
                               kNexusReset}[static_cast<size_t>(kind)]);
      }
      const std::array then = {Blocks(0), Blocks(1)};
      answered = round;
      count_silent += host.Drain();
      while (drained.load() < round) host.Turn();
      if (own) {
        EXPECT_EQ(Blocks(0), then[0]);
      }
      if (others) {
        EXPECT_EQ(Blocks(1), then[1]);
      }
    }
  }
  other.join();
  EXPECT_GT(count_silent.load(), 0) << "none was caught on its way";
}

// Each registers anew and fences the other, without waiting for the answer in between: two fences
// that waited for each other would never be answered.
TEST_F(TaskManagementThreadsTest, TwoThatFenceEachOtherAreBothAnswered) {
  constexpr int kRounds = 60;
  std::array<std::atomic<int>, 2> round_of{};
  const auto run = [&](uint64_t number) {
    Host host(*server_, workers_, number);
    const uint64_t own = 0xa + number;
    for (int round = 1; round <= kRounds; ++round) {
      host.Settle();
      round_of[number] = round;
      AwaitValue(round_of[1 - number], round, host);
      host.Send(Host::PrOut(6), Host::PrList(0, own));
      host.SendWrites(seed_ + static_cast<uint64_t>(round), 1);
      host.Send(Host::PrOut(5), Host::PrList(own, 0xb - number), TaskAttribute::kHeadOfQueue);
      host.Send(Host::PrOut(6), Host::PrList(0, own), TaskAttribute::kHeadOfQueue);
      host.Send(Host::PrOut(5), Host::PrList(own, 0xb - number), TaskAttribute::kHeadOfQueue);
      host.Drain();
    }
    round_of[number] = kRounds + 1;
  };
  std::thread other([&] { run(1); });
  run(0);
  other.join();
  EXPECT_TRUE(server_->reservations()->CheckInvariants());
}

// Everybody is told something while a nexus goes and comes back: it finds that in its own queue, or
// among what was kept for it.
TEST_F(TaskManagementThreadsTest, WhoGoesAndComesBackMissesNothing) {
  constexpr int kRounds = 200;
  std::atomic<int> begun{0}, told{0};
  std::thread teller([&] {
    Prng random(seed_);
    for (int round = 1; round <= kRounds; ++round) {
      while (begun.load() < round) std::this_thread::yield();
      for (uint64_t spin = random.Below(2000); spin > 0; --spin) (void)begun.load();
      server_->PostAttention(UnitAttention::kCapacityChanged);
      told = round;
    }
  });
  const NexusId id{*TransportId::IscsiPort("iqn.2026-01.c", 1), 1};
  auto nexus = server_->Connect(*reactor_, id, {.relative_port = 1});
  for (int round = 1; round <= kRounds; ++round) {
    while (nexus->attentions().Take().has_value()) {
    }
    begun = round;
    nexus.reset();
    nexus = server_->Connect(*reactor_, id, {.relative_port = 1});
    while (told.load() < round) std::this_thread::yield();
    EXPECT_TRUE(nexus->attentions().list().Has(UnitAttention::kCapacityChanged)) << round;
  }
  teller.join();
}

}  // namespace
}  // namespace quire
