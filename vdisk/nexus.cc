// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/nexus.h"

#include "vdisk/device.h"

namespace quire {

Nexus::Nexus(Device& device, File& file, Reactor& reactor)
    : device_(device), channel_(file, reactor) {
  device_.Enter(*this);
}

Nexus::~Nexus() { device_.Leave(*this); }

}  // namespace quire
