// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "target/data_buffers.h"

#include "absl/strings/str_cat.h"
#include "sg/sg_builder.h"

namespace quire {
namespace {

constexpr uint64_t kRetryNs = kNsPerMs;

}  // namespace

// What a hold needs to give memory and charge back.
struct DataBuffersOfLun {
  DataBuffersOfLun(DataBuffers& of, MemoryBudget& charged, BudgetSlice& initiator,
                   std::shared_ptr<BudgetAccount> device)
      : buffers(of),
        budget(charged),
        account(std::move(device)),
        slice(*account),
        pair{&initiator, &slice} {}

  DataBuffers& buffers;
  MemoryBudget& budget;
  const std::shared_ptr<BudgetAccount> account;
  BudgetSlice slice;
  const BudgetPair pair;
};

DataBuffers::DataBuffers(Reactor& reactor, Admission& admission, const std::string& initiator_name,
                         const Target& target)
    : reactor_(reactor),
      admission_(admission),
      initiator_(admission.OfInitiator(initiator_name)),
      initiator_slice_(*initiator_) {
  for (uint32_t lun = 0; lun < target.count_luns(); ++lun) {
    luns_.push_back(std::make_unique<DataBuffersOfLun>(
        *this, admission.budget(), initiator_slice_,
        admission.OfDevice(target.device(lun), absl::StrCat(target.name(), " LUN ", lun))));
  }
  retry_.buffers = this;
  retry_.callback = [](Timer& timer) { static_cast<Retry&>(timer).buffers->Serve(); };
}

DataBuffers::~DataBuffers() {
  QUIRE_CHECK(count() == 0);
  reactor_.timers().Cancel(retry_);
}

bool DataBuffers::Ask(DataBuffer& buffer) {
  QUIRE_CHECK(buffer.lun < luns_.size());
  QUIRE_CHECK(buffer.length_bytes > 0);
  QUIRE_CHECK(!buffer.asked_);
  QUIRE_CHECK(!buffer.memory.held());
  // Before it is rounded up: the sum must not wrap around.
  if (buffer.length_bytes > admission_.budget().limit_bytes()) return false;
  buffer.of_lun_ = luns_[buffer.lun].get();
  buffer.asked_ = true;
  buffer.cancelled_ = false;
  buffer.arrival_.buffer = &buffer;
  buffer.waiter_.buffer = &buffer;
  buffer.waiter_.length_bytes = SgvPool::CapacityOf(buffer.length_bytes);
  buffer.waiter_.pair = buffer.of_lun_->pair;
  buffer.waiter_.granted = OnCharged;
  count_.fetch_add(1, std::memory_order_relaxed);
  switch (admission_.budget().ChargeOrWait(buffer.waiter_)) {
    case BudgetAnswer::kCharged:
      buffer.arrival_.Start(reactor_, OnArrival);
      reactor_.Complete(buffer.arrival_, IoResult::Bytes(0));
      return true;
    case BudgetAnswer::kTooLarge:
      buffer.asked_ = false;
      count_.fetch_sub(1, std::memory_order_relaxed);
      return false;
    default:
      return true;
  }
}

// On whichever thread gave memory back.
void DataBuffers::OnCharged(BudgetWaiter& waiter) {
  DataBuffer& buffer = *static_cast<DataBuffer::Waiter&>(waiter).buffer;
  Reactor& reactor = buffer.of_lun_->buffers.reactor_;
  buffer.arrival_.Start(reactor, OnArrival);
  reactor.Post(buffer.arrival_, IoResult::Bytes(0));
}

void DataBuffers::OnArrival(Completion& completion) {
  DataBuffer& buffer = *static_cast<DataBuffer::Arrival&>(completion).buffer;
  DataBuffers& buffers = buffer.of_lun_->buffers;
  if (buffer.cancelled_) {
    buffers.Refuse(buffer);
    return;
  }
  buffers.hungry_.PushBack(buffer);
  buffers.Serve();
}

// In order, for as long as there is memory.
void DataBuffers::Serve() {
  while (DataBuffer* const first = hungry_.Front()) {
    if (!Fill(*first)) break;
    hungry_.Remove(*first);
    first->asked_ = false;
    first->done(*first);
  }
  if (hungry_.empty() || retry_.armed()) return;
  reactor_.timers().Arm(retry_, reactor_.clock().NowNs() + kRetryNs);
}

bool DataBuffers::Fill(DataBuffer& buffer) {
  Sgv* const vector = reactor_.memory().Take(buffer.length_bytes);
  if (vector == nullptr) return false;
  QUIRE_DCHECK(vector->capacity_bytes() == buffer.waiter_.length_bytes);
  buffer.memory =
      SgBuilder::Lend(vector->segments(), buffer.length_bytes,
                      Hold(GiveBack, buffer.of_lun_, reinterpret_cast<uint64_t>(vector)));
  return true;
}

void DataBuffers::GiveBack(void* of_lun, uint64_t vector) noexcept {
  auto& lun = *static_cast<DataBuffersOfLun*>(of_lun);
  auto& memory = *reinterpret_cast<Sgv*>(vector);  // NOLINT(performance-no-int-to-ptr): a cookie
  const uint64_t charged_bytes = memory.capacity_bytes();
  // In this order: whoever is granted the charge finds the memory.
  SgvPool::Return(memory);
  lun.budget.Release(lun.pair, charged_bytes);
  lun.buffers.count_.fetch_sub(1, std::memory_order_release);
}

void DataBuffers::Cancel(DataBuffer& buffer) {
  QUIRE_CHECK(buffer.asked_);
  buffer.cancelled_ = true;
  if (buffer.linked()) {
    hungry_.Remove(buffer);
  } else if (admission_.budget().Cancel(buffer.waiter_)) {
    buffer.waiter_.length_bytes = 0;  // nothing was charged
  } else {
    return;  // it is on its way to OnArrival
  }
  buffer.arrival_.Start(reactor_, OnArrival);
  reactor_.Complete(buffer.arrival_, IoResult::Bytes(0));
}

void DataBuffers::Refuse(DataBuffer& buffer) {
  admission_.budget().Release(buffer.of_lun_->pair, buffer.waiter_.length_bytes);
  count_.fetch_sub(1, std::memory_order_release);
  buffer.asked_ = false;
  buffer.done(buffer);
}

}  // namespace quire
