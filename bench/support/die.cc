// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Ends the program after one line on standard error.
#include "bench/support/die.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace quire::bench {

void Die(std::string_view what) {
  std::fflush(stdout);
  std::fprintf(stderr, "bench: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

void DieErrno(std::string_view what) { Die(std::string(what) + ": " + std::strerror(errno)); }

}  // namespace quire::bench
