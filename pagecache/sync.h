// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A flush: acknowledged data of a range, or of the whole file, is on the medium when it is done.
// A failed flush is latched in the file (File::latched_error), because the kernel may have dropped
// the data and reports the error once.
// Owns: nothing. Threads: the reactor's.
#pragma once

#include "pagecache/file_channel.h"

namespace quire {

class Syncer {
 public:
  static void Start(SyncOp& op);
  // The same as the last step of another op, for one that must be stable: flushes `range` and runs
  // `done` with the result that holds, which a failure has latched already: a flush beside one that
  // failed is none (flush_gate.h), nor is that of a file that somebody has cut off meanwhile.
  static void Flush(FileOp& op, ByteRange range, FileOp::Step done);

 private:
  static bool CutOff(const File& file, ByteRange flushed);
  static void OnEnded(FileOp& op, IoResult result);
  static void OnLetGo(FlushGate::Entry& entry);
  static void OnBelieved(FileOp& op, IoResult result);
  static void OnFlushed(FileOp& op, IoResult result);
};

}  // namespace quire
