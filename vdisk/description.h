// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What a logical unit tells about itself and keeps to, worked out once from its file and its
// configuration: nothing is advertised that the file does not give.
// Threads: values, any thread. Errors: Status that says what to do.
#pragma once

#include "absl/status/statusor.h"
#include "vdisk/block_limits.h"
#include "vdisk/capacity.h"
#include "vdisk/device.h"
#include "vdisk/inquiry.h"
#include "vdisk/mode_parameters.h"
#include "vdisk/operation.h"
#include "vdisk/unit_options.h"

namespace quire {

struct Description {
  static absl::StatusOr<Description> Of(Device& device, const UnitOptions& options);

  InquiryTraits traits;
  Provisioning provisioning;
  BlockLimits limits;
  OperationSet operations;  // the rest is refused
  PhysicalBlocks physical;
  ModeTraits mode;
};

}  // namespace quire
