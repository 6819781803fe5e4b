// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Drives a session the way an embedder does: submit, turn the reactor, drop.
#include "bench/support/disk_bed.h"

#include "base/clock.h"
#include "bench/support/die.h"
#include "bench/support/pattern.h"
#include "bench/support/peers.h"
#include "pagecache/residency.h"

namespace quire::bench {

DiskBed::DiskBed(const DiskOptions& options) {
  absl::StatusOr<std::unique_ptr<Reactor>> reactor = Reactor::Create(workers_);
  if (!reactor.ok()) Die(std::string(reactor.status().message()));
  reactor_ = *std::move(reactor);
  absl::StatusOr<std::unique_ptr<Disk>> disk = Disk::Open(options);
  if (!disk.ok()) Die(std::string(disk.status().message()));
  disk_ = *std::move(disk);
  session_ = disk_->Connect(*reactor_, {.initiator_name = "bench"});
}

void DiskBed::RunUntil(const std::function<bool()>& done) {
  while (!done()) reactor_->Wait(kNsPerSecond);
}

void DiskBed::Do(CommandKind kind, ByteRange range, SgView data_out, const Look& look) {
  struct Waited : Command {
    bool answered = false;
  } command;
  const uint32_t block = disk_->block_bytes();
  command.kind = kind;
  command.blocks = {{range.offset / block}, {range.length / block}};
  command.data_out = data_out;
  command.done = [](Command& done) { static_cast<Waited&>(done).answered = true; };
  if (session_->Submit(command) != Session::Answer::kAccepted) Die("the session is full");
  RunUntil([&command] { return command.answered; });
  if (!command.outcome.good()) Die("a command failed");
  if (look) look(command.data_in().view());
  command.Drop();
}

void DiskBed::Read(ByteRange range, const Look& look) { Do(CommandKind::kRead, range, {}, look); }

void DiskBed::Write(ByteRange range, std::span<std::byte> source) {
  const Segment piece{source.data(), source.size()};
  Do(CommandKind::kWrite, range, SgView({&piece, 1}), {});
}

void DiskBed::Flush(ByteRange range) { Do(CommandKind::kFlush, range, {}, {}); }

void DiskBed::LetHintsAge() {
  const uint64_t end_ns = Clock::System().NowNs() + 3 * Residency::kEpochNs;
  while (Clock::System().NowNs() < end_ns) reactor_->Wait(Residency::kEpochNs / 4);
}

// One for each question, each copy and each write on the file, besides the loop's own.
uint64_t DiskBed::own_system_calls() const {
  const DiskStats stats = disk_->stats();
  uint64_t calls = reactor_->count_system_calls();
  for (const auto& [name, count] : stats.read_paths) {
    if (name != "reference") calls += count;
  }
  for (const auto& [name, count] : stats.write_paths) {
    if (name == "write" || name == "write-by-worker") calls += 2 * count;
  }
  return calls;
}

DiskWay::DiskWay(DiskBed& bed, Options options)
    : bed_(bed), options_(std::move(options)), source_(kMaxRequestBytes) {
  FillPattern(source_, 0, 7);
  for (uint32_t i = 0; i < options_.depth; ++i) {
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->way = this;
    slots_.back()->done = OnDone;
    idle_.push_back(slots_.back().get());
  }
}

DiskWay::~DiskWay() {
  if (idle_.size() != slots_.size()) Die("a request is still running");
}

void DiskWay::Submit(Slot& slot, uint64_t offset, uint64_t length_bytes) {
  const uint32_t block = bed_.disk().block_bytes();
  slot.kind = options_.kind;
  slot.blocks = {{offset / block}, {length_bytes / block}};
  slot.copies_only = options_.copies_only;
  slot.references_only = options_.references_only;
  slot.stores_only = options_.stores_only;
  slot.writes_only = options_.writes_only;
  slot.source = {source_.data(), length_bytes};
  if (options_.kind == CommandKind::kWrite) slot.data_out = SgView({&slot.source, 1});
  if (bed_.session().Submit(slot) != Session::Answer::kAccepted) Die("the session is full");
}

void DiskWay::OnDone(Command& command) {
  auto& slot = static_cast<Slot&>(command);
  DiskWay& way = *slot.way;
  if (!slot.outcome.good()) Die(way.options_.name + ": a command failed");
  if (way.consume_) way.sum_ += SumWords(slot.data_in().view());
  slot.Drop();
  way.idle_.push_back(&slot);
}

uint64_t DiskWay::Run(const Batch& batch) {
  consume_ = batch.consume;
  sum_ = 0;
  for (size_t next = 0; next < batch.offsets.size() || idle_.size() < slots_.size();) {
    while (next < batch.offsets.size() && !idle_.empty()) {
      Slot& slot = *idle_.back();
      idle_.pop_back();
      Submit(slot, batch.offsets[next++], batch.length_bytes);
    }
    bed_.reactor().Wait(kNsPerSecond);
  }
  return sum_;
}

}  // namespace quire::bench
