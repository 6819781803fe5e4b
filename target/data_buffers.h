// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Memory for what an initiator is about to send: charged to the initiator and to the device before
// it is used, so that every transfer that was invited has its place.
//
//   idle --Ask--> [ waits for the budget ] --granted--> [ waits for memory ] --done--> the caller's
//                          '------------------Cancel------------'-----------> done, not granted
//
// Memory lacks behind the budget while another reactor's idle vectors are on their way back, or
// while the engine has more than its own share of the regions under way.
//
// Owns: nothing that is asked for. Lifetime: the admission, the devices and the reactor outlive it;
// the destructor checks that all memory came back.
// Threads: the reactor's; the memory goes back on any thread.
// Errors: waiting is an ordinary answer.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/reactor.h"
#include "engine/timer_queue.h"
#include "sg/sg_vector.h"
#include "target/admission.h"
#include "target/target.h"

namespace quire {

// Caller-owned; stays where it is until `done` has begun.
class DataBuffer : public ListNode<class DataBuffer> {
 public:
  DataBuffer() = default;
  ~DataBuffer() { QUIRE_CHECK(!asked_); }

  // ---- Inputs ----
  uint32_t lun = 0;
  uint64_t length_bytes = 0;  // not 0
  // Runs once, in a turn of the reactor, never inside a call of the asker's.
  void (*done)(DataBuffer& buffer) = nullptr;

  // ---- Valid from `done` ----
  // Of that length, empty when the request was cancelled. Destroying it gives memory and charge
  // back.
  SgVector memory;

 private:
  friend class DataBuffers;
  struct Arrival : Completion {
    DataBuffer* buffer = nullptr;
  };
  struct Waiter : BudgetWaiter {
    DataBuffer* buffer = nullptr;
  };

  struct DataBuffersOfLun* of_lun_ = nullptr;
  bool asked_ = false;  // until `done`
  bool cancelled_ = false;
  Arrival arrival_;
  Waiter waiter_;
};

class DataBuffers {
 public:
  DataBuffers(Reactor& reactor, Admission& admission, const std::string& initiator_name,
              const Target& target);
  ~DataBuffers();
  DataBuffers(const DataBuffers&) = delete;
  DataBuffers& operator=(const DataBuffers&) = delete;

  // False: more than the initiator may ever have; `done` will not run.
  [[nodiscard]] bool Ask(DataBuffer& buffer);
  // `done` runs soon, without memory. REQUIRES: asked, `done` not begun.
  void Cancel(DataBuffer& buffer);

  // Asked for, or not yet given back.
  uint32_t count() const { return count_.load(std::memory_order_acquire); }

 private:
  struct Retry : Timer {
    DataBuffers* buffers = nullptr;
  };

  static void OnCharged(BudgetWaiter& waiter);
  static void OnArrival(Completion& completion);
  void Serve();
  bool Fill(DataBuffer& buffer);
  void Refuse(DataBuffer& buffer);
  static void GiveBack(void* of_lun, uint64_t vector) noexcept;

  // Constant after construction.
  Reactor& reactor_;
  Admission& admission_;
  const std::shared_ptr<BudgetAccount> initiator_;
  BudgetSlice initiator_slice_;
  std::vector<std::unique_ptr<DataBuffersOfLun>> luns_;
  // The reactor's.
  IntrusiveList<DataBuffer, DataBuffer> hungry_;  // charged, and no memory yet
  Retry retry_;                                   // armed while there are any
  // Any thread.
  std::atomic<uint32_t> count_{0};
};

}  // namespace quire
