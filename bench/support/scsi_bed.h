// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A logical unit in a file, and initiators of it that each have a reactor.
// Owns: all of it. Threads: an initiator's members on one thread; the rest any.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/reactor.h"
#include "vdisk/device_server.h"

namespace quire::bench {

using Cdb16 = std::array<uint8_t, 16>;

// Of READ(16), WRITE(16) and the like. COMPARE AND WRITE has the last byte of `count` where it
// expects it.
Cdb16 MakeCdb16(uint8_t opcode, BlockRange blocks);
inline constexpr uint8_t kRead16 = 0x88;
inline constexpr uint8_t kCompareAndWrite16 = 0x89;
inline constexpr uint8_t kWrite16 = 0x8a;

class ScsiBed {
 public:
  static constexpr uint32_t kBlockBytes = 512;

  // An error ends the program.
  explicit ScsiBed(const std::string& path);

  Device& device() { return *device_; }
  // A logical unit over the same device.
  std::unique_ptr<DeviceServer> MakeUnit();
  std::unique_ptr<Reactor> MakeReactor();

 private:
  WorkerPool workers_;
  std::unique_ptr<Device> device_;
};

// The nexus of initiator `number` with a unit; it has been told of its power on.
std::unique_ptr<ScsiNexus> Connect(DeviceServer& unit, Reactor& reactor, uint64_t number);

// One command, start to end; it must succeed.
void RunOne(ScsiNexus& nexus, Reactor& reactor, std::span<const uint8_t> cdb,
            std::span<const uint8_t> data = {});

}  // namespace quire::bench
