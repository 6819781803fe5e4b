// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What makes a device a SCSI logical unit (SAM-5: the device server and the task manager): the way
// of a command from its CDB to its answer, and the state that all nexuses share.
//
//   CDB -> task set -> unit attention -> reservation -> medium -> blocks to itself -> handler
//                                                                                   -> answer
//
// Owns: that state. Lifetime: the device outlives it, it outlives its nexuses and commands.
// Threads: Execute on the nexus's reactor; the rest any thread.
// Errors: every answer is an Outcome in the command.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "vdisk/absent_nexuses.h"
#include "vdisk/block_limits.h"
#include "vdisk/capacity.h"
#include "vdisk/description.h"
#include "vdisk/device.h"
#include "vdisk/identity.h"
#include "vdisk/inquiry.h"
#include "vdisk/log_pages.h"
#include "vdisk/logical_units.h"
#include "vdisk/medium.h"
#include "vdisk/medium_rewrite.h"
#include "vdisk/mode_file.h"
#include "vdisk/mode_parameters.h"
#include "vdisk/range_lock.h"
#include "vdisk/reservation_state.h"
#include "vdisk/room_watch.h"
#include "vdisk/scsi_command.h"
#include "vdisk/scsi_nexus.h"
#include "vdisk/task_management.h"
#include "vdisk/task_set.h"

namespace quire {

class Background;

class DeviceServer {
 public:
  using Options = UnitOptions;

  static absl::StatusOr<std::unique_ptr<DeviceServer>> Create(Device& device,
                                                              const Options& options);
  ~DeviceServer();

  // A nexus of this initiator port through that target port.
  std::unique_ptr<ScsiNexus> Connect(Reactor& reactor, NexusId id, TargetPortIdentity port);

  // Starts `command`; it is answered by command.done. REQUIRES: idle.
  void Execute(ScsiNexus& nexus, ScsiCommand& command);
  // Carries out a task management function that came over `nexus`; it is answered by
  // function.done. REQUIRES: idle.
  void Manage(ScsiNexus& nexus, TaskManagement& function);

  // All ports are of one group of asymmetric access (SPC-4 5.15).
  static constexpr uint16_t kPortGroup = 1;

  Device& device() { return device_; }
  std::span<const TargetPort> ports() const { return ports_; }
  TaskSet& task_set() { return task_set_; }
  ModeState mode_state() const;
  std::shared_ptr<const Reservations> reservations() const { return reservations_->state(); }
  bool keeps_reservations() const { return reservations_->kept(); }
  const BlockLimits& limits() const { return description_.limits; }
  const Provisioning& provisioning() const { return description_.provisioning; }
  // What this disk does; the rest is refused.
  const OperationSet& operations() const { return description_.operations; }
  const PhysicalBlocks& physical() const { return description_.physical; }
  const Identity& identity() const { return identity_; }
  // Good, or why nothing may be written.
  Outcome write_protection() const;
  // GOOD may only be said when data is stable (WCE=0).
  bool writes_through() const { return !wce_.load(std::memory_order_relaxed); }
  // Whether the reservations let a nexus do that, which need not be connected.
  bool Allows(const NexusId& id, ReservationClass command_class) const;
  // Where this disk finds others; may be nullptr.
  LogicalUnits* units() const { return units_; }
  Medium& medium() { return medium_; }
  const Medium& medium() const { return medium_; }
  MediumRewrite& rewrite() { return rewrite_; }
  RangeLock& ranges() { return ranges_; }
  // nullptr: it has no home.
  Background* background() { return background_.get(); }
  // Lifetime: of this and the nexus.
  InquirySource inquiry_source(const ScsiNexus& nexus) const;
  // What a thin disk has and what is left to it; none where that is not known. May block.
  std::optional<MappingResources> mapping_resources() const;
  // The parameters of the next start. Blocks. An error: nothing was saved. One at a time.
  Outcome SaveMode(const ModeParameters& parameters);
  // New mode parameters, which the other nexuses are told about.
  void ChangeMode(const ModeParameters& parameters, const ScsiNexus& by);
  // Tells every nexus, but one.
  void PostAttention(UnitAttention attention, const ScsiNexus* except = nullptr);
  // Tells the nexus that asked, if it is still there, what became of a command that it has the
  // answer of.
  void PostDeferredError(const NexusId& asker, const Outcome& outcome);
  void CheckInvariants();

  // ---- For operators (management.cc). They wait for commands in flight: never on a reactor. ----
  // A copy of the disk as it is at one moment, in a new file beside its own, which shares all
  // blocks that neither has changed since (reflink). Every command that was answered before is in
  // it, and each other one whole or not at all.
  absl::Status Snapshot(const std::string& path);
  // The disk is `size_bytes` long from now on: whole blocks, and whatever is missing is added to
  // the file. Every nexus is told. A disk shrinks only with `force`: what is behind the end is
  // lost.
  struct Resizing {
    bool force = false;
    uint64_t patience_ns = kPatienceNs;  // for commands and references in flight
  };
  absl::Status Resize(uint64_t size_bytes, const Resizing& how);
  absl::Status Resize(uint64_t size_bytes) { return Resize(size_bytes, Resizing()); }

 private:
  friend class CommandRun;
  friend class ScsiNexus;

  DeviceServer(Device& device, const Options& options, Identity identity,
               const Description& description, std::unique_ptr<ReservationState> reservations,
               MediumMark mark);
  void Enter(ScsiNexus& nexus);
  void Leave(ScsiNexus& nexus);

  bool Started(ScsiNexus& nexus, TaskManagement& function);
  // The stations of a command; each goes on to the next or ends it.
  void TakeTurn(ScsiCommand& command);
  Outcome Refusal(ScsiCommand& command);
  void ClaimBlocks(ScsiCommand& command);
  bool EndIfBlocksWent(ScsiCommand& command);
  void Run(ScsiCommand& command);
  void End(ScsiCommand& command, const Outcome& outcome);
  static void Answer(ScsiCommand& command);
  void SetMode(const ModeParameters& parameters) QUIRE_REQUIRES(mutex_);
  // What a reset of the unit sets back.
  void Reset() QUIRE_REQUIRES(mutex_);
  static void HopTo(ScsiCommand& command, void (*then)(ScsiCommand& command));

  // On a worker.
  void ChangeReservations(ScsiCommand& command);
  void Tell(const ReservationEffect& effect);
  bool Fence(ScsiCommand& command, const ReservationEffect& effect);
  // Then on the command's reactor.
  static void EndChange(ScsiCommand& command);
  bool CopiesAreOver(ScsiCommand& command);
  absl::Status Cut(uint64_t size_bytes, const Resizing& how);

  // Constant after construction.
  Device& device_;
  const Identity identity_;
  const Description description_;
  const std::vector<TargetPort> ports_;
  LogicalUnits* const units_;
  Reactor* const home_;
  const std::optional<ModeFile> mode_file_;
  // Have locks of their own.
  std::optional<RoomWatch> room_watch_;  // with a threshold
  RangeLock ranges_;
  TaskSet task_set_;
  AbsentNexuses absent_;
  const std::unique_ptr<ReservationState> reservations_;
  Medium medium_;
  MediumRewrite rewrite_;
  // Any thread. Written under mutex_.
  std::atomic<bool> wce_{true}, d_sense_{false}, swp_{false};  // of mode_.current
  Mutex management_mutex_;  // one operator at a time; held across waits
  // Guarded.
  mutable Mutex mutex_;
  std::vector<ScsiNexus*> nexuses_ QUIRE_GUARDED_BY(mutex_);
  ModeState mode_ QUIRE_GUARDED_BY(mutex_);
  // The first to go.
  std::unique_ptr<Background> background_;
};

}  // namespace quire
