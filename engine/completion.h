// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A caller-owned operation in flight: the base of every op struct, with its result and callback.
// Owns: nothing. Lifetime: the caller keeps it alive from the start until its callback has begun;
// the destructor checks that it is idle. Threads: belongs to the reactor it was started on.
//
//   idle --start--> queued --submit--> in_kernel --done--> ready --callback--> idle
//                      \----------- done without the kernel ----/
//
// The callback runs exactly once, from the reactor's ready list, never inside the call that
// started the operation. It may start the operation again or destroy it.
#pragma once

#include <cstdint>

#include "base/intrusive_list.h"
#include "base/io_result.h"

namespace quire {

class Reactor;

class Completion : public ListNode<> {
 public:
  using Callback = void (*)(Completion& completion);
  // in_kernel also means "with a worker thread".
  enum class State : uint8_t { kIdle, kQueued, kInKernel, kReady };

  Completion() = default;
  ~Completion() { QUIRE_CHECK(state_ == State::kIdle); }

  // Valid from the callback on.
  IoResult result() const { return result_; }
  State state() const { return state_; }
  // The reactor of the operation in flight; nullptr before the first start.
  Reactor* reactor() const { return reactor_; }

  // REQUIRES: idle. From now until the callback the completion belongs to `reactor`.
  void Start(Reactor& reactor, Callback callback) {
    QUIRE_CHECK(state_ == State::kIdle);
    state_ = State::kQueued;
    reactor_ = &reactor;
    callback_ = callback;
  }

 private:
  friend class Reactor;
  friend class Ring;
  friend class Mailbox;
  friend class WorkerPool;

  State state_ = State::kIdle;
  IoResult result_;
  Callback callback_ = nullptr;
  Reactor* reactor_ = nullptr;
  Completion* next_in_mailbox_ = nullptr;
};

}  // namespace quire
