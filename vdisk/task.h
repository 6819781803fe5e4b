// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A command's place in its logical unit's task set, and an order to abort such commands.
//
//   out --Enter--> enabled ------------------------Leave--> out
//             \--> dormant --its turn--> enabled
//                         \--abort--> out
//
// An abort only marks an enabled command: what it has submitted cannot be recalled. The command
// asks aborted() before it publishes anything, and the abort is complete when it has left.
//
// Embedded in the command and in the task management function, so that nothing is allocated.
// Lifetime: stays where it is while it is in the set (or pending).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/check.h"
#include "base/intrusive_list.h"

namespace quire {

class NexusTasks;

// SAM-5 8.6; an untagged command is SIMPLE.
enum class TaskAttribute : uint8_t { kSimple, kOrdered, kHeadOfQueue };
inline constexpr size_t kTaskAttributes = 3;

// How a command is to be answered, in the order in which they prevail.
enum class Fate : uint8_t {
  kUntouched,       // with what it did
  kAbortedByOther,  // by another nexus, TAS=1: status TASK ABORTED
  kSilent,          // aborted: not at all
};

// What a command that had to wait is told.
enum class Turn : uint8_t {
  kRun,
  kAborted,  // it is out of the set already
};

class Task : public ListNode<class InNexus>, public ListNode<class Dormant> {
 public:
  // Runs once for a command that had to wait. Called on any thread, without locks: it hands the
  // command to its own reactor.
  using Told = void (*)(Task& task, Turn turn);

  Task() = default;
  ~Task() { QUIRE_CHECK(state_ == State::kOut); }

  // ---- Inputs ----
  uint64_t tag = 0;  // SAM-5: command identifier; differs from those of its nexus's other commands
  TaskAttribute attribute = TaskAttribute::kSimple;

  // To be asked right before anything is published (a write lands, data goes out). Any thread.
  bool aborted() const { return fate() != Fate::kUntouched; }
  // Final when it has left, or was told kAborted.
  Fate fate() const { return fate_.load(std::memory_order_acquire); }

 private:
  friend class TaskSet;
  enum class State : uint8_t { kOut, kDormant, kEnabled };

  NexusTasks* nexus_ = nullptr;
  Told told_ = nullptr;
  State state_ = State::kOut;  // written under the nexus's lock or the set's, read under both
  std::atomic<Fate> fate_{Fate::kUntouched};  // written under both
  uint64_t aborted_at_ = 0;  // number of the abort that came first; 0: none. Under both
};

class TaskAbort : public ListNode<> {
 public:
  // Runs once for an abort that had to wait. Called on any thread, without locks.
  using Done = void (*)(TaskAbort& abort);

  TaskAbort() = default;
  ~TaskAbort() { QUIRE_CHECK(count_pending_ == 0); }

  // How many commands it found in the set, those that were aborted before included.
  uint32_t count_found() const { return count_found_; }

 private:
  friend class TaskSet;

  void Aim(std::span<NexusTasks* const> victims);
  void Aim(NexusTasks& nexus);
  void AimAtAll();

  Done done_ = nullptr;
  NexusTasks* nexus_ = nullptr;  // where it is about one
  std::span<NexusTasks* const> victims_;
  bool all_ = false;
  std::optional<uint64_t> tag_;
  const Task* except_ = nullptr;
  uint64_t number_ = 0;
  uint32_t count_found_ = 0;
  uint32_t count_pending_ = 0;  // under the set's lock
};

}  // namespace quire
