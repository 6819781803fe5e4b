// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A backing around another one that fails, shortens and records operations as a test says.
// Owns: the other one. Threads: as Backing; the script is set before the operations start.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "pagecache/backing.h"

namespace quire {

class FaultyBacking final : public Backing {
 public:
  struct Script {
    IoOp::Kind kind = IoOp::Kind::kRead;
    int error = 0;             // a positive errno for the operations below; 0: they succeed
    uint64_t first = 0;        // from this one of the kind on, counted from 0
    uint64_t count = 0;        // so many
    uint64_t short_bytes = 0;  // transfers are cut to this; 0: not
    // LetGo answers the last of them. Without an error they are held back, all of them, and LetGo
    // carries them out.
    bool hold = false;
  };

  explicit FaultyBacking(std::unique_ptr<Backing> inner) : inner_(std::move(inner)) {
    log_.reserve(kMaxLog);
    stable_.reserve(kMaxLog);
  }
  void Set(const Script& script) {
    script_ = script;
    seen_.store(0);
  }
  // From now on so many copies from another file fail, or are no longer than `short_bytes`.
  void SetCopies(int error, uint64_t count, uint64_t short_bytes = 0) {
    copies_.error = error;
    copies_.count = count;
    copies_.short_bytes = short_bytes;
  }
  // Answers the operation that the script holds. Threads: the operation's reactor.
  void LetGo(Reactor& reactor);
  // How many are held back on the reactors of all threads.
  size_t count_held();
  bool holds() { return count_held() > 0; }
  // Runs once, when the engine next asks what is in memory, before it is told.
  void WhenAsked(std::function<void()> act) { when_asked_ = std::move(act); }
  // From now on nothing can be mapped.
  void RefuseMaps() { maps_ = false; }
  // How often the engine has asked for the room.
  uint64_t count_rooms() const { return rooms_.load(); }
  // One letter for each of the first operations: r, w, f(lush), a(llocate), A(dvise), c(opy).
  std::string Log();
  // What was asked to be on the medium since this was last called: flushes, and writes with DSYNC.
  std::vector<ByteRange> TakeStable();

  const BackingTraits& traits() const override { return inner_->traits(); }
  int64_t CurrentSize() override { return inner_->CurrentSize(); }
  std::optional<Room> CurrentRoom() override {
    ++rooms_;
    return inner_->CurrentRoom();
  }
  absl::StatusOr<std::unique_ptr<Mapping>> Map(uint64_t size) override {
    if (!maps_) return absl::UnavailableError("the test refuses it");
    return inner_->Map(size);
  }
  int fd() const override { return inner_->fd(); }
  int direct_fd() const override { return inner_->direct_fd(); }
  int64_t CountCached(ByteRange range) override {
    if (when_asked_ != nullptr) std::exchange(when_asked_, nullptr)();
    return inner_->CountCached(range);
  }
  bool AskPages(const Mapping& mapping, ByteRange range, std::span<uint8_t> pages) override {
    return inner_->AskPages(mapping, range, pages);
  }
  void Populate(const Mapping& mapping, ByteRange range) override {
    inner_->Populate(mapping, range);
  }
  void Submit(Reactor& reactor, IoOp& op, Via via, bool direct) override;
  IoResult RunNow(IoOp& op) override;
  IoResult CopyFrom(Backing& source, ByteRange range, uint64_t offset) override;
  int Grow(uint64_t size_bytes) override { return inner_->Grow(size_bytes); }
  int Shrink(uint64_t size_bytes) override { return inner_->Shrink(size_bytes); }
  int CloneTo(int target) override { return inner_->CloneTo(target); }
  int64_t FindMapped(ByteRange range, std::span<ByteRange> found) override {
    return inner_->FindMapped(range, found);
  }

 private:
  static constexpr size_t kMaxLog = 4096;  // nothing is allocated for an operation

  struct Held {
    Reactor* reactor = nullptr;
    IoOp* op = nullptr;
    Via via{};
    bool direct = false;
  };

  // Whether the script is about this operation, which is cut short where that says so.
  bool Hits(IoOp& op);

  const std::unique_ptr<Backing> inner_;
  Script script_;
  Script copies_;  // of CopyFrom, by any thread one after the other
  std::function<void()> when_asked_;
  bool maps_ = true;
  std::atomic<uint64_t> seen_{0};
  std::atomic<uint64_t> rooms_{0};
  Mutex mutex_;
  std::string log_ QUIRE_GUARDED_BY(mutex_);
  std::vector<Held> held_ QUIRE_GUARDED_BY(mutex_);
  std::vector<ByteRange> stable_ QUIRE_GUARDED_BY(mutex_);
};

}  // namespace quire
