// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/ring.h"

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "engine/submission.h"

namespace quire {
namespace {

// The completion queue is this many times the submission queue: operations in the kernel at once.
constexpr uint32_t kCompletionsPerEntry = 4;
// munmap takes whole pages whatever it is told; the thread sanitizer believes the number.
void UnmapPages(void* memory, size_t size_bytes) {
  const auto page_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  munmap(memory, (size_bytes + page_bytes - 1) / page_bytes * page_bytes);
}

// The kernel hands back what FillSubmission gave it.
Completion& OperationOf(uint64_t user_data) {
  return *reinterpret_cast<Completion*>(user_data);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace

uint32_t Ring::SetupFlags(const KernelFeatures& features) {
  uint32_t flags = IORING_SETUP_CLAMP | IORING_SETUP_R_DISABLED;
  if (features.defer_taskrun) {
    flags |= IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SINGLE_ISSUER |
             IORING_SETUP_DEFER_TASKRUN;
  } else if (features.coop_taskrun) {
    flags |= IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_COOP_TASKRUN;
  }
  return flags;
}

absl::StatusOr<std::unique_ptr<Ring>> Ring::Create(uint32_t count_entries,
                                                   const KernelFeatures& features) {
  std::unique_ptr<Ring> ring(new Ring());
  io_uring_params params{};
  params.flags = SetupFlags(features) | IORING_SETUP_CQSIZE;
  params.cq_entries = count_entries * kCompletionsPerEntry;
  const int result = io_uring_queue_init_params(count_entries, &ring->ring_, &params);
  if (result < 0) {
    ring->ring_.ring_fd = -1;
    return absl::ErrnoToStatus(-result, "io_uring_setup");
  }
  ring->defer_taskrun_ = features.defer_taskrun;
  // Entry i of the submission queue is always element i of the array.
  for (uint32_t i = 0; i < params.sq_entries; ++i) ring->ring_.sq.array[i] = i;
  std::array<int, kCountFixedFiles> no_files;
  no_files.fill(-1);
  const std::array<iovec, kCountFixedBuffers> no_buffers{};
  ring->has_file_table_ =
      features.fixed_files &&
      io_uring_register_files(&ring->ring_, no_files.data(), kCountFixedFiles) == 0;
  ring->has_buffer_table_ =
      features.fixed_buffers &&
      io_uring_register_buffers(&ring->ring_, no_buffers.data(), kCountFixedBuffers) == 0;
  return ring;
}

// What io_uring_queue_exit does, but by calls that the thread sanitizer sees: else it takes the
// next ring at the same address, on another thread, for this one.
Ring::~Ring() {
  if (ring_.ring_fd < 0) return;
  UnmapPages(ring_.sq.sqes, ring_.sq.ring_entries * sizeof(io_uring_sqe));
  if (ring_.cq.ring_ptr != ring_.sq.ring_ptr) UnmapPages(ring_.cq.ring_ptr, ring_.cq.ring_sz);
  UnmapPages(ring_.sq.ring_ptr, ring_.sq.ring_sz);
  close(ring_.ring_fd);
}

void Ring::Enable() {
  // liburing 2.3 declares io_uring_enable_rings but does not export it.
  const int result = io_uring_register(static_cast<unsigned>(ring_.ring_fd),
                                       IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  QUIRE_CHECK(result == 0);
}

bool Ring::Push(IoOp& op) {
  QUIRE_DCHECK(FitsSubmission(op));
  if (count_queued_ + count_in_kernel_ + 1 >= ring_.cq.ring_entries) return false;
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  if (sqe == nullptr) return false;
  FillSubmission(*sqe, op);
  ++count_queued_;
  return true;
}

void Ring::ArmWake(int fd) {
  if (wake_ != Wake::kIdle) return;
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  if (sqe == nullptr) {  // cannot sleep without it: make room
    Enter(false, 0);
    sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) return;
  }
  std::memset(sqe, 0, sizeof(*sqe));
  sqe->opcode = IORING_OP_POLL_ADD;
  sqe->fd = fd;
  sqe->poll32_events = __io_uring_prep_poll_mask(POLLIN);
  sqe->user_data = 0;  // no operation has this address
  wake_ = Wake::kArmed;
}

bool Ring::TakeWake() {
  if (wake_ != Wake::kFired) return false;
  wake_ = Wake::kIdle;
  return true;
}

void Ring::SubmitAndReap(ReadyList& ready, uint64_t timeout_ns) {
  if (idle() && timeout_ns == 0) return;
  const bool something_done = Reap(ready) > 0;
  const bool wait = timeout_ns > 0 && !something_done && wake_ == Wake::kArmed;
  if (count_queued_ == 0 && !wait && !KernelHasWork()) return;
  Enter(wait, timeout_ns);
  Reap(ready);
}

// True when completions wait for the thread to come by.
bool Ring::KernelHasWork() const {
  return (__atomic_load_n(ring_.sq.kflags, __ATOMIC_ACQUIRE) &
          (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

// One io_uring_enter: submits all that is queued, runs the kernel's deferred work, and with
// `wait` sleeps until there is a completion.
void Ring::Enter(bool wait, uint64_t timeout_ns) {
  io_uring_sq& queue = ring_.sq;
  const uint32_t head = __atomic_load_n(queue.khead, __ATOMIC_ACQUIRE);
  queue.sqe_head = queue.sqe_tail;
  __atomic_store_n(queue.ktail, queue.sqe_tail, __ATOMIC_RELEASE);

  __kernel_timespec limit{static_cast<int64_t>(timeout_ns / kNsPerSecond),
                          static_cast<int64_t>(timeout_ns % kNsPerSecond)};
  io_uring_getevents_arg argument{};
  if (wait && timeout_ns != kForever) argument.ts = reinterpret_cast<uintptr_t>(&limit);
  const int result = io_uring_enter2(static_cast<unsigned>(ring_.ring_fd), queue.sqe_tail - head,
                                     wait ? 1 : 0, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
                                     reinterpret_cast<sigset_t*>(&argument), sizeof(argument));
  ++count_system_calls_;
  // What was taken is told by the queue's head: the result may be an error of the waiting instead.
  MarkSubmitted(head, __atomic_load_n(queue.khead, __ATOMIC_ACQUIRE) - head);
  if (result < 0) HandleEnterError(-result);
}

void Ring::HandleEnterError(int error) {
  switch (error) {
    case ETIME:   // the time-out is over
    case EINTR:   // a signal came; the turn ends early
    case EAGAIN:  // no memory for a request: what stays queued goes with the next turn
    case ENOMEM:  // the same, for the task's own context
    case EBUSY:   // completions wait to be reaped first (kernels before 5.19 after an overflow)
      return;
    case EBADF:   // the ring's descriptor was closed by someone
    case EBADFD:  // the ring is not enabled
    case EEXIST:  // not the thread that enabled the ring
    case EFAULT:  // our argument's address
    case EINVAL:  // our flags
    case EBADR:   // completions were dropped, though there was room for all of them
      Log(LogLevel::kError, "io_uring_enter: " + std::string(std::strerror(error)));
      QUIRE_CHECK(!"io_uring_enter refuses a correct call");
      return;
    default: {
      static std::atomic_flag logged;
      if (logged.test_and_set()) return;
      Log(LogLevel::kError, "io_uring_enter: " + std::string(std::strerror(error)));
    }
  }
}

void Ring::MarkSubmitted(uint32_t head, uint32_t count) {
  const uint32_t mask = ring_.sq.ring_mask;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t user_data = ring_.sq.sqes[(head + i) & mask].user_data;
    if (user_data == 0) continue;  // the wake-up
    OperationOf(user_data).state_ = Completion::State::kInKernel;
    --count_queued_;
    ++count_in_kernel_;
  }
}

uint32_t Ring::Reap(ReadyList& ready) {
  io_uring_cq& queue = ring_.cq;
  const uint32_t head = *queue.khead;
  const uint32_t count = __atomic_load_n(queue.ktail, __ATOMIC_ACQUIRE) - head;
  for (uint32_t i = 0; i < count; ++i) {
    const io_uring_cqe& entry = queue.cqes[(head + i) & queue.ring_mask];
    if (entry.user_data == 0) {
      wake_ = Wake::kFired;
      continue;
    }
    Completion& completion = OperationOf(entry.user_data);
    QUIRE_DCHECK(completion.state_ == Completion::State::kInKernel);
    completion.result_ = IoResult::FromKernel(entry.res);
    completion.state_ = Completion::State::kReady;
    --count_in_kernel_;
    ready.PushBack(completion);
  }
  if (count > 0) __atomic_store_n(queue.khead, head + count, __ATOMIC_RELEASE);
  return count;
}

absl::Status Ring::RegisterEventFd(int event_fd) {
  const int result = io_uring_register_eventfd(&ring_, event_fd);
  return result == 0 ? absl::OkStatus() : absl::ErrnoToStatus(-result, "io_uring_register_eventfd");
}

int32_t Ring::AddFile(int fd, int& error) {
  const int32_t slot = has_file_table_ ? file_slots_.Acquire() : -1;
  if (slot < 0) return -1;
  const int result = io_uring_register_files_update(&ring_, static_cast<unsigned>(slot), &fd, 1);
  if (result == 1) return slot;
  error = -result;
  file_slots_.Release(slot);
  return -1;
}

void Ring::RemoveFile(int32_t slot) {
  int none = -1;
  // Refused when the reactor's thread is another one: the ring's end lets the file go then.
  static_cast<void>(io_uring_register_files_update(&ring_, static_cast<unsigned>(slot), &none, 1));
  file_slots_.Release(slot);
}

int32_t Ring::AddBuffer(const iovec& memory, int& error) {
  const int32_t slot = has_buffer_table_ ? buffer_slots_.Acquire() : -1;
  if (slot < 0) return -1;
  const __u64 tag = 0;
  const int result =
      io_uring_register_buffers_update_tag(&ring_, static_cast<unsigned>(slot), &memory, &tag, 1);
  if (result == 1) return slot;
  error = -result;
  buffer_slots_.Release(slot);
  return -1;
}

void Ring::RemoveBuffer(int32_t slot) {
  const iovec none{};
  const __u64 tag = 0;
  static_cast<void>(
      io_uring_register_buffers_update_tag(&ring_, static_cast<unsigned>(slot), &none, &tag, 1));
  buffer_slots_.Release(slot);
}

}  // namespace quire
