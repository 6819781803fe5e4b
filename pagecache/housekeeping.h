// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What a channel does beside its requests: the epoch that residency hints are dated by, warming of
// regions that are read often, and giving back idle page tables. All heavy work goes to workers.
// Sleeps when there is nothing to keep: an idle channel costs no CPU.
// Owns: its timer and work orders. Lifetime: the channel's. Threads: the reactor's.
#pragma once

#include <array>
#include <cstdint>

#include "engine/reactor.h"
#include "pagecache/file.h"

namespace quire {

class Housekeeping {
 public:
  Housekeeping(File& file, Reactor& reactor);
  ~Housekeeping();

  // Called for every request that uses the mapping. Wakes the timer; cheap when it is awake.
  uint32_t Epoch() {
    active_ = true;
    if (!timer_.armed()) WakeUp();
    epoch_ = file_.NowEpoch();  // the timer may be late: an embedder's loop may have paused
    return epoch_;
  }
  // A question about each page of the range was asked, for want of a hint: when that happens often
  // in a region, warming it is cheaper.
  void Heat(Residency& residency, ByteRange range);
  // Page tables may have outgrown their budget.
  void NoteTouched(Mapping& mapping, ByteRange range) {
    mapping.NoteTouched(range, epoch_);
    if (mapping.page_table_bytes() > file_.options().page_table_budget_bytes) OverBudget();
  }
  // Takes a new sample of the kernel's dirty pages.
  void SamplePressure();

  bool busy() const { return count_busy_ > 0; }

 private:
  void Warm(Residency& residency, uint64_t region);

  static constexpr uint64_t kIdleEpochs = 100;  // 10 s

  struct Order : WorkOp {
    Housekeeping* housekeeping = nullptr;
    bool busy = false;
    uint64_t region = 0;
    uint32_t epoch = 0;
    uint64_t budget_bytes = 0;
  };

  static void OnTick(Timer& timer);
  void Tick();
  void WakeUp();
  void OverBudget();
  void Retire(uint32_t epoch, uint64_t budget_bytes);
  void Give(Order& order, WorkOp::Work work);

  File& file_;
  Reactor& reactor_;
  struct OwnTimer : Timer {
    Housekeeping* housekeeping = nullptr;
  } timer_;
  uint32_t epoch_ = 0;
  bool active_ = false;
  uint32_t count_busy_ = 0;
  std::array<Order, 16> warm_orders_;
  Order retire_order_;
  Order sample_order_;
};

}  // namespace quire
