// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Completions handed to a reactor by other threads, without a lock: the last step of worker
// threads, and the way one reactor calls another.
// Owns: nothing. Threads: Push any thread, TakeAll the reactor's.
#pragma once

#include <atomic>

#include "engine/completion.h"

namespace quire {

class Mailbox {
 public:
  // True when the mailbox was empty: the pusher must wake the reactor.
  bool Push(Completion& completion);
  // Moves everything to the end of `mail` in the order of pushing.
  void TakeAll(IntrusiveList<Completion>& mail);
  // Sequentially consistent, as Push is: Reactor::Sleep depends on it.
  bool empty() const { return head_.load(std::memory_order_seq_cst) == nullptr; }

 private:
  std::atomic<Completion*> head_{nullptr};  // newest first
};

}  // namespace quire
