// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/shared_memory.h"

#include "engine/reactor_memory.h"

namespace quire {

absl::StatusOr<std::unique_ptr<SharedMemory>> SharedMemory::Create(const Options& options) {
  if (options.max_bytes < Regions::kChunkBytes) {
    return absl::InvalidArgumentError("memory for buffers: at least 4 MiB are needed");
  }
  std::unique_ptr<SharedMemory> memory(new SharedMemory(options));
  absl::StatusOr<std::unique_ptr<Regions>> regions =
      Regions::Create({.max_bytes = options.max_bytes,
                       .max_mapped_bytes = options.max_mapped_bytes,
                       .family = &memory->family_,
                       .clock = options.clock});
  if (!regions.ok()) return regions.status();
  memory->regions_ = *std::move(regions);
  if (options.pressure.has_value()) memory->pressure_.emplace(*options.pressure);
  return memory;
}

SharedMemory::~SharedMemory() {
  MutexLock lock(mutex_);
  QUIRE_CHECK(reactors_.empty());
}

void SharedMemory::Enter(ReactorMemory& memory) {
  MutexLock lock(mutex_);
  reactors_.PushBack(memory);
}

void SharedMemory::Leave(ReactorMemory& memory) {
  MutexLock lock(mutex_);
  reactors_.Remove(memory);
  former_.Add(memory.pool().stats());
  former_.Add(memory.headroom().snapshot());
  former_.ForgetWhatIsNow();
}

void SharedMemory::CallIn(const ReactorMemory& who) {
  MutexLock lock(mutex_);
  for (ReactorMemory* one = reactors_.Front(); one != nullptr; one = reactors_.Next(*one)) {
    if (one != &who) one->Kick(/*all=*/true);
  }
}

MemoryStats SharedMemory::stats() const {
  MutexLock lock(mutex_);
  MemoryStats stats = former_;
  for (ReactorMemory* one = reactors_.Front(); one != nullptr; one = reactors_.Next(*one)) {
    stats.Add(one->pool().stats());
    stats.Add(one->headroom().snapshot());
  }
  stats.regions = regions_->stats();
  stats.area = regions_->area_stats();
  stats.quarantined = HeadroomPool::CountQuarantined();
  if (pressure_.has_value()) {
    stats.pressure_watch = pressure_->description();
    stats.pressure_events = pressure_->count_events();
  }
  return stats;
}

}  // namespace quire
