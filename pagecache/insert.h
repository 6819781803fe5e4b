// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A write from its start to its acknowledgement. It gets its range to itself first, so that every
// reader through Quire sees each block old or new, never torn; then its bytes go where they cost
// least (path_choice.h); then, for FUA or writethrough, to the medium.
//
//   Start -> pin -> Ask -> ChooseWrite -+-> store into the mapping ---+-> Landed -> flush? -> done
//                                       +-> write on the file --------+
//                                       +-> the same by a worker -----+
//                                       `-> DirectWriter -------------'
//
// Owns: nothing; all state is in the WriteOp. Threads: the reactor's; StoreBytes also a worker's.
#pragma once

#include "pagecache/file_channel.h"

namespace quire {

class Inserter {
 public:
  // REQUIRES: op.channel is set and op was Start()ed.
  static void Start(WriteOp& op);

 private:
  class Meter;

  static int Refusal(const WriteOp& op);
  static ByteRange WhatItTakesAway(const WriteOp& op);
  static void ForgetFolios(const WriteOp& op);
  static void OnGranted(FileOp& op, IoResult waited);
  static WriteFacts Gather(WriteOp& op, uint64_t now_ns);
  static Resident Ask(WriteOp& op, File::Place& place, bool& edges_resident);
  static void Go(WriteOp& op, WriteChoice choice, uint64_t now_ns);

  static IoResult StoreBytes(WriteOp& op);
  static void StoreNow(WriteOp& op, uint64_t now_ns);
  static void OnStored(FileOp& op, IoResult result);

  static void PrepareRest(WriteOp& op, uint32_t flags);
  static void WriteNow(WriteOp& op, uint64_t now_ns);
  static bool TryWithoutWaiting(WriteOp& op);
  static void WriteByWorker(WriteOp& op);
  static void OnWritten(FileOp& op, IoResult result);

  static void OnDirectWritten(FileOp& op, IoResult result);

  static void NoteTime(WriteOp& op, uint64_t started_ns);
  static void NoteDirtied(const WriteOp& op);
  static void Landed(WriteOp& op);
  static void OnFlushed(FileOp& op, IoResult result);
  static void Fail(WriteOp& op, int error);
};

}  // namespace quire
