// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Hands out page references, and takes back what a read handed out: references, private memory, the
// pin; and finds out whether a lent page was lost meanwhile.
// Owns: nothing; all state is in the ReadOp. Threads: the reactor's; Release any thread.
#pragma once

#include "pagecache/file_channel.h"

namespace quire {

class Lender {
 public:
  // The whole range is in memory and mapped: references to it, once no write is in the way.
  static void Lend(ReadOp& op);
  // Answers a read with references. REQUIRES: the pin is lent, and op.mapping is where the
  // references point.
  static void Finish(ReadOp& op);
  // The release function of the hold on a read's data; `owner` is the ReadOp.
  static void Release(void* owner, uint64_t cookie) noexcept;

 private:
  static void OnLent(FileOp& op, IoResult waited);
};

}  // namespace quire
