// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A read from its start to its choice: by reference where the pages are in memory, by a fill from
// the file where they are not, or both.
//
//   Start -> Choose --kReference-----------------> Lender::Lend --> Lender::Finish -> callback
//              |  ^ `-kRenew: mincore---'             ^                 ^      |
//              |  `-------------'                     |                 |  (data used)
//              +--kAsk: pages all there --------------'                 |      |
//              |      some or none                                      |   Lender::Release
//              `--> Filler ------ some references ----------------------'      ^
//                          `----- private bytes alone ---------> callback -----'
//
// Owns: nothing; all state is in the ReadOp. Threads: the reactor's.
#pragma once

#include "pagecache/file_channel.h"

namespace quire {

class Reader {
 public:
  // REQUIRES: op.channel is set and op was Start()ed.
  static void Start(ReadOp& op);

 private:
  static void Choose(ReadOp& op, Residency::Hint hint);
  static Residency::Hint LookUp(ReadOp& op, File::Place& place);
  static void AskThenRead(ReadOp& op);
  static void LookAhead(ReadOp& op);
};

}  // namespace quire
