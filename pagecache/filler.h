// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Reads from the file into private memory what a read did not find in the page cache.
//
//   FillWhole --(turnstile, when its stream misses)--> pin -> copy now --all there------> Finish
//   FillAbsent ---------------------------------------> pin -> read part after part ----> Finish
//
// Single flight: a fill waits for earlier ones of the same bytes, and then looks again.
// Owns: nothing; all state is in the ReadOp. Threads: the reactor's.
#pragma once

#include "pagecache/file_channel.h"

namespace quire {

class Filler {
 public:
  // Private bytes for the whole range, as op.path says.
  static void FillWhole(ReadOp& op);
  // References to the pages that are `there`, private bytes for the others.
  static void FillAbsent(ReadOp& op, const File::Pages& there);

 private:
  static void PlanWhole(ReadOp& op);
  static bool PlanMixed(ReadOp& op, const File::Pages& pages);
  static void TakeTurn(ReadOp& op);
  static void PassTurn(ReadOp& op);
  static void EnterTable(ReadOp& op);
  static void OnGranted(FileOp& op, IoResult waited);
  static bool HaveMemory(ReadOp& op);
  static bool CopyMapped(ReadOp& op);
  static bool CopyNow(ReadOp& op);
  static void Next(FileOp& op, IoResult);
  static void OnFilled(FileOp& op, IoResult result);
  static void Finish(ReadOp& op);
  static void Fail(ReadOp& op, int error);
};

}  // namespace quire
