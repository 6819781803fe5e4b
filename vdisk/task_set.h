// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The commands of a logical unit, of all its nexuses (TST=000b), in the order that their attributes
// ask for; and how they are aborted.
//
// Order (SAM-5 8.6). A command may run when
//   SIMPLE          no HEAD OF QUEUE is in the set, and no older ORDERED
//   ORDERED         no HEAD OF QUEUE is in the set, and nothing older
//   HEAD OF QUEUE   at once
// So those that wait, wait in order of arrival, and only the first of them is ever looked at.
//
//   direct   all are SIMPLE: a command is put on its nexus's own list, under a lock that costs the
//            nexus's reactor a plain store. Reactors share nothing.
//   ordered  The first other one counts what is there; then all enter and leave under mutex_. Back
//            after a while of SIMPLE ones only.
//
// Aborts (SAM-5 7, SPC-4 5.12.11 for PREEMPT AND ABORT). Commands that wait are taken out and told;
// those that run are marked, and the function is complete when the last of them has left: nothing
// of theirs can land after the answer. A flag per command, not an epoch per nexus: commands that
// come after the abort are not mistaken for victims, and one tag can be aborted alone.
//
// Owns: nothing; commands do. Lifetime: outlives its nexuses; destructors check that nobody is in.
// Threads: any thread, except where it says otherwise.
// Locks in order: mutex_, nexuses, a UnitAttentionQueue's. Only under mutex_ are several nexuses
// locked at once.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "base/owner_lock.h"
#include "vdisk/task.h"
#include "vdisk/unit_attention.h"

namespace quire {

class TaskSet;

// The commands of one nexus. Lifetime: the set and `attentions` outlive it; no command is in it and
// no pending abort is about it when it goes.
class NexusTasks {
 public:
  NexusTasks(TaskSet& set, UnitAttentionQueue& attentions);
  ~NexusTasks();
  NexusTasks(const NexusTasks&) = delete;
  NexusTasks& operator=(const NexusTasks&) = delete;

 private:
  friend class TaskSet;

  TaskSet& set_;
  UnitAttentionQueue& attentions_;
  OwnerLock lock_;
  // Guarded by lock_.
  bool direct_ = true;
  uint32_t count_ = 0;
  IntrusiveList<Task, InNexus> tasks_;  // dormant and enabled ones
};

class TaskSet {
 public:
  TaskSet() = default;
  ~TaskSet();
  TaskSet(const TaskSet&) = delete;
  TaskSet& operator=(const TaskSet&) = delete;

  // True: it may run. False: it waits, and `told` will run, perhaps before this returns.
  // REQUIRES: always the same thread for one nexus.
  bool Enter(NexusTasks& nexus, Task& task, Task::Told told);
  // It has done all that it will ever do; from here on nobody can abort it, and it is answered as
  // the result says. REQUIRES: it was let run.
  Fate Leave(Task& task);

  // QUERY TASK and QUERY TASK SET (SAM-5 7.8, 7.9): is it there, and not aborted?
  bool Has(NexusTasks& nexus, uint64_t tag);
  bool HasAny(NexusTasks& nexus);

  // The functions below all return true when every command that they are about is gone. False:
  // `done` will run, perhaps before this returns. Unit attentions are posted meanwhile.

  // ABORT TASK (SAM-5 7.2). A tag that is not there is not an error.
  bool AbortTask(NexusTasks& nexus, uint64_t tag, TaskAbort& abort, TaskAbort::Done done);
  // ABORT TASK SET (7.3): those of the nexus.
  bool AbortTaskSet(NexusTasks& nexus, TaskAbort& abort, TaskAbort::Done done);
  // CLEAR TASK SET (7.5): everybody's. `tas`: the bit of the control mode page. TASK ABORTED status
  // for those of other nexuses when it is set, else COMMANDS CLEARED for nexuses that lost one.
  bool ClearTaskSet(NexusTasks& requester, bool tas, TaskAbort& abort, TaskAbort::Done done);
  // LOGICAL UNIT RESET (7.7, 6.3.3): everybody's, and 29/03 for everybody. `requester` is nullptr
  // for a reset that comes from no nexus.
  bool ResetUnit(NexusTasks* requester, bool tas, TaskAbort& abort, TaskAbort::Done done);
  // I_T NEXUS RESET, and the loss of a nexus (7.6, 6.3.4): its commands, and 29/07 for it.
  bool ResetNexus(NexusTasks& nexus, TaskAbort& abort, TaskAbort::Done done);
  // PREEMPT AND ABORT: those of `victims` but not `except`, which is the command itself.
  // Lifetime: `victims`, which differ, stay until it is done.
  struct Preemption {
    std::span<NexusTasks* const> victims;
    NexusTasks* requester = nullptr;
    const Task* except = nullptr;
    bool tas = false;
  };
  bool AbortPreempted(const Preemption& preemption, TaskAbort& abort, TaskAbort::Done done);

  // All commands are SIMPLE and reactors share nothing at the moment.
  bool direct();
  void CheckInvariants();

 private:
  friend class NexusTasks;
  using Waiting = IntrusiveList<Task, Dormant>;
  using Aborts = IntrusiveList<TaskAbort>;

  // SIMPLE commands in a row before reactors are left alone again.
  static constexpr uint32_t kPatience = 1024;

  // How the victims of an abort hear of it.
  struct Notice {
    const NexusTasks* requester = nullptr;  // is told nothing about its own commands
    bool tas = false;
    std::optional<UnitAttention> for_losers =
        std::nullopt;  // other nexuses that lost a command, TAS=0
    std::optional<UnitAttention> for_all = std::nullopt;  // nexuses that the abort is about
  };

  bool EnterInOrder(NexusTasks& nexus, Task& task);
  void LeaveInOrder(Task& task);
  void LeaveDirect() QUIRE_REQUIRES(mutex_);
  void TryDirect() QUIRE_REQUIRES(mutex_);
  bool MayRun(TaskAttribute attribute) const QUIRE_REQUIRES(mutex_);
  void LetRun(Waiting& told) QUIRE_REQUIRES(mutex_);
  uint32_t& CountEnabled(TaskAttribute attribute) QUIRE_REQUIRES(mutex_);
  static void Tell(Waiting& told);

  bool Abort(TaskAbort& abort, const Notice& notice, TaskAbort::Done done);
  void Mark(TaskAbort& abort, const Notice& notice, NexusTasks& nexus, Waiting& told)
      QUIRE_REQUIRES(mutex_);
  static bool Concerns(const TaskAbort& abort, const Task& task);
  void Settle(const Task& task, Aborts& done) QUIRE_REQUIRES(mutex_);
  static void Tell(Aborts& done);

  Mutex mutex_;
  std::vector<NexusTasks*> nexuses_ QUIRE_GUARDED_BY(mutex_);
  std::vector<OwnerLock*> nexus_locks_ QUIRE_GUARDED_BY(mutex_);
  bool direct_ QUIRE_GUARDED_BY(mutex_) = true;
  uint32_t count_simple_in_row_ QUIRE_GUARDED_BY(mutex_) = 0;
  // INVARIANT: while not direct_, how many run, by attribute.
  std::array<uint32_t, kTaskAttributes> count_enabled_ QUIRE_GUARDED_BY(mutex_){};
  Waiting dormant_ QUIRE_GUARDED_BY(mutex_);  // in order of arrival
  Aborts aborts_ QUIRE_GUARDED_BY(mutex_);    // pending
  uint64_t number_of_aborts_ QUIRE_GUARDED_BY(mutex_) = 0;
};

}  // namespace quire
