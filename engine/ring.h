// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One io_uring: set-up, batched submission, completions reaped to a ready list.
// Owns: the ring's descriptor and memory. Threads: one (the reactor's), after Enable().
// Errors: set-up by Status; per operation in its result; a full queue is an ordinary answer.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "engine/kernel_features.h"
#include "engine/ops.h"
#include "engine/slot_table.h"

namespace quire {

class Ring {
 public:
  using ReadyList = IntrusiveList<Completion>;
  static constexpr uint64_t kForever = UINT64_MAX;
  static constexpr uint32_t kCountFixedFiles = 64;
  static constexpr uint32_t kCountFixedBuffers = 512;  // 2 GiB of chunks

  // The flags of io_uring_setup that `features` allow.
  static uint32_t SetupFlags(const KernelFeatures& features);
  static absl::StatusOr<std::unique_ptr<Ring>> Create(uint32_t count_entries,
                                                      const KernelFeatures& features);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // Makes the calling thread the ring's only user (DEFER_TASKRUN needs to know it).
  void Enable();

  // Queues the operation for the next submission. False when the queue, or the room for its
  // completion, is full. REQUIRES: FitsSubmission(op).
  bool Push(IoOp& op);
  // Ends the next sleep when `fd` is readable. Stays armed until then.
  void ArmWake(int fd);
  // True once after the wake-up happened.
  bool TakeWake();

  // Submits what is queued and moves what is done to `ready`. With `timeout_ns` > 0 and nothing
  // done yet, sleeps until something completes or the time is over. No system call when nothing
  // is queued, nothing is in the kernel and no time-out is given.
  void SubmitAndReap(ReadyList& ready, uint64_t timeout_ns);

  // Completions also bump `event_fd`, for an embedder's loop.
  absl::Status RegisterEventFd(int event_fd);

  // True when SubmitAndReap has nothing to do.
  bool idle() const { return (count_queued_ | count_in_kernel_) == 0; }
  uint32_t count_queued() const { return count_queued_; }
  uint32_t count_in_kernel() const { return count_in_kernel_; }
  uint64_t count_system_calls() const { return count_system_calls_; }

  // For engine/registered only: the slots of the fixed tables; -1 where there is no room, no such
  // feature, or (with the errno in `error`) the kernel refused.
  int32_t AddFile(int fd, int& error);
  int32_t AddBuffer(const iovec& memory, int& error);
  void RemoveFile(int32_t slot);
  void RemoveBuffer(int32_t slot);

 private:
  Ring() = default;
  uint32_t Reap(ReadyList& ready);
  void Enter(bool wait, uint64_t timeout_ns);
  void HandleEnterError(int error);
  void MarkSubmitted(uint32_t head, uint32_t count);
  bool KernelHasWork() const;

  io_uring ring_{};
  bool defer_taskrun_ = false;
  SlotTable file_slots_{kCountFixedFiles};
  SlotTable buffer_slots_{kCountFixedBuffers};
  bool has_file_table_ = false;
  bool has_buffer_table_ = false;
  // INVARIANT: every pushed operation is counted in exactly one of the two until it is ready, and
  // their sum leaves room for the wake-up in the completion queue, so that it never overflows.
  uint32_t count_queued_ = 0;
  uint32_t count_in_kernel_ = 0;
  enum class Wake : uint8_t { kIdle, kArmed, kFired } wake_ = Wake::kIdle;
  uint64_t count_system_calls_ = 0;
};

}  // namespace quire
