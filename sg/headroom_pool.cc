// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "sg/headroom_pool.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <string>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"

namespace quire {
namespace {

constexpr std::align_val_t kAlign{64};
static_assert(sizeof(HeadroomBuffer) == 64);
static_assert(alignof(HeadroomBuffer) == 64);

// Keeps what is quarantined reachable, so that it is no leak but a decision.
struct Quarantine {
  Mutex mutex;
  std::vector<HeadroomBuffer*> buffers QUIRE_GUARDED_BY(mutex);

  static Quarantine& OfProcess() {
    static auto* const quarantine = new Quarantine;
    return *quarantine;
  }
};

}  // namespace

void HeadroomBuffer::Drop() {
  const uint32_t before = references_.fetch_sub(1, std::memory_order_acq_rel);
  QUIRE_DCHECK((before & ~kQuarantined) > 0);
  if (before != 1) return;  // others are left, or it is quarantined
  HeadroomBuffer* first = home_.returned_.load(std::memory_order_relaxed);
  do {
    next_ = first;
  } while (!home_.returned_.compare_exchange_weak(first, this, std::memory_order_release,
                                                  std::memory_order_relaxed));
}

HeadroomPool::HeadroomPool(const Options& options) : options_(options) {
  QUIRE_CHECK(options.buffer_bytes % 64 == 0);
  QUIRE_CHECK(options.count_fixed <= options.max_buffers);
  all_.reserve(options.max_buffers);
  for (uint32_t i = 0; i < options.count_fixed; ++i) {
    HeadroomBuffer* const buffer = Allocate(/*fixed=*/true);
    buffer->next_ = std::exchange(free_, buffer);
    stats_.free.fetch_add(1, std::memory_order_relaxed);
  }
}

HeadroomPool::~HeadroomPool() {
  Close();
  for (HeadroomBuffer* const buffer : all_) Deallocate(*buffer);
}

HeadroomBuffer* HeadroomPool::Allocate(bool fixed) {
  void* const memory = ::operator new(sizeof(HeadroomBuffer) + options_.buffer_bytes, kAlign);
  auto* const buffer = new (memory) HeadroomBuffer(*this, options_.buffer_bytes);
  buffer->fixed_ = fixed;
  all_.push_back(buffer);
  stats_.buffers.fetch_add(1, std::memory_order_relaxed);
  return buffer;
}

void HeadroomPool::Deallocate(HeadroomBuffer& buffer) {
  buffer.~HeadroomBuffer();
  ::operator delete(&buffer, kAlign);
}

HeadroomBuffer* HeadroomPool::Take() {
  if (returned_.load(std::memory_order_relaxed) != nullptr) Settle();
  HeadroomBuffer* buffer = free_;
  if (buffer != nullptr) {
    free_ = buffer->next_;
    stats_.free.fetch_sub(1, std::memory_order_relaxed);
  } else if (stats_.buffers < options_.max_buffers) {
    buffer = Allocate(/*fixed=*/false);
    stats_.grown.Add();
  } else {
    stats_.refused.Add();
    return nullptr;
  }
  buffer->references_.store(1, std::memory_order_relaxed);
  stats_.taken.Add();
  return buffer;
}

void HeadroomPool::Park(HeadroomBuffer& buffer) {
  QUIRE_DCHECK(!buffer.parked_);
  buffer.parked_ = true;
  stats_.parked.fetch_add(1, std::memory_order_relaxed);
  buffer.Drop();
}

bool HeadroomPool::Settle() {
  HeadroomBuffer* buffer = returned_.exchange(nullptr, std::memory_order_acquire);
  while (buffer != nullptr) {
    HeadroomBuffer* const next = buffer->next_;
    GiveBack(*buffer);
    buffer = next;
  }
  return stats_.free == stats_.buffers;
}

void HeadroomPool::GiveBack(HeadroomBuffer& buffer) {
  if (std::exchange(buffer.parked_, false)) stats_.parked.fetch_sub(1, std::memory_order_relaxed);
  if (!buffer.fixed_) {
    stats_.released.Add();
    stats_.buffers.fetch_sub(1, std::memory_order_relaxed);
    std::erase(all_, &buffer);
    Deallocate(buffer);
    return;
  }
  buffer.next_ = std::exchange(free_, &buffer);
  stats_.free.fetch_add(1, std::memory_order_relaxed);
}

uint32_t HeadroomPool::Close(uint64_t patience_ns) {
  const uint64_t give_up_ns = Clock::System().NowNs() + patience_ns;
  while (!Settle() && Clock::System().NowNs() < give_up_ns) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  uint32_t count = 0;
  for (size_t i = 0; i < all_.size();) {
    HeadroomBuffer& buffer = *all_[i];
    bool out = true;
    for (HeadroomBuffer* one = free_; one != nullptr && out; one = one->next_) out = one != &buffer;
    if (!out) {
      ++i;
      continue;
    }
    const uint32_t before =
        buffer.references_.fetch_or(HeadroomBuffer::kQuarantined, std::memory_order_acq_rel);
    if (before == 0) {
      // Its last reference has just dropped, and is about to give it back.
      buffer.references_.store(0, std::memory_order_relaxed);
      while (returned_.load(std::memory_order_relaxed) == nullptr) std::this_thread::yield();
      Settle();
      i = 0;
      continue;
    }
    Quarantine& quarantine = Quarantine::OfProcess();
    MutexLock lock(quarantine.mutex);
    quarantine.buffers.push_back(&buffer);
    all_.erase(all_.begin() + static_cast<ptrdiff_t>(i));
    if (buffer.parked_) stats_.parked.fetch_sub(1, std::memory_order_relaxed);
    stats_.buffers.fetch_sub(1, std::memory_order_relaxed);
    ++count;
  }
  if (count > 0) {
    Log(LogLevel::kWarning, std::to_string(count) +
                                " header buffers are still held by the network at the end of a "
                                "connection; they are set aside for good");
  }
  return count;
}

HeadroomPool::Stats HeadroomPool::stats() {
  Settle();
  return snapshot();
}

HeadroomPool::Stats HeadroomPool::snapshot() const {
  return {.buffers = stats_.buffers.load(std::memory_order_relaxed),
          .free = stats_.free.load(std::memory_order_relaxed),
          .parked = stats_.parked.load(std::memory_order_relaxed),
          .taken = stats_.taken.value(),
          .grown = stats_.grown.value(),
          .released = stats_.released.value(),
          .refused = stats_.refused.value()};
}

uint64_t HeadroomPool::CountQuarantined() {
  Quarantine& quarantine = Quarantine::OfProcess();
  MutexLock lock(quarantine.mutex);
  return quarantine.buffers.size();
}

}  // namespace quire
