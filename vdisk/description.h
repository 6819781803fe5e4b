// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What a logical unit tells about itself and keeps to, worked out once from its file and its
// configuration: nothing is advertised that the file does not give.
// Threads: values, any thread. Errors: Status that says what to do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vdisk/block_limits.h"
#include "vdisk/capacity.h"
#include "vdisk/device.h"
#include "vdisk/inquiry.h"
#include "vdisk/mode_parameters.h"
#include "vdisk/operation.h"
#include "vdisk/reservations.h"

namespace quire {

struct DescriptionOptions {
  bool removable = false;
  uint8_t physical_exponent = 0;  // a physical block has 2^n logical ones
  bool thin = true;               // where the file can have holes
  // The one size that WRITE ATOMIC(16) takes where the file has such writes, as a power of two:
  // what a database writes at a time. The file's limits go before it.
  uint32_t atomic_bytes = 16 * 1024;
  std::string mode_file = {};  // where saved mode parameters survive; empty: none can be saved
  // Of a thin disk: every nexus is told when no more than this is left to it; 0: never.
  uint64_t threshold_bytes = 0;
  std::vector<TargetPort> ports = {{1, TransportProtocol::kIscsi}};
};

struct Description {
  static absl::StatusOr<Description> Of(Device& device, const DescriptionOptions& options);

  InquiryTraits traits;
  Provisioning provisioning;
  BlockLimits limits;
  OperationSet operations;  // the rest is refused
  PhysicalBlocks physical;
  ModeTraits mode;
};

}  // namespace quire
