// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/command.h"

#include "vdisk/device.h"

namespace quire {

void Command::Drop() {
  if (owners_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  // `freed` may destroy the command: nothing of it is used afterwards.
  void (*const tell)(Command&) = freed;
  void (*const leave)(Command&) = left_;
  device_->OnFreeCommand(*this);
  if (leave != nullptr) leave(*this);
  if (tell != nullptr) tell(*this);
}

}  // namespace quire
