// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/room_watch.h"

namespace quire {

bool RoomWatch::Look() {
  const std::optional<Room> room = file_.CurrentRoom();
  if (!room.has_value()) return false;
  const bool low = room->available_bytes <= threshold_bytes_;
  return !reached_.exchange(low) && low;
}

RoomLookout::RoomLookout(RoomWatch& watch, Reactor& reactor, Reached reached, void* owner)
    : watch_(watch), reactor_(reactor), reached_(reached), owner_(owner) {
  timer_.lookout = this;
  timer_.callback = [](Timer& timer) { static_cast<OwnTimer&>(timer).lookout->Look(); };
  order_.lookout = this;
  order_.work = [](WorkOp& op) {
    Order& self = static_cast<Order&>(op);
    self.found = self.lookout->watch_.Look();
    return IoResult::Bytes(0);
  };
}

RoomLookout::~RoomLookout() {
  if (timer_.armed()) watch_.look_is_due_.store(false, std::memory_order_relaxed);
  reactor_.timers().Cancel(timer_);
  while (order_.busy) reactor_.Wait(kNsPerMs);  // its result goes through this reactor
}

void RoomLookout::Arm() {
  if (watch_.look_is_due_.exchange(true, std::memory_order_relaxed)) return;
  reactor_.timers().Arm(timer_, reactor_.clock().NowNs() + kPauseNs);
}

void RoomLookout::Look() {
  if (order_.busy) {  // the file system takes its time
    reactor_.timers().Arm(timer_, reactor_.clock().NowNs() + kPauseNs);
    return;
  }
  watch_.look_is_due_.store(false, std::memory_order_relaxed);
  order_.busy = true;
  order_.Start(reactor_, [](Completion& completion) {
    Order& order = static_cast<Order&>(completion);
    order.busy = false;
    if (order.found) order.lookout->reached_(order.lookout->owner_);
  });
  reactor_.SubmitToWorkers(order_);
}

}  // namespace quire
