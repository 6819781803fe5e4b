// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/reactor.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/log.h"
#include "engine/ring.h"
#include "engine/submission.h"

namespace quire {
namespace {

// Reading the clock costs more than a turn that finds a ready callback: a busy loop looks at its
// timers only every so many turns, an idle one always.
constexpr uint32_t kTurnsPerClockReading = 16;

void LogFeaturesOnce(const KernelFeatures& features) {
  static std::atomic_flag logged;
  if (logged.test_and_set()) return;
  Log(features.io_uring ? LogLevel::kInfo : LogLevel::kWarning, features.Describe());
}

IoResult RunIoOp(WorkOp& op) { return static_cast<IoOp&>(op).RunBlocking(); }

}  // namespace

absl::StatusOr<std::unique_ptr<Reactor>> Reactor::Create(WorkerPool& workers,
                                                         const ReactorOptions& options) {
  const KernelFeatures& features =
      options.features != nullptr ? *options.features : KernelFeatures::Get();
  LogFeaturesOnce(features);
  std::unique_ptr<Reactor> reactor(new Reactor(workers, options, features));
  if (absl::Status opened = reactor->wake_fd_.Open(); !opened.ok()) return opened;
  if (features.io_uring) reactor->OpenRing(options.count_ring_entries);
  // After the ring: whose slots go before it.
  reactor->memory_ = std::make_unique<ReactorMemory>(*reactor, options.memory);
  if (absl::Status opened = reactor->memory_->Open(); !opened.ok()) return opened;
  return reactor;
}

void Reactor::OpenRing(uint32_t count_entries) {
  absl::StatusOr<std::unique_ptr<Ring>> ring = Ring::Create(count_entries, features_);
  if (ring.ok()) {
    ring_ = *std::move(ring);
  } else {
    Log(LogLevel::kWarning, "no io_uring for a reactor, its I/O goes by worker threads: " +
                                std::string(ring.status().message()));
  }
}

Reactor::Reactor(WorkerPool& workers, const ReactorOptions& options, const KernelFeatures& features)
    : workers_(workers), clock_(*options.clock), features_(features) {}

Reactor::~Reactor() {
  // The last callback may run before the thread that posted it has left Post.
  while (count_callers_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
  if (memory_ != nullptr && memory_->Close()) {
    TakeMail();
    RunReady();
  }
  memory_.reset();
  QUIRE_CHECK(count_in_flight_ == 0);
  QUIRE_CHECK(mailbox_.empty());
  QUIRE_CHECK(timers_.empty());
}

// The first turn: from now on the ring and this object belong to the calling thread.
void Reactor::Bind() {
  thread_ = std::this_thread::get_id();
  if (ring_ == nullptr) return;
  ring_->Enable();
}

void Reactor::Submit(IoOp& op) {
  CheckOnThread();
  QUIRE_DCHECK(op.state() == Completion::State::kQueued);
  QUIRE_DCHECK(op.reactor() == this);
  if (ring_ == nullptr || !FitsSubmission(op)) {
    SubmitToWorkers(op);
    return;
  }
  ++count_in_flight_;
  if (!waiting_for_ring_.empty() || !ring_->Push(op)) waiting_for_ring_.PushBack(op);
}

void Reactor::SubmitToWorkers(IoOp& op) {
  op.work = RunIoOp;
  SubmitToWorkers(static_cast<WorkOp&>(op));
}

void Reactor::SubmitToWorkers(WorkOp& op) {
  CheckOnThread();
  QUIRE_DCHECK(op.state() == Completion::State::kQueued);
  QUIRE_DCHECK(op.reactor() == this);
  ++count_in_flight_;
  op.state_ = Completion::State::kInKernel;
  workers_.Submit(op);
}

void Reactor::Complete(Completion& completion, IoResult result) {
  CheckOnThread();
  QUIRE_DCHECK(completion.state() == Completion::State::kQueued);
  QUIRE_DCHECK(completion.reactor() == this);
  completion.result_ = result;
  MakeReady(completion);
}

void Reactor::Post(Completion& completion, IoResult result) {
  count_callers_.fetch_add(1, std::memory_order_relaxed);
  completion.result_ = result;
  if (mailbox_.Push(completion)) Wake();
  count_callers_.fetch_sub(1, std::memory_order_release);
}

void Reactor::Stop() {
  count_callers_.fetch_add(1, std::memory_order_relaxed);
  stopping_.store(true, std::memory_order_seq_cst);
  Wake();
  count_callers_.fetch_sub(1, std::memory_order_release);
}

void Reactor::Wake() {
  if (sleeping_.load(std::memory_order_seq_cst)) wake_fd_.Signal();
}

void Reactor::Run() {
  while (!stopping_.load(std::memory_order_acquire)) Turn(Ring::kForever);
  stopping_.store(false, std::memory_order_relaxed);
}

uint32_t Reactor::Turn(uint64_t timeout_ns) {
  if (thread_ == std::thread::id()) Bind();
  CheckOnThread();
  QUIRE_DCHECK(!in_turn_);
  in_turn_ = true;
  TakeMail();
  uint32_t count_ran = RunTimers();
  if (timeout_ns > 0 && count_ran == 0 && ready_.empty()) {
    Sleep(timeout_ns);
    TakeMail();
    count_ran = RunTimers();
  } else if (ring_ != nullptr && !(ring_->idle() && waiting_for_ring_.empty())) {
    DriveRing();
  }
  if (events_ != nullptr && count_ran == 0 && ready_.empty()) SettleEvents();
  count_ran += RunReady();
  in_turn_ = false;
  return count_ran;
}

void Reactor::TakeMail() {
  if (mailbox_.empty()) return;
  IntrusiveList<Completion> mail;
  mailbox_.TakeAll(mail);
  while (Completion* completion = mail.PopFront()) MakeReady(*completion);
}

// What comes from a worker was counted when it was submitted, what is completed or posted straight
// after its start was not.
void Reactor::MakeReady(Completion& completion) {
  if (completion.state_ == Completion::State::kQueued) ++count_in_flight_;
  completion.state_ = Completion::State::kReady;
  ready_.PushBack(completion);
}

uint32_t Reactor::RunTimers() {
  if (timers_.empty()) return 0;
  if (!ready_.empty() && ++count_turns_without_clock_ < kTurnsPerClockReading) return 0;
  count_turns_without_clock_ = 0;
  return timers_.RunDue(clock_.NowNs());
}

// Runs the list as it is now: what a callback completes waits for the next turn.
uint32_t Reactor::RunReady() {
  if (ready_.empty()) return 0;
  IntrusiveList<Completion> batch;
  batch.Append(ready_);
  uint32_t count_ran = 0;
  while (Completion* completion = batch.PopFront()) {
    completion->state_ = Completion::State::kIdle;
    --count_in_flight_;
    ++count_ran;
    completion->callback_(*completion);
  }
  return count_ran;
}

// Submits as much as the ring takes, oldest first, and reaps; never sleeps.
void Reactor::DriveRing() {
  for (;;) {
    while (Completion* op = waiting_for_ring_.Front()) {
      // The push may be what submits it, so it leaves the list before.
      waiting_for_ring_.Remove(*op);
      if (ring_->Push(static_cast<IoOp&>(*op))) continue;
      waiting_for_ring_.PushFront(*op);
      break;
    }
    const uint32_t count_queued = ring_->count_queued();
    ring_->SubmitAndReap(ready_, 0);
    if (waiting_for_ring_.empty() || ring_->count_queued() == count_queued) return;
  }
}

// Sleeps until something completes, is posted, or the time is over.
//
// No wake-up is lost. In the one order of all sequentially consistent operations this thread does
// S1 "sleeping_ = true", S2 "is the mailbox empty, are we running?"; another thread does P1 "push"
// (or "stopping_ = true"), P2 "is it sleeping_?". If S2 does not see P1, then S1 < S2 < P1 < P2, so
// P2 sees S1, unless this thread has woken since: then it takes the mail anyway. A pusher that
// found the mailbox not empty leaves the waking to the one that found it empty: that push, too,
// comes after S2, or this thread would not have slept.
void Reactor::Sleep(uint64_t timeout_ns) {
  if (const std::optional<uint64_t> due_ns = timers_.next_due_ns()) {
    const uint64_t now_ns = clock_.NowNs();
    timeout_ns = std::min(timeout_ns, *due_ns > now_ns ? *due_ns - now_ns : 0);
  }
  if (!waiting_for_ring_.empty()) DriveRing();
  sleeping_.store(true, std::memory_order_seq_cst);
  if (!mailbox_.empty() || stopping_.load(std::memory_order_seq_cst) || !ready_.empty()) {
    timeout_ns = 0;
  }
  if (ring_ != nullptr) {
    if (timeout_ns > 0) ring_->ArmWake(wake_fd_.fd());
    ring_->SubmitAndReap(ready_, timeout_ns);
    if (ring_->TakeWake()) wake_fd_.Drain();
  } else if (timeout_ns > 0) {
    ++count_wake_calls_;
    wake_fd_.Sleep(timeout_ns);
    wake_fd_.Drain();
  }
  if (events_ == nullptr) sleeping_.store(false, std::memory_order_relaxed);
}

// An embedder may sleep after this turn. Signals are taken first and their causes looked for after
// that: a cause that is not found came later, and its signal keeps the descriptor readable.
void Reactor::SettleEvents() {
  ++count_wake_calls_;
  if (wake_fd_.Drain()) {
    TakeMail();
    if (ring_ != nullptr) DriveRing();
  }
  // What the kernel would not take for want of memory is tried again: nothing else would wake us.
  if (ring_ != nullptr && ring_->count_queued() > 0 && ring_->count_in_kernel() == 0) {
    wake_fd_.Signal();
  }
  if (&clock_ == &Clock::System()) events_->SetTimer(timers_.next_due_ns().value_or(0));
}

absl::StatusOr<int> Reactor::event_fd() {
  CheckOnThread();
  if (events_ != nullptr) return events_->fd();
  absl::StatusOr<std::unique_ptr<EventSource>> events = EventSource::Create(wake_fd_.fd());
  if (!events.ok()) return events.status();
  if (ring_ != nullptr) {
    if (absl::Status registered = ring_->RegisterEventFd(wake_fd_.fd()); !registered.ok()) {
      return registered;
    }
  }
  events_ = *std::move(events);
  // An embedder's loop counts as asleep all the time. The first signal stands for what came before.
  sleeping_.store(true, std::memory_order_seq_cst);
  wake_fd_.Signal();
  return events_->fd();
}

uint64_t Reactor::count_system_calls() const {
  return count_wake_calls_ + (ring_ != nullptr ? ring_->count_system_calls() : 0);
}

}  // namespace quire
