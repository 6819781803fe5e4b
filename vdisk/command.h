// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One command for a disk, from its front end down and back.
//
//   idle --Session::Submit--> running --done--> answered --last owner lets go--> idle
//                                                         (Device::OnFreeCommand)
//
// Owns: its place in the page cache and, once answered, the references to the bytes it read.
// Lifetime: caller-owned; stays where it is from Submit until `freed` (or until the last Drop).
// Threads: the session's reactor; Keep and Drop any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "pagecache/file_ops.h"
#include "vdisk/geometry.h"
#include "vdisk/sense.h"

namespace quire {

class Device;
class Nexus;
class Session;

enum class CommandKind : uint8_t { kRead, kWrite, kFlush, kUnmap, kWriteZeroes, kCopy };

// Where a kCopy comes from and goes to; nullptr is the device that it is given to. Both outlive it.
struct CopyEnds {
  Device* source = nullptr;
  Lba source_first;
  Device* target = nullptr;
};

class Command {
 public:
  Command() = default;
  ~Command() { QUIRE_CHECK(state_ == State::kIdle); }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  // ---- Inputs ----
  CommandKind kind = CommandKind::kRead;
  uint32_t lun = 0;
  BlockRange blocks;             // kFlush: a count of 0 means the whole disk; kCopy: of the target
  CopyEnds copy;                 // kCopy
  SgView data_out;               // kWrite: as long as the blocks; borrowed until `done`
  bool fua = false;              // kWrite, kCopy: stable before it is answered
  bool atomic = false;           // kWrite: whole or not at all, even when power is lost
  bool stable = false;           // kRead: bytes may not change; look at them by StableLook only
  bool references_only = false;  // kRead: no copy even where it is cheaper
  bool copies_only = false;      // kRead: private bytes
  bool stores_only = false;      // kWrite: stores into the mapping where that is possible
  bool writes_only = false;      // kWrite: writes on the file
  // Runs once, from the reactor's ready list. Comes before `freed`.
  void (*done)(Command& command) = nullptr;
  // Optional: runs once when the last owner let go and all references went back, on that owner's
  // thread; the command may be used again or destroyed from here on.
  void (*freed)(Command& command) = nullptr;

  // ---- Set by the device, valid from `done` ----
  Outcome outcome;
  // The bytes that a read found; references until the last owner lets go.
  const SgVector& data_in() const { return read_.data; }
  StableBytes& stable_bytes() { return read_.stable_bytes; }
  // How many of them lie in the page cache, not copied.
  uint64_t referenced_bytes() const { return read_.referenced_bytes; }
  // Valid in `freed`: a lent page was lost and had become zeros.
  bool revoked() const { return read_.revoked; }

  // Another owner of the bytes, for example a send that the network has not confirmed.
  void Keep() { owners_.fetch_add(1, std::memory_order_relaxed); }
  // Lets go. The front end drops its own share once it has answered; the last one to drop frees.
  void Drop();

 private:
  friend class Device;
  friend class Session;

  enum class State : uint8_t { kIdle, kRunning, kAnswered };
  template <typename Op>
  struct Part : Op {
    Command* command = nullptr;
  };

  State state_ = State::kIdle;
  std::atomic<uint32_t> owners_{0};
  Device* device_ = nullptr;
  Nexus* nexus_ = nullptr;
  Session* session_ = nullptr;
  void (*left_)(Command& command) = nullptr;  // the session takes its credit back
  Part<ReadOp> read_;
  Part<WriteOp> write_;
  Part<SyncOp> sync_;
  Part<DiscardOp> discard_;
  Part<CopyOp> copy_;
};

}  // namespace quire
