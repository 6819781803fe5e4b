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
  // The same as the last step of another op, for a write that must be stable: flushes `range` and
  // runs `step` with the result, which a failure has latched already.
  static void Flush(FileOp& op, ByteRange range, FileOp::Step step);
  // Takes note of a flush's end; to be called first by every such step. Answers the result that
  // holds: a flush of a file that somebody has cut off meanwhile is none.
  static IoResult Flushed(FileOp& op, IoResult result);

 private:
  static bool CutOff(const File& file, ByteRange flushed);
  static void OnFlushed(FileOp& op, IoResult result);
};

}  // namespace quire
