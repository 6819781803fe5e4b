// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/registered_regions.h"

#include <algorithm>

#include "engine/reactor.h"

namespace quire {
namespace {

constexpr uint64_t kNsAfterRefusal = 60 * kNsPerSecond;

bool Contains(std::span<const std::byte> outer, std::span<const std::byte> inner) {
  return inner.data() >= outer.data() && inner.data() + inner.size() <= outer.data() + outer.size();
}

}  // namespace

RegisteredRegions::RegisteredRegions(Reactor& reactor, Regions& regions)
    : reactor_(reactor), regions_(regions), slots_(regions.count_chunks()) {}

RegisteredRegions::~RegisteredRegions() {
  for (uint32_t chunk = 0; chunk < slots_.size(); ++chunk) {
    if (slots_[chunk].buffer.index() < 0) continue;
    slots_[chunk].buffer = FixedBuffer();
    regions_.Detach(chunk);
  }
}

int32_t RegisteredRegions::IndexOf(std::span<const std::byte> memory) {
  if (!reactor_.has_ring()) return -1;
  const std::optional<uint32_t> chunk = regions_.ChunkOf(memory.data());
  if (!chunk.has_value()) return IndexOfLarge(memory);
  if (!Contains(regions_.chunk(*chunk), memory)) return -1;
  const int32_t index = slots_[*chunk].buffer.index();
  return index >= 0 ? index : Register(*chunk);
}

int32_t RegisteredRegions::Register(uint32_t chunk) {
  Slot& slot = slots_[chunk];
  if (reactor_.clock().NowNs() < slot.refused_until_ns) return -1;
  slot.buffer = FixedBuffer(reactor_, regions_.chunk(chunk));
  if (slot.buffer.index() < 0) {
    slot.refused_until_ns = reactor_.clock().NowNs() + kNsAfterRefusal;
    return -1;
  }
  regions_.Attach(chunk);
  ++count_registered_;
  return slot.buffer.index();
}

int32_t RegisteredRegions::IndexOfLarge(std::span<const std::byte> memory) const {
  for (const Large& large : large_) {
    if (Contains(large.memory, memory)) return large.buffer.index();
  }
  return -1;
}

void RegisteredRegions::Add(std::span<std::byte> large) {
  large_.push_back({large, FixedBuffer(reactor_, large)});
}

void RegisteredRegions::Remove(std::span<std::byte> large) {
  std::erase_if(large_, [&](const Large& one) { return one.memory.data() == large.data(); });
}

uint32_t RegisteredRegions::LetGo(uint32_t max_chunks) {
  uint32_t count = 0;
  for (uint32_t chunk = 0; chunk < slots_.size(); ++chunk) {
    if (count == max_chunks || !regions_.any_retiring()) break;
    Slot& slot = slots_[chunk];
    if (slot.buffer.index() < 0 || !regions_.Retiring(chunk)) continue;
    slot.buffer = FixedBuffer();
    regions_.Detach(chunk);
    --count_registered_;
    ++count;
  }
  return count;
}

}  // namespace quire
