// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One job of fio: its reactor, a session per open file, a command per io_u.
// Owns: these; shares the disks and the worker pool with the other jobs of the process.
// Lifetime: from fio's init to its cleanup; every io_u and file is given back before.
// Threads: the job's, all of it. Errors: of an I/O in io_u->error and io_u->resid, as errno.
//
// fio looks at the bytes of a read only to verify them, in io_u->end_io. They are page references,
// so io_u->buf points at them for the length of that call, and the command is freed after it:
//
//   Submit ... done --no end_io-----------------------------> Drop
//                 \--end_io--> io_u->buf = references; fio verifies; io_u->buf = its own --> Drop
//                 \--they must be in fio's own buffer: one counted copy -------------------> Drop
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "base/intrusive_list.h"
#include "engine/reactor.h"
#include "frontends/fio/disk_table.h"
#include "frontends/fio/fio_headers.h"
#include "frontends/fio/options.h"
#include "target/session.h"
#include "vdisk/command.h"

namespace quire::fio {

class Job {
 public:
  static absl::StatusOr<std::unique_ptr<Job>> Create(thread_data& td);
  ~Job();
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // `file` was opened by fio and has its descriptor.
  absl::Status OpenFile(fio_file& file);
  void CloseFile(fio_file& file);
  // Gives up what would keep the cached pages of `file` in memory.
  static void LetGoOfCache(fio_file& file);

  // fio's buffers, which it keeps until the first RemoveUnit, as a fixed buffer: the kernel need
  // not look their pages up for each direct transfer.
  void Register();
  void AddUnit(io_u& unit);
  void RemoveUnit(io_u& unit);

  fio_q_status Queue(io_u& unit);
  void Commit();
  // Waits until at least `min_events` have come, and returns how many there are, up to the maximum.
  int GetEvents(unsigned int min_events, unsigned int max_events);
  io_u& TakeEvent();
  // What went wrong with `unit`, in SCSI's words.
  static std::string Explain(const io_u& unit);

 private:
  // A command with the io_u that it serves.
  struct Slot : Command, ListNode<> {
    Job* job = nullptr;
    io_u* unit = nullptr;
    Segment source;  // of a write
    int error = 0;   // told to fio by TakeEvent
    // While io_u->buf points at references of this command: what it was.
    void* own_buffer = nullptr;
    int (*own_end_io)(thread_data*, io_u**) = nullptr;
  };
  struct OpenDisk {
    std::shared_ptr<Disk> disk;
    std::unique_ptr<Session> session;
  };

  Job(thread_data& td, std::shared_ptr<DiskTable::Common> common, std::unique_ptr<Reactor> reactor);
  // Fills the command from its io_u. An errno where that cannot be.
  int Prepare(Slot& slot, const Disk& disk) const;
  static void OnDone(Command& command);
  // Answers the io_u, and lets go of the command unless fio is yet to look at its bytes.
  int Land(Slot& slot) const;
  void PutIntoEvents(Slot& slot, int error);
  bool MayLend(const Slot& slot) const;
  static int OnEnd(thread_data* td, io_u** unit);

  // Constant after construction.
  thread_data& td_;
  const Options& options_;
  const bool batched_;  // fio submits several at a time, by Commit
  const std::shared_ptr<DiskTable::Common> common_;
  const std::unique_ptr<Reactor> reactor_;
  // The job's thread.
  std::span<std::byte> registered_;
  std::vector<std::shared_ptr<Disk>> disks_;  // kept to the end: files are closed between phases
  IntrusiveList<Slot> landed_;                // done, not yet taken by fio
  uint32_t count_landed_ = 0;
  const Slot* awaited_ = nullptr;  // submitted by Queue just now and not yet done
};

}  // namespace quire::fio
