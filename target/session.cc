// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "target/session.h"

#include <utility>

namespace quire {

Session::Session(Target& target, Reactor& reactor, Options options)
    : target_(target), reactor_(reactor), options_(std::move(options)) {
  for (uint32_t lun = 0; lun < target_.count_luns(); ++lun) {
    nexuses_.push_back(target_.device(lun).Connect(reactor_));
  }
  if (options_.admission != nullptr) {
    buffers_ = std::make_unique<DataBuffers>(reactor_, *options_.admission, options_.initiator_name,
                                             target_);
  }
}

Session::~Session() { QUIRE_CHECK(count_commands() == 0); }

Session::Answer Session::Submit(Command& command) {
  reactor_.CheckOnThread();
  if (command.lun >= nexuses_.size()) return Answer::kNoSuchLun;
  // Charge, then use: commands are freed on other threads, but only this one adds.
  if (count_commands_.fetch_add(1, std::memory_order_acq_rel) >= options_.max_commands) {
    count_commands_.fetch_sub(1, std::memory_order_acq_rel);
    return Answer::kFull;
  }
  command.session_ = this;
  command.left_ = [](Command& freed) {
    freed.session_->count_commands_.fetch_sub(1, std::memory_order_acq_rel);
  };
  target_.device(command.lun).Execute(*nexuses_[command.lun], command);
  return Answer::kAccepted;
}

Session::Answer Session::Ask(DataBuffer& buffer) {
  reactor_.CheckOnThread();
  QUIRE_CHECK(buffers_ != nullptr);
  if (buffer.lun >= nexuses_.size()) return Answer::kNoSuchLun;
  return buffers_->Ask(buffer) ? Answer::kAccepted : Answer::kTooLarge;
}

void Session::Cancel(DataBuffer& buffer) {
  reactor_.CheckOnThread();
  QUIRE_CHECK(buffers_ != nullptr);
  buffers_->Cancel(buffer);
}

}  // namespace quire
