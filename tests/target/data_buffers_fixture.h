// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A target of two null disks, memory and an admission for all of them, sessions' buffers on
// reactors of their own, and requests that remember what happened to them.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string>

#include "target/data_buffers.h"

namespace quire {

constexpr uint64_t kKib = 1024;
constexpr uint64_t kMib = 1024 * kKib;

struct TestBuffer : DataBuffer {
  TestBuffer(uint32_t of_lun, uint64_t of_length_bytes) {
    lun = of_lun;
    length_bytes = of_length_bytes;
    done = [](DataBuffer& buffer) {
      auto& self = static_cast<TestBuffer&>(buffer);
      ++self.count_done;
      if (self.then) self.then();
    };
  }
  explicit TestBuffer(uint64_t of_length_bytes) : TestBuffer(0, of_length_bytes) {}
  bool granted() const { return count_done > 0 && memory.held(); }

  std::function<void()> then;
  int count_done = 0;
};

// Writes `value` into each page of `memory`, or says whether it is still there.
inline void Mark(const SgVector& memory, uint64_t value) {
  for (const Segment& segment : memory.view().segments()) {
    for (size_t at = 0; at + sizeof(value) <= segment.size_bytes; at += 4096) {
      std::memcpy(segment.data + at, &value, sizeof(value));
    }
  }
}
inline bool Marked(const SgVector& memory, uint64_t value) {
  for (const Segment& segment : memory.view().segments()) {
    for (size_t at = 0; at + sizeof(value) <= segment.size_bytes; at += 4096) {
      if (std::memcmp(segment.data + at, &value, sizeof(value)) != 0) return false;
    }
  }
  return true;
}

// What the reactors of one process share.
struct TestMemory {
  TestMemory(uint64_t regions_bytes, const Admission::Options& options)
      : shared(*SharedMemory::Create({.max_bytes = regions_bytes, .pressure = std::nullopt})),
        admission(options) {
    for (auto& device : devices) {
      device = *Device::Create(*File::Open({.path = "null", .null_size_bytes = 64 * kMib}), 512);
      target.Add(*device);
    }
  }
  uint64_t used_bytes() { return admission.budget().used_bytes(); }
  BudgetAccountStats StatsOf(const std::string& account) {
    for (const BudgetAccountStats& one : admission.budget().stats().accounts) {
      if (one.name == account) return one;
    }
    ADD_FAILURE() << "no account " << account;
    return {};
  }
  void ExpectAllBack() {
    EXPECT_EQ(used_bytes(), 0u);
    for (const BudgetAccountStats& one : admission.budget().stats().accounts) {
      EXPECT_EQ(one.used_bytes, 0u) << one.name;
      EXPECT_EQ(one.waiters, 0u) << one.name;
    }
    admission.budget().CheckInvariants();
  }

  WorkerPool workers{1};
  std::unique_ptr<SharedMemory> shared;
  Admission admission;
  std::unique_ptr<Device> devices[2];
  Target target{"disks"};
};

// An initiator's buffers on a reactor of their own. Belongs to the thread that uses it.
class TestSide {
 public:
  TestSide(TestMemory& memory, const std::string& initiator_name,
           const Clock& clock = Clock::System())
      : reactor_(
            *Reactor::Create(memory.workers, {.memory = memory.shared.get(), .clock = &clock})),
        buffers_(std::make_unique<DataBuffers>(*reactor_, memory.admission, initiator_name,
                                               memory.target)) {}

  Reactor& reactor() { return *reactor_; }
  DataBuffers& buffers() { return *buffers_; }
  void Ask(TestBuffer& buffer) {
    const int count_before = buffer.count_done;
    ASSERT_TRUE(buffers_->Ask(buffer));
    ASSERT_EQ(buffer.count_done, count_before) << "inside Ask";
  }
  void Cancel(TestBuffer& buffer) {
    const int count_before = buffer.count_done;
    buffers_->Cancel(buffer);
    ASSERT_EQ(buffer.count_done, count_before) << "inside Cancel";
  }
  // As many turns as anything here takes that needs no time.
  void Turn() {
    for (int i = 0; i < 20; ++i) reactor_->Poll();
  }
  // False when it took too long.
  bool TurnUntil(const std::function<bool()>& done, uint64_t limit_ns = 20 * kNsPerSecond) {
    const uint64_t give_up_ns = Clock::System().NowNs() + limit_ns;
    while (!done()) {
      if (Clock::System().NowNs() > give_up_ns) return false;
      reactor_->Wait(kNsPerMs);
    }
    return true;
  }

 private:
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<DataBuffers> buffers_;
};

}  // namespace quire
