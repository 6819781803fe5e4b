// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: memory goes back on any thread; what one reactor keeps idle comes promptly to another one
// that lacks it; whatever threads ask, give up and give back, every request is done once, no memory
// has two owners, no limit is exceeded and in the end all is back.
// Method: reactors on threads of their own over one memory; the clock of who keeps idle memory
// stands still, so that only a call brings it; random requests from a printed seed beside plain
// sums.

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/prng.h"
#include "tests/target/data_buffers_fixture.h"

namespace quire {
namespace {

TEST(DataBuffersThreadsTest, MemoryGoesBackOnAnyThread) {
  TestMemory memory(8 * kMib, {.limit_bytes = kMib, .guaranteed_bytes = 0});
  TestSide side(memory, "me");
  for (int i = 0; i < 50; ++i) {
    TestBuffer all(kMib);
    TestBuffer next(512 * kKib);
    side.Ask(all);
    ASSERT_TRUE(side.TurnUntil([&] { return all.granted(); }));
    side.Ask(next);
    std::thread([vector = std::move(all.memory)]() mutable { vector.Reset(); }).join();
    ASSERT_TRUE(side.TurnUntil([&] { return next.granted(); }));
    std::thread([vector = std::move(next.memory)]() mutable { vector.Reset(); }).join();
  }
  EXPECT_EQ(side.buffers().count(), 0u);
  memory.ExpectAllBack();
}

// ---- What another reactor keeps idle ----

// A side that turns on a thread of its own, on a clock that stands still.
class Keeper {
 public:
  explicit Keeper(TestMemory& memory) : side_(memory, "keeper", clock_) {}
  ~Keeper() {
    if (!thread_.joinable()) return;
    side_.reactor().Stop();
    thread_.join();
  }
  // Before Run. `count` pieces, answered to whoever gives them back.
  std::vector<SgVector> Take(int count, uint64_t length_bytes) {
    std::vector<SgVector> taken;
    for (int i = 0; i < count; ++i) {
      TestBuffer buffer(length_bytes);
      side_.Ask(buffer);
      side_.Turn();
      EXPECT_TRUE(buffer.granted());
      taken.push_back(std::move(buffer.memory));
    }
    return taken;
  }
  // Binds the reactor to its thread, which takes and gives back once there if `count` says so.
  void Run(int count, uint64_t length_bytes, std::vector<SgVector>* handed_on = nullptr) {
    std::atomic<bool> ready = false;
    thread_ = std::thread([&, count, length_bytes, handed_on] {
      std::vector<SgVector> taken = Take(count, length_bytes);
      if (handed_on != nullptr) *handed_on = std::move(taken);
      taken.clear();
      ready.store(true);
      side_.reactor().Run();
    });
    while (!ready.load()) std::this_thread::yield();
  }

 private:
  ManualClock clock_;
  TestSide side_;
  std::thread thread_;
};

constexpr uint64_t kPromptNs = 5 * kNsPerSecond;  // housekeeping would never come

TEST(DataBuffersThreadsTest, WhatIsIdleElsewhereComesPromptly) {
  TestMemory memory(8 * kMib, {.limit_bytes = 8 * kMib, .guaranteed_bytes = 0});
  Keeper keeper(memory);
  keeper.Run(8, kMib);
  ASSERT_EQ(memory.shared->regions().stats().used_bytes, 8 * kMib) << "kept idle";
  TestSide side(memory, "me");
  TestBuffer all(8 * kMib);
  side.Ask(all);
  EXPECT_TRUE(side.TurnUntil([&] { return all.granted(); }, kPromptNs));
}

// As above; some of it is there already.
TEST(DataBuffersThreadsTest, WhatIsIdleElsewhereCompletesWhatIsThere) {
  TestMemory memory(64 * kMib, {.limit_bytes = 64 * kMib, .guaranteed_bytes = 0});
  Keeper keeper(memory);
  keeper.Run(60, kMib);
  TestSide side(memory, "me");
  TestBuffer all(64 * kMib);
  side.Ask(all);
  EXPECT_TRUE(side.TurnUntil([&] { return all.granted(); }, kPromptNs));
}

// Nobody but the keeper's reactor can make use of what came back to it.
TEST(DataBuffersThreadsTest, WhatCameBackElsewhereOnAnotherThreadComesPromptly) {
  TestMemory memory(8 * kMib, {.limit_bytes = 8 * kMib, .guaranteed_bytes = 0});
  Keeper keeper(memory);
  std::vector<SgVector> handed_on;
  keeper.Run(2, 4 * kMib, &handed_on);
  TestSide side(memory, "me");
  TestBuffer waits(8 * kMib);
  side.Ask(waits);
  side.Turn();
  EXPECT_EQ(waits.count_done, 0) << "waits for the budget";
  handed_on.clear();
  EXPECT_TRUE(side.TurnUntil([&] { return waits.granted(); }, kPromptNs));
  if (waits.count_done > 0) return;
  side.Cancel(waits);
  side.Turn();
}

// ---- Random ----

constexpr uint64_t kLimit = 16 * kMib;
constexpr uint64_t kInitiatorLimit = 10 * kMib;
constexpr uint64_t kDeviceLimit = 12 * kMib;
constexpr size_t kThreads = 4;
constexpr size_t kInitiators = 2;  // two threads each
constexpr int kTurns = 20'000;
constexpr size_t kMaxAsked = 6;

struct Sum {
  std::atomic<uint64_t> bytes{0};
  void Add(uint64_t more, uint64_t limit) {
    if (bytes.fetch_add(more) + more > limit) ADD_FAILURE() << "more than " << limit;
  }
};

// Memory with what is written in it, and which sums it is in.
struct Lot {
  SgVector memory;
  uint64_t mark = 0;
  size_t initiator = 0, lun = 0;
};

struct World {
  explicit World(uint64_t seed_of_all)
      : seed(seed_of_all),
        memory(kLimit, {.limit_bytes = kLimit,
                        .initiator_limit_bytes = kInitiatorLimit,
                        .device_limit_bytes = kDeviceLimit,
                        .guaranteed_bytes = 4 * kMib}) {}

  void Add(const Lot& lot) {
    const uint64_t bytes = SgvPool::CapacityOf(lot.memory.length_bytes());
    total.Add(bytes, kLimit);
    initiators[lot.initiator].Add(bytes, kInitiatorLimit);
    devices[lot.lun].Add(bytes, kDeviceLimit);
  }
  void GiveBack(Lot lot) {
    const uint64_t bytes = SgvPool::CapacityOf(lot.memory.length_bytes());
    EXPECT_TRUE(Marked(lot.memory, lot.mark)) << "somebody else has it as well";
    total.bytes.fetch_sub(bytes);
    initiators[lot.initiator].bytes.fetch_sub(bytes);
    devices[lot.lun].bytes.fetch_sub(bytes);
  }
  void HandOn(Lot lot) {
    MutexLock lock(mutex);
    handed_on.push_back(std::move(lot));
  }
  bool TakeHandedOn(Lot& lot) {
    MutexLock lock(mutex);
    if (handed_on.empty()) return false;
    lot = std::move(handed_on.front());
    handed_on.pop_front();
    return true;
  }

  const uint64_t seed;
  TestMemory memory;
  Sum total;
  std::array<Sum, kInitiators> initiators;
  std::array<Sum, 2> devices;
  std::atomic<uint64_t> granted{0}, given_up{0};
  std::atomic<size_t> threads_idle{0};
  Mutex mutex;
  std::deque<Lot> handed_on QUIRE_GUARDED_BY(mutex);
};

class Client {
 public:
  Client(World& world, size_t index)
      : world_(world),
        prng_(world.seed + index),
        initiator_(index % kInitiators),
        next_mark_(index << 32),
        side_(world.memory, initiator_ == 0 ? "a" : "b") {
    for (size_t i = 0; i < kMaxAsked; ++i) {
      Request& request = requests_.emplace_back();
      request.then = [this, &request] { OnDone(request); };
    }
  }

  void Run() {
    for (int turn = 0; turn < kTurns && !testing::Test::HasFailure(); ++turn) {
      Request& request = requests_[prng_.Below(kMaxAsked)];
      if (!request.asked) {
        Ask(request);
      } else if (!request.given_up && prng_.Chance(1, 3)) {
        request.given_up = true;
        side_.Cancel(request);
      }
      side_.reactor().Poll();
      GiveSomeBack(2);
    }
    // Whoever waits needs what the others have.
    const bool settled = side_.TurnUntil([this] {
      GiveSomeBack(1);
      for (const Request& request : requests_) {
        if (request.asked) return false;
      }
      return mine_.empty();
    });
    EXPECT_TRUE(settled) << "somebody waits for ever";
    world_.threads_idle.fetch_add(1);
    const bool all_back = side_.TurnUntil([this] {
      GiveSomeBack(1);
      return world_.threads_idle.load() == kThreads && side_.buffers().count() == 0;
    });
    EXPECT_TRUE(all_back) << side_.buffers().count() << " are out";
  }

 private:
  struct Request : TestBuffer {
    Request() : TestBuffer(1) {}
    bool asked = false;
    bool given_up = false;
  };

  void Ask(Request& request) {
    request.lun = static_cast<uint32_t>(prng_.Below(2));
    const uint64_t most = uint64_t{1} << prng_.Below(23);  // many small ones, up to 4 MiB
    request.length_bytes = 1 + prng_.Below(most);
    if (prng_.Chance(1, 50)) request.length_bytes = 6 * kMib;
    request.count_done = 0;
    request.given_up = false;
    request.asked = true;
    side_.Ask(request);
  }
  void OnDone(Request& request) {
    EXPECT_TRUE(request.asked) << "done twice";
    request.asked = false;
    if (!request.memory.held()) {
      EXPECT_TRUE(request.given_up) << "done without memory";
      world_.given_up.fetch_add(1);
      return;
    }
    EXPECT_FALSE(request.given_up) << "with memory, all the same";
    EXPECT_EQ(request.memory.length_bytes(), request.length_bytes);
    Lot lot{std::move(request.memory), next_mark_++, initiator_, request.lun};
    Mark(lot.memory, lot.mark);
    world_.Add(lot);
    world_.granted.fetch_add(1);
    mine_.push_back(std::move(lot));
  }
  // One time in `rarely`: of what is mine, to where it came from or to another thread; and what
  // others handed on.
  void GiveSomeBack(uint64_t rarely) {
    if (!mine_.empty() && prng_.Chance(1, rarely)) {
      Lot lot = std::move(mine_.front());
      mine_.pop_front();
      if (prng_.Chance(1, 2)) {
        world_.GiveBack(std::move(lot));
      } else {
        world_.HandOn(std::move(lot));
      }
    }
    Lot lot;
    if (world_.TakeHandedOn(lot)) world_.GiveBack(std::move(lot));
  }

  World& world_;
  Prng prng_;
  const size_t initiator_;
  uint64_t next_mark_;
  TestSide side_;
  std::deque<Lot> mine_;
  std::deque<Request> requests_;
};

TEST(DataBuffersThreadsTest, RandomRequestsBesidePlainSums) {
  const char* const chosen = std::getenv("QUIRE_SEED");
  World world(chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : Clock::System().NowNs());
  std::printf("QUIRE_SEED=%llu\n", static_cast<unsigned long long>(world.seed));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&world, i] {
      Client client(world, i);
      client.Run();
    });
  }
  for (std::thread& thread : threads) thread.join();
  world.memory.ExpectAllBack();
  EXPECT_EQ(world.total.bytes.load(), 0u);
  EXPECT_EQ(world.memory.shared->regions().stats().used_bytes, 0u);
  EXPECT_GT(world.granted.load(), 1000u);
  EXPECT_GT(world.given_up.load(), 100u);
  EXPECT_GT(world.memory.shared->stats().pools.refused, 0u) << "memory never lacked";
}

}  // namespace
}  // namespace quire
