// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A running command as its handler sees it: what it was asked, steps to take in the page cache, and
// the ways to end it. A handler ends the command once, at once or after its last step.
// Owns: nothing. Lifetime: of the command's run. Threads: the nexus's reactor. A value, passed on
// from step to step.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "vdisk/device_server.h"
#include "vdisk/outcomes.h"
#include "vdisk/response.h"

namespace quire {

class CommandRun {
 public:
  using Next = void (*)(CommandRun run);
  using Handler = void (*)(CommandRun run);
  using Job = Outcome (*)(CommandRun run);

  // nullptr: the disk has no such command.
  static Handler HandlerOf(Operation operation);

  explicit CommandRun(ScsiCommand& command) : command_(command) {}

  const Cdb& cdb() const { return command_.cdb_; }
  DeviceServer& server() const { return *command_.server_; }
  ScsiNexus& nexus() const { return *command_.nexus_; }
  Geometry geometry() const { return server().device_.geometry(); }
  SgView data_out() const { return command_.data_out; }

  // ---- Ends ----
  void End(const Outcome& outcome = kGood) const { server().End(command_, outcome); }
  // The same from any thread.
  void EndFromAnywhere(const Outcome& outcome) const;
  // Answers with parameter data of at most the allocation length; `write(response)` gives its
  // outcome.
  template <typename Write>
  void Respond(Write write) const {
    End(Fill(write));
  }
  // The same before the end, for example on a worker.
  template <typename Write>
  Outcome Fill(Write write) const {
    std::vector<uint8_t>& data = command_.parameter_;
    data.resize(std::min<uint64_t>(cdb().length, kMaxParameterBytes));
    Response response(data);
    const Outcome outcome = write(response);
    data.resize(outcome.good() ? response.written_bytes() : 0);
    command_.parameter_is_in_ = true;
    return outcome;
  }
  // Carries out what may block on a worker thread, and ends the command with what it returns.
  void EndByWorker(Outcome (*work)(CommandRun run)) const;

  // ---- Questions ----
  // True, and the command has ended: more than one step carries, which Block Limits say (SBC-3
  // 6.6.3, MAXIMUM TRANSFER LENGTH).
  bool EndIfTooLong() const;
  // False, and the command has ended: its initiator sent less than the CDB promises. What it sent
  // beyond that is not looked at.
  bool HasAllData() const;
  // True, and the command has ended (SBC-3 4.13).
  bool EndIfWriteProtected() const;

  // ---- Steps ----
  // The list that came with the command, as bytes.
  std::span<const uint8_t> List() const;
  struct Transfer {
    CommandKind kind = CommandKind::kRead;
    BlockRange blocks = {};
    SgView data = {};     // kWrite; the segments outlive the step
    bool fua = false;     // kWrite
    bool atomic = false;  // kWrite
    bool copy = false;    // kRead: private bytes
  };
  // Goes on with `next` when it has succeeded; a failure ends the command.
  void Take(const Transfer& step, Next next) const;
  // What the last read step found.
  SgView found() const { return command_.step_.data_in().view(); }
  // Ends the command with what the last read step found: its initiator gets it.
  void EndWithFound() const;

  // Copies blocks between disks, of which the command's own need not be one. Goes on with `next` in
  // any case; then step_outcome() tells.
  void Copy(const CopyEnds& ends, BlockRange blocks, bool fua, Next next) const;
  const Outcome& step_outcome() const { return command_.step_.outcome; }

  struct ClaimedBlocks {
    DeviceServer& of;
    BlockRange blocks;
  };
  // Goes on with `next` when nobody else is at these blocks, until the command ends. REQUIRES: on
  // their disks, none of them empty.
  void Claim(std::span<const ClaimedBlocks> all, Next next) const;
  // All of them on the command's own disk.
  void ClaimForItself(std::span<const BlockRange> ranges, Next next) const;
  // Likewise when no other command changes the mode parameters or, with `disk`, uses any block.
  void ClaimModeParameters(bool disk, Next next) const;
  // Does `job` on a worker thread, where it may block, and goes on with `next` when it has
  // succeeded; a failure ends the command.
  void OnWorker(Job job, Next next) const;
  // Carries the change out on a worker thread, fences whom it preempts, and ends the command.
  void ChangeReservations(ReservationChange change) const;
  // Makes the medium anew and ends the command, with `immed` at once. REQUIRES: Medium::Begin.
  void Rewrite(const MediumRewrite::Plan& plan, bool immed) const;

  // For commands that go piece by piece.
  BlockRange& left() const { return command_.left_; }
  size_t& index() const { return command_.index_; }
  std::vector<Segment>& pieces() const { return command_.pieces_; }
  std::vector<uint8_t>& scratch() const { return command_.parameter_; }
  std::unique_ptr<CopyTask>& copy_task() const { return command_.copy_; }

  // An abort has come: what is not yet published must not be.
  bool aborted() const { return command_.place_.aborted(); }
  // GOOD may only be said when the data is stable.
  bool writes_through() const;
  SenseFormat sense_format() const;

 private:
  static constexpr uint64_t kMaxParameterBytes = 1 << 20;

  Command& NextStep(Next next) const;
  void ClaimParts(Next next) const;

  friend class DeviceServer;

  ScsiCommand& command_;
};

}  // namespace quire
