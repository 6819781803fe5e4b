// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// How a benchmark ends when it cannot go on: one line that says what failed, exit code 1.
#pragma once

#include <string_view>

namespace quire::bench {

[[noreturn]] void Die(std::string_view what);
// Adds the meaning of errno.
[[noreturn]] void DieErrno(std::string_view what);

}  // namespace quire::bench
