// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A SCSI target: a name and the logical units behind it.
// Owns: nothing; the devices belong to who built it. Lifetime: the devices outlive it, it outlives
// its sessions. Threads: built before the first session; constant afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "vdisk/device.h"

namespace quire {

class Target {
 public:
  explicit Target(std::string name) : name_(std::move(name)) {}

  // The LUN that the device got: 0, 1, 2, ...
  uint32_t Add(Device& device) {
    devices_.push_back(&device);
    return static_cast<uint32_t>(devices_.size()) - 1;
  }
  const std::string& name() const { return name_; }
  uint32_t count_luns() const { return static_cast<uint32_t>(devices_.size()); }
  // REQUIRES: lun < count_luns().
  Device& device(uint32_t lun) const {
    QUIRE_CHECK(lun < devices_.size());
    return *devices_[lun];
  }

 private:
  const std::string name_;
  std::vector<Device*> devices_;
};

}  // namespace quire
