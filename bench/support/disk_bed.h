// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A disk of ours with a reactor and a session, and the ways to read and write through them.
// Owns: all of it. Threads: one.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/support/compare.h"
#include "engine/reactor.h"
#include "host/disk.h"

namespace quire::bench {

class DiskBed {
 public:
  // An error ends the program.
  explicit DiskBed(const DiskOptions& options);

  Disk& disk() { return *disk_; }
  Reactor& reactor() { return *reactor_; }
  Session& session() { return *session_; }
  // Until all that was submitted is done.
  void RunUntil(const std::function<bool()>& done);
  // One command, start to end; it must succeed.
  using Look = std::function<void(SgView bytes)>;
  void Read(ByteRange range, const Look& look);
  void Write(ByteRange range, std::span<std::byte> source);
  void Flush(ByteRange range);  // empty: all
  // Gives all page tables back.
  void Retire() { disk_->LetGoOfCache(); }
  // Turns the reactor until no residency hint is believed any more, as after a pause.
  void LetHintsAge();
  uint64_t own_system_calls() const;

 private:
  void Do(CommandKind kind, ByteRange range, SgView data_out, const Look& look);

  WorkerPool workers_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Session> session_;
};

// Reads or writes through session, device and page cache, `depth` at once; every command is freed
// by OnFreeCommand before its place is used again.
class DiskWay : public Way {
 public:
  struct Options {
    std::string name = "quire";
    CommandKind kind = CommandKind::kRead;
    uint32_t depth = 1;
    bool copies_only = false;
    bool references_only = false;
    bool stores_only = false;
    bool writes_only = false;
  };

  // Lifetime: `bed` outlives it.
  DiskWay(DiskBed& bed, Options options);
  ~DiskWay() override;

  std::string name() const override { return options_.name; }
  uint64_t Run(const Batch& batch) override;
  uint64_t own_system_calls() const override { return bed_.own_system_calls(); }

 private:
  struct Slot : Command {
    DiskWay* way = nullptr;
    Segment source;
  };

  void Submit(Slot& slot, uint64_t offset, uint64_t length_bytes);
  static void OnDone(Command& command);

  DiskBed& bed_;
  const Options options_;
  std::vector<std::byte> source_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> idle_;
  bool consume_ = false;
  uint64_t sum_ = 0;
};

}  // namespace quire::bench
