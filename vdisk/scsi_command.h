// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One SCSI command: a CDB with its data, from a front end down and back.
//
//   idle --Execute--> waiting for its turn, or for its blocks --> running --done--> answered
//     ^                                                                                |
//     '------------------------- the last owner lets go --------------------------------'
//
// Owns: its place in the task set and, while it runs, its blocks; once answered, its parameter data
// or the references to the bytes it read. Lifetime: caller-owned; stays where it is from Execute
// until `freed` (or the last Drop). Threads: its nexus's reactor; Keep and Drop any thread.
// Source: SAM-5 5 (SCSI commands).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/completion.h"
#include "vdisk/cdb.h"
#include "vdisk/command.h"
#include "vdisk/copy_task.h"
#include "vdisk/range_claim.h"
#include "vdisk/reservation_state.h"
#include "vdisk/sense_data.h"
#include "vdisk/task.h"

namespace quire {

class DeviceServer;
class ScsiNexus;

class ScsiCommand {
 public:
  ScsiCommand() = default;
  ~ScsiCommand() { QUIRE_CHECK(state_ == State::kIdle); }
  ScsiCommand(const ScsiCommand&) = delete;
  ScsiCommand& operator=(const ScsiCommand&) = delete;

  // ---- Inputs ----
  std::span<const uint8_t> cdb;  // borrowed until Execute returns
  SgView data_out;               // borrowed until `done`: all that its initiator sent
  uint64_t tag = 0;              // as Task::tag
  TaskAttribute attribute = TaskAttribute::kSimple;
  bool stable = false;  // a read's bytes may not change afterwards, for example under a digest
  // Runs once, from the reactor's ready list. Comes before `freed`.
  void (*done)(ScsiCommand& command) = nullptr;
  // Optional: runs once when the last owner let go, on that owner's thread; the command may be used
  // again or destroyed from here on.
  void (*freed)(ScsiCommand& command) = nullptr;

  // ---- Valid from `done` ----
  // False: it was aborted and its initiator is to hear nothing (SAM-5 5.6).
  bool answered() const { return fate_ != Fate::kSilent; }
  const Outcome& outcome() const { return outcome_; }
  // In the format that the control mode page asked for when it ended.
  SenseData sense() const { return SenseData::Encode(outcome_, sense_format_); }
  // What is for the initiator; references where it read cached blocks.
  SgView data_in() const;
  StableBytes& stable_bytes() { return step_.stable_bytes(); }

  // Another owner of the bytes, as for Command.
  void Keep() { owners_.fetch_add(1, std::memory_order_relaxed); }
  void Drop();

 private:
  friend class DeviceServer;
  friend class CommandRun;

  enum class State : uint8_t { kIdle, kRunning, kAnswered };
  // How a handler goes on after a step.
  using Next = void (*)(class CommandRun run);
  using Job = Outcome (*)(class CommandRun run);
  // What others keep for a while and hand back, and the command that it is of.
  struct Whole {
    ScsiCommand* command;
  };
  template <typename Base>
  struct Part : Whole, Base {
    explicit Part(ScsiCommand& whole) : Whole{&whole} {}
  };
  struct Hop : Part<Completion> {
    using Part::Part;
    void (*then)(ScsiCommand& command) = nullptr;
  };
  using Place = Part<Task>;
  using Claim = Part<RangeClaim>;
  using Step = Part<Command>;
  using Work = Part<WorkOp>;
  using Fence = Part<TaskAbort>;

  // What every READ and WRITE touches, together.
  State state_ = State::kIdle;
  Fate fate_ = Fate::kUntouched;
  SenseFormat sense_format_ = SenseFormat::kFixed;
  bool claimed_ = false;
  bool inside_execute_ = false;  // an answer has to wait until that has returned
  bool step_held_ = false;       // not yet dropped
  bool parameter_is_in_ = false;
  std::atomic<uint32_t> owners_{0};
  DeviceServer* server_ = nullptr;
  ScsiNexus* nexus_ = nullptr;
  Next next_ = nullptr;
  Cdb cdb_;
  Outcome outcome_;
  Place place_{*this};
  Claim claim_{*this};
  RangePart part_;
  Step step_{*this};
  // A wait.
  Hop hop_{*this};
  // Commands with lists or several steps.
  std::vector<RangePart> parts_;    // of UNMAP and EXTENDED COPY; others have one
  std::unique_ptr<CopyTask> copy_;  // of EXTENDED COPY
  BlockRange left_;                 // of a command that goes piece by piece
  size_t index_ = 0;                // likewise
  std::vector<uint8_t> parameter_;  // parameter data for the initiator, or a list from it
  std::vector<Segment> pieces_;     // of data that a step writes
  std::vector<Segment> promised_;   // of data_out, where more was sent
  Segment parameter_segment_{};
  // On a worker thread, which leaves its outcome in outcome_.
  Work work_{*this};
  Job job_ = nullptr;
  // PERSISTENT RESERVE OUT.
  ReservationChange change_;
  ReservationEffect effect_;
  Fence fence_{*this};
  std::vector<NexusTasks*> victims_;
  int awaited_ = 0;  // the worker, and the victims
};

}  // namespace quire
