// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A read from its start to the release of its bytes: by reference where the pages are in memory,
// by a fill from the file where they are not, or both.
//
//   Start -> Choose --kReference--------------> Lend ------------------------> callback
//              |  ^ `-kRenew: mincore---'        ^                                |
//              |  `-------------'                |                              (data used)
//              +--kAsk: pages all there ---------'                                |
//              |      some or none, kFill, kDirect, kCopyNow                    Release
//              `--> fill pin -> copy now / read the absent parts -> FinishFilled -^
//
// Owns: nothing; all state is in the ReadOp. Threads: the reactor's; Release any thread.
#pragma once

#include "pagecache/file_channel.h"

namespace quire {

class Reader {
 public:
  // REQUIRES: op.channel is set and op was Start()ed.
  static void Start(ReadOp& op);

 private:
  // One answer per page of the longest transfer, and one more where it is not aligned.
  using Pages = std::array<uint8_t, kMaxTransferBytes / kPageBytes + 1>;

  static void Choose(ReadOp& op, Residency::Hint hint);
  static Residency::Hint LookUp(ReadOp& op, File::Place& place);
  static Resident Ask(ReadOp& op, File::Place& place, Pages& pages);
  static void AskThenRead(ReadOp& op);
  static void Heat(ReadOp& op, File::Place& place);
  static void LookAhead(ReadOp& op);

  static void Lend(ReadOp& op);
  static void OnLent(FileOp& op, IoResult waited);
  static void FinishLent(ReadOp& op);
  static void PlanWhole(ReadOp& op);
  static bool PlanMixed(ReadOp& op, const Pages& pages);
  static void TakeTurn(ReadOp& op);
  static void PassTurn(ReadOp& op);
  static void Fill(ReadOp& op);
  static void OnFillGranted(FileOp& op, IoResult waited);
  static bool HaveMemory(ReadOp& op);
  static bool CopyNow(ReadOp& op);
  static void FillNext(FileOp& op, IoResult);
  static void OnFilled(FileOp& op, IoResult result);
  static void FinishFilled(ReadOp& op);
  static void Fail(ReadOp& op, int error);
  static void Release(void* owner, uint64_t cookie) noexcept;
};

}  // namespace quire
