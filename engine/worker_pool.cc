// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/worker_pool.h"

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <system_error>

#include "engine/reactor.h"
#include "engine/signals.h"

namespace quire {
namespace {

// A reactor that wakes up goes before a worker that runs: a batch thread preempts nobody, and from
// Linux 6.12 on a thread with a long slice gives way to one with a short one. No privilege is
// needed; where the kernel refuses, all is as it was.
void GiveWayToReactors() {
  struct {
    uint32_t size_bytes = 48;
    uint32_t policy = SCHED_BATCH;
    uint64_t flags = 0;
    int32_t nice = 0;
    uint32_t priority = 0;
    uint64_t slice_ns = 20'000'000;
    uint64_t deadline_ns = 0, period_ns = 0;
  } attributes;
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace

WorkerPool::WorkerPool(uint32_t max_threads) : max_threads_(max_threads) {
  QUIRE_CHECK(max_threads > 0);
  threads_.reserve(max_threads);
}

WorkerPool::~WorkerPool() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::Submit(WorkOp& op) {
  QUIRE_DCHECK(op.work != nullptr);
  bool has_thread = true;
  {
    MutexLock lock(mutex_);
    QUIRE_DCHECK(!stopping_);
    if (count_queued_ >= count_idle_ && threads_.size() < max_threads_) has_thread = StartThread();
    if (has_thread) {
      queue_.PushBack(op);
      ++count_queued_;
    }
  }
  if (has_thread) {
    wake_.notify_one();
  } else {
    RunOne(op);  // blocks the caller, but nothing is lost
  }
}

// False when there is not a single thread to run anything.
bool WorkerPool::StartThread() {
  try {
    threads_.emplace_back([this] { RunThread(); });
  } catch (const std::system_error&) {
    // The process may have no more threads (RLIMIT_NPROC, cgroup): those that run must do.
  }
  return !threads_.empty();
}

void WorkerPool::RunThread() QUIRE_NO_THREAD_ANALYSIS {
  LeaveSignalsToTheProgram();
  GiveWayToReactors();
  pthread_setname_np(pthread_self(), "quire-worker");
  mutex_.lock();
  for (;;) {
    while (queue_.empty() && !stopping_) {
      ++count_idle_;
      wake_.wait(mutex_);
      --count_idle_;
    }
    if (queue_.empty()) break;
    WorkOp& op = static_cast<WorkOp&>(*queue_.PopFront());
    --count_queued_;
    mutex_.unlock();
    RunOne(op);
    mutex_.lock();
  }
  mutex_.unlock();
}

void WorkerPool::RunOne(WorkOp& op) {
  const IoResult result = op.work(op);
  count_done_.fetch_add(1, std::memory_order_relaxed);
  op.reactor()->Post(op, result);  // `op` may be gone from here on
}

}  // namespace quire
