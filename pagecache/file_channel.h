// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One reactor's way into a file: reads by reference, writes, flushes, discards, copies.
// Owns: its registered descriptors and housekeeping. Lifetime: the file and the reactor outlive it;
// nothing may be in flight or lent when it goes; the destructor checks, and turns the reactor until
// its work orders have ended. Threads: the reactor's; the destructor not inside a callback.
// Errors: in each op's result, the errno that the kernel would give.
#pragma once

#include <array>
#include <atomic>
#include <span>

#include "engine/reactor.h"
#include "pagecache/file.h"
#include "pagecache/file_ops.h"
#include "pagecache/housekeeping.h"
#include "pagecache/miss_history.h"
#include "pagecache/preemption.h"
#include "pagecache/turnstile.h"

namespace quire {

class FileChannel {
 public:
  FileChannel(File& file, Reactor& reactor);
  ~FileChannel();
  FileChannel(const FileChannel&) = delete;
  FileChannel& operator=(const FileChannel&) = delete;

  // Each starts the op; its callback runs exactly once from the reactor's ready list.
  void Read(ReadOp& op, Completion::Callback done);
  void Write(WriteOp& op, Completion::Callback done);
  void Sync(SyncOp& op, Completion::Callback done);
  void Discard(DiscardOp& op, Completion::Callback done);
  void Copy(CopyOp& op, Completion::Callback done);

  // Answers an op with `error` (a positive errno) as if it had been tried.
  void Reject(FileOp& op, int error, Completion::Callback done);

  File& file() { return file_; }
  Reactor& reactor() { return reactor_; }

 private:
  friend class Reader;
  friend class Filler;
  friend class Lender;
  friend class DirectWriter;
  friend class Inserter;
  friend class Discarder;
  friend class Copier;
  friend class Syncer;
  friend class Housekeeping;

  void Begin(FileOp& op, Completion::Callback done);
  // Enters the op into the pin table; `step` runs now if granted, else when it is.
  void Acquire(FileOp& op, ByteRange range, PinKind kind, FileOp::Step step,
               StableBytes* stable = nullptr);
  // To be asked once the pin is granted: the file may have been cut since the op was checked, and
  // who cuts it waits only for those whose pins it sees (File::Shrink).
  bool IsThere(ByteRange range) const { return range.FitsIn(file_.size_bytes()); }
  // Submits op.io, prepared by the caller; `step` runs with its result.
  void Submit(FileOp& op, Backing::Via via, bool direct, FileOp::Step step);
  // The same for op.io.work on a worker thread.
  void SubmitWork(FileOp& op, WorkOp::Work work, FileOp::Step step);
  // From any thread: `step` runs on this channel's reactor. REQUIRES: op.io is idle.
  void PostStep(FileOp& op, FileOp::Step step);
  void Finish(FileOp& op, IoResult result);

  // Private memory of this reactor. When all is taken the answer is nullptr, and `step` runs once
  // some came back.
  Sgv* TakeMemory(FileOp& op, uint64_t length_bytes, FileOp::Step step);
  void ReturnMemory(Sgv& memory);  // any thread
  void RetryWaiting();

  // Constant after construction.
  File& file_;
  Reactor& reactor_;
  File::Counters& counters_;
  FixedFile fixed_file_;
  FixedFile fixed_direct_file_;
  // Reactor only.
  MissHistory misses_;
  std::array<Turnstile, MissHistory::kStreams> turnstiles_;  // a stream each
  Housekeeping housekeeping_;
  Preemption preemption_;
  uint64_t slow_until_ns_ = 0;  // a write on the reactor took too long: use workers until then
  uint64_t dirtied_bytes_ = 0;  // not yet told to WritePressure
  uint64_t dirtied_told_ns_ = 0;
  IntrusiveList<FileOp, Waiting> waiting_for_memory_;
  // Memory may also come back through other channels of this reactor.
  struct RetryTimer : Timer {
    FileChannel* channel = nullptr;
  } retry_timer_;
  // Any thread.
  std::atomic<uint32_t> count_waiting_{0};
  std::atomic<bool> kicked_{false};
  struct Kick : Completion {
    FileChannel* channel = nullptr;
  } kick_;
};

}  // namespace quire
