// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Signals sent to the process are for the program's own threads, not for those that this library
// starts. Threads: the calling one.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <initializer_list>

namespace quire {

// Those that a thread causes by itself stay open: blocked, they would end the process without
// asking the handler.
inline void LeaveSignalsToTheProgram() {
  sigset_t blocked;
  sigfillset(&blocked);
  for (const int synchronous : {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGSYS}) {
    sigdelset(&blocked, synchronous);
  }
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
}

}  // namespace quire
