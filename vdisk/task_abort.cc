// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The part of TaskSet that aborts commands.
#include <algorithm>

#include "vdisk/task_set.h"

namespace quire {

void TaskAbort::Aim(std::span<NexusTasks* const> victims) {
  victims_ = victims;
  all_ = false;
  tag_ = std::nullopt;
  except_ = nullptr;
}

void TaskAbort::Aim(NexusTasks& nexus) {
  nexus_ = &nexus;
  Aim({&nexus_, 1});
}

void TaskAbort::AimAtAll() {
  Aim({});
  all_ = true;
}

bool TaskSet::AbortTask(NexusTasks& nexus, uint64_t tag, TaskAbort& abort, TaskAbort::Done done) {
  abort.Aim(nexus);
  abort.tag_ = tag;
  return Abort(abort, {.requester = &nexus}, done);
}

bool TaskSet::AbortTaskSet(NexusTasks& nexus, TaskAbort& abort, TaskAbort::Done done) {
  abort.Aim(nexus);
  return Abort(abort, {.requester = &nexus}, done);
}

bool TaskSet::ClearTaskSet(NexusTasks& requester, bool tas, TaskAbort& abort,
                           TaskAbort::Done done) {
  abort.AimAtAll();
  return Abort(abort,
               {.requester = &requester, .tas = tas, .for_losers = UnitAttention::kCommandsCleared},
               done);
}

bool TaskSet::ResetUnit(NexusTasks* requester, bool tas, TaskAbort& abort, TaskAbort::Done done) {
  abort.AimAtAll();
  return Abort(abort, {.requester = requester, .tas = tas, .for_all = UnitAttention::kUnitReset},
               done);
}

bool TaskSet::ResetNexus(NexusTasks& nexus, TaskAbort& abort, TaskAbort::Done done) {
  abort.Aim(nexus);
  return Abort(abort, {.requester = &nexus, .for_all = UnitAttention::kNexusLoss}, done);
}

bool TaskSet::AbortPreempted(const Preemption& preemption, TaskAbort& abort, TaskAbort::Done done) {
  abort.Aim(preemption.victims);
  abort.except_ = preemption.except;
  return Abort(abort,
               {.requester = preemption.requester,
                .tas = preemption.tas,
                .for_losers = UnitAttention::kCommandsCleared},
               done);
}

bool TaskSet::Abort(TaskAbort& abort, const Notice& notice, TaskAbort::Done done) {
  Waiting told;
  bool gone = false;
  {
    MutexLock lock(mutex_);
    QUIRE_CHECK(abort.count_pending_ == 0);
    abort.done_ = done;
    abort.count_found_ = 0;
    abort.number_ = ++number_of_aborts_;
    std::vector<NexusTasks*> victims(abort.victims_.begin(), abort.victims_.end());
    if (abort.all_) victims = nexuses_;
    std::vector<OwnerLock*> locks;
    locks.reserve(victims.size());
    for (NexusTasks* nexus : victims) locks.push_back(&nexus->lock_);
    {
      OwnerLock::GuardAll locked(locks);
      for (NexusTasks* nexus : victims) Mark(abort, notice, *nexus, told);
    }
    if (!direct_) LetRun(told);
    gone = abort.count_pending_ == 0;
    if (!gone) aborts_.PushBack(abort);
  }
  Tell(told);
  return gone;
}

// REQUIRES: the nexus's lock is held, too.
void TaskSet::Mark(TaskAbort& abort, const Notice& notice, NexusTasks& nexus, Waiting& told) {
  const bool own = &nexus == notice.requester;
  const Fate fate = notice.tas && !own ? Fate::kAbortedByOther : Fate::kSilent;
  bool lost_any = false;
  for (Task* next = nexus.tasks_.Front(); next != nullptr;) {
    Task& task = *next;
    next = nexus.tasks_.Next(task);
    if (!Concerns(abort, task)) continue;
    ++abort.count_found_;
    if (task.aborted_at_ == 0) {
      task.aborted_at_ = abort.number_;
      lost_any = true;
    }
    const Fate before = task.fate_.load(std::memory_order_relaxed);
    task.fate_.store(std::max(before, fate), std::memory_order_release);
    if (task.state_ == Task::State::kEnabled) {
      ++abort.count_pending_;
      continue;
    }
    nexus.tasks_.Remove(task);
    --nexus.count_;
    dormant_.Remove(task);
    task.state_ = Task::State::kOut;
    told.PushBack(task);
  }
  if (lost_any && !own && !notice.tas && notice.for_losers.has_value()) {
    nexus.attentions_.Post(*notice.for_losers);
  }
  if (notice.for_all.has_value()) nexus.attentions_.Post(*notice.for_all);
}

// For commands that were in the set when the abort came.
bool TaskSet::Concerns(const TaskAbort& abort, const Task& task) {
  if (&task == abort.except_) return false;
  if (abort.tag_.has_value() && *abort.tag_ != task.tag) return false;
  return abort.all_ || std::ranges::find(abort.victims_, task.nexus_) != abort.victims_.end();
}

// An aborted command has left: one less for every abort that found it. It was there when an abort
// came if it was aborted then or before.
void TaskSet::Settle(const Task& task, Aborts& done) {
  for (TaskAbort* next = aborts_.Front(); next != nullptr;) {
    TaskAbort& abort = *next;
    next = aborts_.Next(abort);
    if (abort.number_ < task.aborted_at_ || !Concerns(abort, task)) continue;
    QUIRE_CHECK(abort.count_pending_ > 0);
    if (--abort.count_pending_ > 0) continue;
    aborts_.Remove(abort);
    done.PushBack(abort);
  }
}

void TaskSet::Tell(Aborts& done) {
  while (TaskAbort* abort = done.PopFront()) abort->done_(*abort);
}

}  // namespace quire
