// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace quire::internal {

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "quire: bug at %s:%d: this must hold: %s\n", file, line, condition);
  std::abort();
}

}  // namespace quire::internal
