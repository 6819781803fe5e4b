// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Threads for what must block: page-cache writes that are foreseen to wait, and everything where
// io_uring is refused. Shared by all reactors of a process.
// Owns: its threads; they start when first needed and end with the pool.
// Lifetime: outlives every reactor that uses it. Threads: Submit any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "engine/ops.h"

namespace quire {

class WorkerPool {
 public:
  explicit WorkerPool(uint32_t max_threads = 4);
  ~WorkerPool();  // finishes what is queued
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Runs op.work(op) on a worker thread, then posts `op` back to its reactor.
  // REQUIRES: op was started (Completion::Start).
  void Submit(WorkOp& op);

  uint64_t count_done() const { return count_done_.load(std::memory_order_relaxed); }

 private:
  bool StartThread() QUIRE_REQUIRES(mutex_);
  void RunThread();
  void RunOne(WorkOp& op);

  // Constant after construction.
  const uint32_t max_threads_;
  // Guarded.
  Mutex mutex_;
  std::condition_variable_any wake_;
  IntrusiveList<Completion> queue_ QUIRE_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ QUIRE_GUARDED_BY(mutex_);
  uint32_t count_idle_ QUIRE_GUARDED_BY(mutex_) = 0;
  uint32_t count_queued_ QUIRE_GUARDED_BY(mutex_) = 0;
  bool stopping_ QUIRE_GUARDED_BY(mutex_) = false;
  // Any thread.
  std::atomic<uint64_t> count_done_{0};
};

}  // namespace quire
