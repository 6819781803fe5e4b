// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "bench/support/served_disk.h"

#include "bench/support/die.h"

namespace quire::bench {

ServedDisk::ServedDisk(const DiskOptions& options, uint32_t depth) {
  auto reactor = Reactor::Create(workers_);
  if (!reactor.ok()) Die(std::string(reactor.status().message()));
  reactor_ = *std::move(reactor);
  auto disk = Disk::Open(options);
  if (!disk.ok()) Die(std::string(disk.status().message()));
  disk_ = *std::move(disk);
  session_ = disk_->Connect(*reactor_, {.initiator_name = "bench"});
  for (uint32_t i = 0; i < depth; ++i) {
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->disk = this;
    slots_.back()->done = OnDone;
    slots_.back()->freed = OnFreed;
    free_.push_back(slots_.back().get());
  }
}

ServedDisk::~ServedDisk() { session_.reset(); }

void ServedDisk::OnDone(Command& command) {
  ServedDisk& self = *static_cast<Slot&>(command).disk;
  if (!command.outcome.good()) Die("a command failed");
  if (*self.inspect_) (*self.inspect_)(command);
  command.Drop();
}

void ServedDisk::OnFreed(Command& command) {
  Slot& slot = static_cast<Slot&>(command);
  ++slot.disk->count_done_;
  slot.disk->free_.push_back(&slot);
}

void ServedDisk::Run(uint64_t count, const Prepare& prepare, const Inspect& inspect) {
  inspect_ = &inspect;
  count_done_ = 0;
  uint64_t count_started = 0;
  while (count_done_ < count) {
    while (!free_.empty() && count_started < count) {
      Slot& slot = *free_.back();
      free_.pop_back();
      prepare(slot);
      if (session_->Submit(slot) != Session::Answer::kAccepted) Die("a command was refused");
      ++count_started;
    }
    if (reactor_->Poll() == 0) reactor_->Wait(kNsPerMs);
  }
}

BlockRange BlocksAt(uint64_t offset, uint64_t length) { return {{offset / 512}, {length / 512}}; }

}  // namespace quire::bench
