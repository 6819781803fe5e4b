// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The result of an operation on data: a count of bytes, or a negative errno, in four bytes.
// Threads: a value, any thread.
#pragma once

#include <cstdint>

#include "base/check.h"

namespace quire {

class [[nodiscard]] IoResult {
 public:
  constexpr IoResult() = default;
  // `value` as the kernel returns it: bytes when >= 0, else -errno.
  static constexpr IoResult FromKernel(int64_t value) {
    return IoResult(static_cast<int32_t>(value));
  }
  static constexpr IoResult Bytes(uint64_t count) {
    QUIRE_DCHECK(count <= INT32_MAX);
    return IoResult(static_cast<int32_t>(count));
  }
  // `error` is a positive errno.
  static constexpr IoResult Error(int error) {
    QUIRE_DCHECK(error > 0);
    return IoResult(-error);
  }

  constexpr bool ok() const { return value_ >= 0; }
  // REQUIRES: ok().
  constexpr uint32_t bytes() const {
    QUIRE_DCHECK(ok());
    return static_cast<uint32_t>(value_);
  }
  // The positive errno, 0 when ok().
  constexpr int error() const { return ok() ? 0 : -value_; }

  friend constexpr bool operator==(IoResult, IoResult) = default;

 private:
  constexpr explicit IoResult(int32_t value) : value_(value) {}
  int32_t value_ = 0;
};
static_assert(sizeof(IoResult) == 4);

}  // namespace quire
