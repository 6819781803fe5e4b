// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/reactor_memory.h"

#include <algorithm>

#include "engine/reactor.h"

namespace quire {
namespace {

constexpr uint64_t kTickNs = kNsPerSecond;
// A chunk that goes takes a millisecond of the reactor: one at a time, and others in between.
constexpr uint64_t kSoonNs = 4 * kNsPerMs;
constexpr uint32_t kChunksAtOnce = 1;
constexpr uint64_t kOwnBytes = 32 * 1024 * 1024;
constexpr uint32_t kChunksPerShrink = 4;
constexpr uint64_t kMinShrinkPages = 256;

}  // namespace

ReactorMemory::ReactorMemory(Reactor& reactor, SharedMemory* shared)
    : reactor_(reactor), shared_(shared), headroom_(HeadroomPool::Options()) {
  tick_.memory = this;
  tick_.callback = [](Timer& timer) { static_cast<Tick&>(timer).memory->OnTick(); };
  kick_.memory = this;
  told_.memory = this;
  told_.told = OnPressure;
}

absl::Status ReactorMemory::Open() {
  if (shared_ == nullptr) {
    absl::StatusOr<std::unique_ptr<SharedMemory>> own =
        SharedMemory::Create({.max_bytes = kOwnBytes,
                              .max_mapped_bytes = kOwnBytes,
                              .pressure = std::nullopt,
                              .clock = &reactor_.clock()});
    if (!own.ok()) return own.status();
    own_ = *std::move(own);
    shared_ = own_.get();
  }
  pool_ = std::make_unique<SgvPool>(shared_->source(),
                                    SgvPool::Options{.purge_ns = shared_->purge_ns()});
  registered_ = std::make_unique<RegisteredRegions>(reactor_, shared_->regions());
  if (shared_->pressure() != nullptr) shared_->pressure()->Subscribe(told_);
  shared_->Enter(*this);
  return absl::OkStatus();
}

bool ReactorMemory::Close() {
  if (pool_ == nullptr) return false;  // it was never open
  // Not by whether it is on the lists: its neighbours there may be coming and going.
  if (shared_->pressure() != nullptr) shared_->pressure()->Unsubscribe(told_);
  shared_->Leave(*this);
  return kicked_.load();
}

ReactorMemory::~ReactorMemory() {
  QUIRE_CHECK(!kicked_.load());
  reactor_.timers().Cancel(tick_);
}

Sgv* ReactorMemory::Take(uint64_t length_bytes) {
  if (!tick_.armed()) Arm(kTickNs);
  return CallInUnless(pool_->Take(length_bytes));
}

Sgv* ReactorMemory::TakeContiguous(uint64_t length_bytes) {
  if (!tick_.armed()) Arm(kTickNs);
  return CallInUnless(pool_->TakeContiguous(length_bytes));
}

Sgv* ReactorMemory::CallInUnless(Sgv* vector) {
  if (vector == nullptr) shared_->CallIn(*this);
  return vector;
}

void ReactorMemory::Arm(uint64_t in_ns) {
  reactor_.timers().Cancel(tick_);
  reactor_.timers().Arm(tick_, reactor_.clock().NowNs() + in_ns);
}

void ReactorMemory::OnTick() {
  const bool more_vectors = pool_->Tick(reactor_.clock().NowNs());
  const uint32_t count_gone = shared_->regions().Retire(kChunksAtOnce);
  const bool more_chunks = count_gone + registered_->LetGo(kChunksAtOnce) > 0;
  if (more_vectors || more_chunks) {
    Arm(kSoonNs);
  } else if (!NothingToKeep()) {
    Arm(kTickNs);
  }
}

// What is free in the shared regions is also a matter of whoever ticks last.
bool ReactorMemory::NothingToKeep() const {
  return pool_->quiet() && registered_->count_registered() == 0 &&
         shared_->regions().stats().chunks == 0;
}

void ReactorMemory::Shrink(bool all) {
  // What other threads returned is idle as well, and of no use to anybody else here.
  pool_->Tick(reactor_.clock().NowNs());
  const uint64_t idle_pages = pool_->stats().idle_pages.load(std::memory_order_relaxed);
  pool_->Shrink(all ? idle_pages : std::max(idle_pages / 4, kMinShrinkPages));
  shared_->regions().Retire(/*idle_ns=*/0, kChunksPerShrink);
  registered_->LetGo(kChunksPerShrink);
}

void ReactorMemory::Kick(bool all) {
  if (all) kicked_for_all_.store(true);
  if (kicked_.exchange(true)) return;
  kick_.Start(reactor_, [](Completion& completion) {
    ReactorMemory& told = *static_cast<Kicked&>(completion).memory;
    told.kicked_.store(false);
    told.Shrink(told.kicked_for_all_.exchange(false));
  });
  reactor_.Post(kick_, IoResult::Bytes(0));
}

// On the watching thread.
void ReactorMemory::OnPressure(MemoryPressure::Subscriber& subscriber) {
  static_cast<Told&>(subscriber).memory->Kick(/*all=*/false);
}

}  // namespace quire
