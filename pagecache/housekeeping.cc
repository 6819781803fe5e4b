// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/housekeeping.h"

#include <algorithm>

#include "base/check.h"

namespace quire {

Housekeeping::Housekeeping(File& file, Reactor& reactor) : file_(file), reactor_(reactor) {
  timer_.housekeeping = this;
  timer_.callback = OnTick;
  for (Order& order : warm_orders_) order.housekeeping = this;
  retire_order_.housekeeping = this;
  sample_order_.housekeeping = this;
}

Housekeeping::~Housekeeping() {
  reactor_.timers().Cancel(timer_);
  // Work orders end by themselves in milliseconds; their results go through this reactor.
  while (busy()) reactor_.Wait(kNsPerMs);
}

void Housekeeping::WakeUp() {
  reactor_.timers().Arm(timer_, reactor_.clock().NowNs() + Residency::kEpochNs);
}

void Housekeeping::OnTick(Timer& timer) { static_cast<OwnTimer&>(timer).housekeeping->Tick(); }

void Housekeeping::Tick() {
  epoch_ = file_.NowEpoch();
  const bool was_active = active_;
  active_ = false;
  File::Place* place = file_.place();
  const bool tables = place != nullptr && place->mapping->page_table_bytes() > 0;
  if (tables && epoch_ % 16 == 0) {
    Retire(epoch_ - kIdleEpochs, 0);
  }
  if (was_active || tables) {
    reactor_.timers().Arm(timer_, reactor_.clock().NowNs() + Residency::kEpochNs);
  }
}

void Housekeeping::Give(Order& order, WorkOp::Work work) {
  order.busy = true;
  ++count_busy_;
  order.work = work;
  order.Start(reactor_, [](Completion& completion) {
    Order& done = static_cast<Order&>(completion);
    done.busy = false;
    --done.housekeeping->count_busy_;
  });
  reactor_.SubmitToWorkers(order);
}

void Housekeeping::Heat(Residency& residency, ByteRange range) {
  constexpr uint32_t kBaseCost = 10;  // of a question, in pages
  for (uint64_t at = range.offset; at < range.end();) {
    const uint64_t region = at / kRegionBytes;
    const uint64_t end = std::min((region + 1) * kRegionBytes, range.end());
    const auto cost = static_cast<uint32_t>(kBaseCost + (end - at) / kPageBytes);
    if (residency.WorthWarming({at, end - at}, cost)) Warm(residency, region);
    at = end;
  }
}

// REQUIRES: the caller got the region from Residency::WorthWarming.
void Housekeeping::Warm(Residency& residency, uint64_t region) {
  for (Order& order : warm_orders_) {
    if (order.busy) continue;
    order.region = region;
    Give(order, [](WorkOp& op) {
      Order& self = static_cast<Order&>(op);
      return IoResult::Bytes(self.housekeeping->file_.WarmRegion(self.region) ? 1 : 0);
    });
    return;
  }
  residency.Postpone(region);
}

void Housekeeping::OverBudget() {
  // Down to three quarters, so that one pass serves many requests.
  Retire(epoch_ + 1, file_.options().page_table_budget_bytes / 4 * 3);
}

void Housekeeping::Retire(uint32_t epoch, uint64_t budget_bytes) {
  if (retire_order_.busy) return;
  retire_order_.epoch = epoch;
  retire_order_.budget_bytes = budget_bytes;
  Give(retire_order_, [](WorkOp& op) {
    Order& self = static_cast<Order&>(op);
    self.housekeeping->file_.RetireWindows(self.epoch, self.budget_bytes);
    return IoResult::Bytes(0);
  });
}

void Housekeeping::SamplePressure() {
  if (sample_order_.busy) return;
  Give(sample_order_, [](WorkOp& op) {
    static_cast<Order&>(op).housekeeping->file_.pressure_.Sample();
    return IoResult::Bytes(0);
  });
}

}  // namespace quire
