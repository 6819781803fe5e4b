// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/task_set.h"

namespace quire {

NexusTasks::NexusTasks(TaskSet& set, UnitAttentionQueue& attentions)
    : set_(set), attentions_(attentions) {
  MutexLock lock(set_.mutex_);
  direct_ = set_.direct_;
  set_.nexuses_.push_back(this);
  set_.nexus_locks_.push_back(&lock_);
}

NexusTasks::~NexusTasks() {
  MutexLock lock(set_.mutex_);
  QUIRE_CHECK(tasks_.empty());
  std::erase(set_.nexuses_, this);
  std::erase(set_.nexus_locks_, &lock_);
}

TaskSet::~TaskSet() {
  QUIRE_CHECK(nexuses_.empty());
  QUIRE_CHECK(aborts_.empty());
}

bool TaskSet::Enter(NexusTasks& nexus, Task& task, Task::Told told) {
  QUIRE_DCHECK(task.state_ == Task::State::kOut);
  task.nexus_ = &nexus;
  task.told_ = told;
  task.fate_.store(Fate::kUntouched, std::memory_order_relaxed);
  task.aborted_at_ = 0;
  {
    nexus.lock_.BindToThisThread();
    OwnerLock::Guard guard(nexus.lock_);
    if (nexus.direct_ && task.attribute == TaskAttribute::kSimple) [[likely]] {
      task.state_ = Task::State::kEnabled;
      nexus.tasks_.PushBack(task);
      ++nexus.count_;
      return true;
    }
  }
  return EnterInOrder(nexus, task);
}

bool TaskSet::EnterInOrder(NexusTasks& nexus, Task& task) {
  MutexLock lock(mutex_);
  if (task.attribute == TaskAttribute::kSimple) {
    ++count_simple_in_row_;
    TryDirect();
  } else {
    count_simple_in_row_ = 0;
    LeaveDirect();
  }
  const bool first = dormant_.empty() || task.attribute == TaskAttribute::kHeadOfQueue;
  const bool run = direct_ || (first && MayRun(task.attribute));
  task.state_ = run ? Task::State::kEnabled : Task::State::kDormant;
  if (!run) dormant_.PushBack(task);
  if (run && !direct_) ++CountEnabled(task.attribute);
  OwnerLock::Guard guard(nexus.lock_);
  nexus.tasks_.PushBack(task);
  ++nexus.count_;
  return run;
}

Fate TaskSet::Leave(Task& task) {
  NexusTasks& nexus = *task.nexus_;
  {
    OwnerLock::Guard guard(nexus.lock_);
    QUIRE_DCHECK(task.state_ == Task::State::kEnabled);
    if (nexus.direct_ && !task.aborted()) [[likely]] {
      nexus.tasks_.Remove(task);
      --nexus.count_;
      task.state_ = Task::State::kOut;
      return Fate::kUntouched;
    }
  }
  LeaveInOrder(task);
  return task.fate_.load(std::memory_order_relaxed);
}

void TaskSet::LeaveInOrder(Task& task) {
  Waiting told;
  Aborts done;
  {
    MutexLock lock(mutex_);
    {
      OwnerLock::Guard guard(task.nexus_->lock_);
      task.nexus_->tasks_.Remove(task);
      --task.nexus_->count_;
      task.state_ = Task::State::kOut;
    }
    if (!direct_) --CountEnabled(task.attribute);
    LetRun(told);
    if (task.aborted()) Settle(task, done);
  }
  Tell(told);
  Tell(done);
}

uint32_t& TaskSet::CountEnabled(TaskAttribute attribute) {
  return count_enabled_[static_cast<size_t>(attribute)];
}

void TaskSet::LeaveDirect() {
  if (!direct_) return;
  OwnerLock::GuardAll all_locked(nexus_locks_);
  count_enabled_ = {};
  for (NexusTasks* nexus : nexuses_) {
    nexus->direct_ = false;
    CountEnabled(TaskAttribute::kSimple) += nexus->count_;
  }
  direct_ = false;
}

void TaskSet::TryDirect() {
  if (direct_ || count_simple_in_row_ < kPatience || !dormant_.empty()) return;
  if (CountEnabled(TaskAttribute::kOrdered) + CountEnabled(TaskAttribute::kHeadOfQueue) > 0) return;
  OwnerLock::GuardAll all_locked(nexus_locks_);
  for (NexusTasks* nexus : nexuses_) nexus->direct_ = true;
  direct_ = true;
}

// Of a command that is older than all that are dormant.
bool TaskSet::MayRun(TaskAttribute attribute) const {
  const auto [simple, ordered, head_of_queue] = count_enabled_;
  switch (attribute) {
    case TaskAttribute::kSimple:
      return ordered == 0 && head_of_queue == 0;
    case TaskAttribute::kOrdered:
      return simple == 0 && ordered == 0 && head_of_queue == 0;
    case TaskAttribute::kHeadOfQueue:
      return true;
  }
  QUIRE_CHECK(false);
  return false;
}

void TaskSet::LetRun(Waiting& told) {
  for (Task* task = dormant_.Front(); task != nullptr; task = dormant_.Front()) {
    if (!MayRun(task->attribute)) return;
    dormant_.Remove(*task);
    task->state_ = Task::State::kEnabled;
    ++CountEnabled(task->attribute);
    told.PushBack(*task);
  }
}

void TaskSet::Tell(Waiting& told) {
  while (Task* task = told.PopFront()) {
    task->told_(*task, task->state_ == Task::State::kEnabled ? Turn::kRun : Turn::kAborted);
  }
}

bool TaskSet::Has(NexusTasks& nexus, uint64_t tag) {
  OwnerLock::Guard guard(nexus.lock_);
  for (Task* task = nexus.tasks_.Front(); task != nullptr; task = nexus.tasks_.Next(*task)) {
    if (task->tag == tag && !task->aborted()) return true;
  }
  return false;
}

bool TaskSet::HasAny(NexusTasks& nexus) {
  OwnerLock::Guard guard(nexus.lock_);
  for (Task* task = nexus.tasks_.Front(); task != nullptr; task = nexus.tasks_.Next(*task)) {
    if (!task->aborted()) return true;
  }
  return false;
}

bool TaskSet::direct() {
  MutexLock lock(mutex_);
  return direct_;
}

void TaskSet::CheckInvariants() {
  MutexLock lock(mutex_);
  OwnerLock::GuardAll all_locked(nexus_locks_);
  uint32_t count_dormant = 0;
  std::array<uint32_t, kTaskAttributes> enabled{};
  for (NexusTasks* nexus : nexuses_) {
    QUIRE_CHECK(nexus->direct_ == direct_);
    uint32_t count_tasks = 0;
    for (Task* task = nexus->tasks_.Front(); task != nullptr; task = nexus->tasks_.Next(*task)) {
      ++count_tasks;
      QUIRE_CHECK(task->state_ != Task::State::kOut);
      if (task->state_ == Task::State::kDormant) ++count_dormant;
      if (task->state_ == Task::State::kEnabled) ++enabled[static_cast<size_t>(task->attribute)];
    }
    QUIRE_CHECK(count_tasks == nexus->count_);
  }
  QUIRE_CHECK(direct_ || enabled == count_enabled_);
  for (Task* task = dormant_.Front(); task != nullptr; task = dormant_.Next(*task)) {
    QUIRE_CHECK(task->state_ == Task::State::kDormant);
    --count_dormant;
  }
  QUIRE_CHECK(count_dormant == 0);
}

}  // namespace quire
