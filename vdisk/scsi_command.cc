// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/scsi_command.h"

#include <utility>

namespace quire {

SgView ScsiCommand::data_in() const {
  if (!outcome_.good()) return {};
  if (parameter_is_in_) return SgView({&parameter_segment_, 1}, parameter_segment_.size_bytes);
  if (step_held_ && step_.kind == CommandKind::kRead && cdb_.operation() == Operation::kRead) {
    return step_.data_in().view();
  }
  return {};
}

void ScsiCommand::Drop() {
  if (owners_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  QUIRE_CHECK(state_ == State::kAnswered);
  if (std::exchange(step_held_, false)) step_.Drop();
  state_ = State::kIdle;
  // `freed` may destroy the command: nothing of it is used afterwards.
  if (freed != nullptr) freed(*this);
}

}  // namespace quire
