// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Starts a command and turns its reactor until it is answered. Threads: the reactor's; one at a
// time.
#pragma once

#include <gtest/gtest.h>

#include "base/clock.h"
#include "engine/reactor.h"
#include "vdisk/command.h"

namespace quire {

inline bool g_answered = false;

// `start` hands the command over.
template <typename Start>
void AwaitAnswer(Reactor& reactor, Command& command, Start start) {
  g_answered = false;
  command.done = [](Command&) { g_answered = true; };
  start();
  EXPECT_FALSE(g_answered) << "never inside the call that started it";
  while (!g_answered) reactor.Wait(10 * kNsPerMs);
}

}  // namespace quire
