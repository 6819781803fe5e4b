// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "sg/slab.h"

#include <sys/mman.h>

#include "base/check.h"

namespace quire {

absl::StatusOr<std::unique_ptr<Slab>> Slab::Create(const Layout& layout) {
  const size_t size_bytes = layout.slot_bytes * layout.count_slots;
  void* memory = mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    return absl::ResourceExhaustedError("no address space for the buffer slab; raise RLIMIT_AS");
  }
  return std::unique_ptr<Slab>(new Slab({static_cast<std::byte*>(memory), size_bytes}, layout));
}

Slab::Slab(std::span<std::byte> memory, const Layout& layout)
    : memory_(memory),
      layout_(layout),
      taken_(std::make_unique<std::atomic<bool>[]>(layout.count_slots)) {}

Slab::~Slab() {
  QUIRE_CHECK(count_taken() == 0);
  munmap(memory_.data(), memory_.size());
}

std::optional<std::span<std::byte>> Slab::Take(size_t length_bytes) {
  const size_t count = (length_bytes + layout_.slot_bytes - 1) / layout_.slot_bytes;
  if (count == 0 || count > layout_.count_slots) return std::nullopt;
  const size_t last = layout_.count_slots - count;
  size_t first = next_.load(std::memory_order_relaxed);
  if (first > last) first = 0;
  for (size_t tried = 0; tried <= last; ++tried, first = first == last ? 0 : first + 1) {
    if (!TryTake(first, count)) continue;
    next_.store(first, std::memory_order_relaxed);
    count_taken_.fetch_add(count, std::memory_order_acq_rel);
    return memory_.subspan(first * layout_.slot_bytes, length_bytes);
  }
  return std::nullopt;
}

bool Slab::TryTake(size_t first, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (taken_[first + i].load(std::memory_order_relaxed) ||
        taken_[first + i].exchange(true, std::memory_order_acquire)) {
      Clear(first, i);
      return false;
    }
  }
  return true;
}

void Slab::Clear(size_t first, size_t count) {
  for (size_t i = 0; i < count; ++i) taken_[first + i].store(false, std::memory_order_release);
}

void Slab::Release(std::span<std::byte> run) {
  const auto offset = static_cast<size_t>(run.data() - memory_.data());
  QUIRE_CHECK(offset % layout_.slot_bytes == 0);
  QUIRE_CHECK(run.size() <= memory_.size() - offset);
  const size_t count = (run.size() + layout_.slot_bytes - 1) / layout_.slot_bytes;
  count_taken_.fetch_sub(count, std::memory_order_acq_rel);
  const size_t first = offset / layout_.slot_bytes;
  Clear(first, count);
  // Low slots first: what is in use stays together, and in the processor's cache. A lost race costs
  // the next search a few steps.
  if (first < next_.load(std::memory_order_relaxed)) {
    next_.store(first, std::memory_order_relaxed);
  }
}

}  // namespace quire
