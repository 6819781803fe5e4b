// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One thread's event loop: a ring, a ready list, timers, a mailbox, and private memory.
// Runs as its own loop (Run), or inside an embedder's (event_fd and Poll).
// Owns: its ring and memory. Lifetime: the WorkerPool outlives it, and what its options name; every
// object that uses it goes first; the destructor checks that nothing is in flight. Threads: set-up
// by any one thread; from the first Poll, Wait or Run on that one's, except where "any thread" is
// said.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <thread>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "engine/event_source.h"
#include "engine/kernel_features.h"
#include "engine/mailbox.h"
#include "engine/ops.h"
#include "engine/reactor_memory.h"
#include "engine/registered.h"
#include "engine/timer_queue.h"
#include "engine/wake_fd.h"
#include "engine/worker_pool.h"

namespace quire {

class Ring;

struct ReactorOptions {
  uint32_t count_ring_entries = 256;
  SharedMemory* memory = nullptr;         // nullptr: 32 MiB of its own
  const Clock* clock = &Clock::System();  // outlives the reactor
  // nullptr: KernelFeatures::Get(). Copied at Create.
  const KernelFeatures* features = nullptr;
};

class Reactor {
 public:
  static absl::StatusOr<std::unique_ptr<Reactor>> Create(WorkerPool& workers,
                                                         const ReactorOptions& options = {});
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Starts an operation that was Start()ed on this reactor: by the ring, else by a worker.
  void Submit(IoOp& op);
  // Always by a worker thread: op.work, or for an IoOp its blocking form.
  void SubmitToWorkers(WorkOp& op);
  void SubmitToWorkers(IoOp& op);
  // Finishes a started operation without the kernel: its callback runs at the next Poll.
  void Complete(Completion& completion, IoResult result);
  // The same from any thread; wakes the reactor when it sleeps.
  void Post(Completion& completion, IoResult result);

  // One turn: submits, reaps, fires timers, runs callbacks. Returns how many callbacks and timers
  // ran. Never sleeps; makes no system call when there is nothing to submit or wait for.
  // Not to be called from a callback; neither are Wait and Run.
  uint32_t Poll() { return Turn(0); }
  // One turn that sleeps up to `timeout_ns` when there is nothing to do yet.
  uint32_t Wait(uint64_t timeout_ns) { return Turn(timeout_ns); }
  // Turns until Stop (any thread). A Stop before Run ends it at once.
  void Run();
  void Stop();

  // Readable when Poll has something to do; for an embedder's loop. Created at the first call.
  // Before it sleeps on the descriptor the embedder calls Poll until that returns 0; it never
  // reads it. Timers count where the clock is Clock::System(). Errors: by Status.
  absl::StatusOr<int> event_fd();

  TimerQueue& timers() { return timers_; }
  const Clock& clock() const { return clock_; }
  const KernelFeatures& features() const { return features_; }
  WorkerPool& workers() { return workers_; }
  // For reads that miss and direct I/O.
  ReactorMemory& memory() { return *memory_; }
  bool has_ring() const { return ring_ != nullptr; }

  // Operations submitted or ready whose callback has not begun, and system calls of the loop.
  uint32_t count_in_flight() const { return count_in_flight_; }
  uint64_t count_system_calls() const;

  // What ends by turning the reactor itself (a session's end) checks that it may: on this reactor's
  // thread and not inside a turn, so not in a callback.
  void CheckMayTurn() const {
    QUIRE_CHECK(!in_turn_);
    QUIRE_CHECK(thread_ == std::thread::id() || thread_ == std::this_thread::get_id());
  }

  // Debug check: the caller is on this reactor's thread, or no turn was made yet (set-up).
  void CheckOnThread() const {
    QUIRE_DCHECK(thread_ == std::thread::id() || thread_ == std::this_thread::get_id());
  }

 private:
  friend class FixedFile;
  friend class FixedBuffer;

  Reactor(WorkerPool& workers, const ReactorOptions& options, const KernelFeatures& features);
  void OpenRing(uint32_t count_entries);
  uint32_t Turn(uint64_t timeout_ns);
  void Bind();
  void MakeReady(Completion& completion);
  void TakeMail();
  uint32_t RunTimers();
  uint32_t RunReady();
  void DriveRing();
  void Sleep(uint64_t timeout_ns);
  void SettleEvents();
  void Wake();

  // Constant after construction.
  WorkerPool& workers_;
  const Clock& clock_;
  const KernelFeatures features_;
  std::unique_ptr<Ring> ring_;  // nullptr: all by workers
  WakeFd wake_fd_;
  // Reactor only.
  IntrusiveList<Completion> ready_;
  IntrusiveList<Completion> waiting_for_ring_;  // in order; the ring was full
  TimerQueue timers_;
  std::unique_ptr<EventSource> events_;  // set: an embedder's loop waits
  // INVARIANT: operations with the ring, waiting for it, with workers, or on the ready list.
  uint32_t count_in_flight_ = 0;
  uint32_t count_turns_without_clock_ = 0;
  uint64_t count_wake_calls_ = 0;
  bool in_turn_ = false;
  std::thread::id thread_;  // none until the first turn
  // Any thread.
  Mailbox mailbox_;
  std::atomic<bool> sleeping_{false};  // asleep, or in an embedder's loop: wake it by wake_fd_
  std::atomic<bool> stopping_{false};
  std::atomic<uint32_t> count_callers_{0};  // other threads inside Post or Stop
  // The first to go.
  std::unique_ptr<ReactorMemory> memory_;
};

}  // namespace quire
