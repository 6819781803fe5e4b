// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Assertions for bugs: QUIRE_CHECK is always on, QUIRE_DCHECK only in builds without NDEBUG.
// Errors: prints the place and the broken condition, then aborts. Never for bytes from outside.
#pragma once

namespace quire::internal {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);
}  // namespace quire::internal

#define QUIRE_CHECK(condition)                       \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::quire::internal::CheckFailed(__FILE__, __LINE__, #condition))

#ifdef NDEBUG
#define QUIRE_DCHECK(condition) static_cast<void>(sizeof(static_cast<bool>(condition)))
#else
#define QUIRE_DCHECK(condition) QUIRE_CHECK(condition)
#endif
