// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One initiator port's relationship with one logical unit through one target port, as SCSI sees it:
// what it has to be told, what it may do, which of its commands are in the task set.
// Owns: its way into the device. Lifetime: the device server and the reactor outlive it; no command
// of it is running or lent when it goes. Threads: the reactor's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vdisk/copy_results.h"
#include "vdisk/deferred_error.h"
#include "vdisk/identity.h"
#include "vdisk/nexus.h"
#include "vdisk/nexus_id.h"
#include "vdisk/range_lock.h"
#include "vdisk/reservation_view.h"
#include "vdisk/room_watch.h"
#include "vdisk/task_set.h"
#include "vdisk/unit_attention.h"

namespace quire {

class DeviceServer;

class ScsiNexus {
 public:
  ScsiNexus(DeviceServer& server, Reactor& reactor, NexusId id, TargetPortIdentity port);
  ~ScsiNexus();
  ScsiNexus(const ScsiNexus&) = delete;
  ScsiNexus& operator=(const ScsiNexus&) = delete;

  // By which it is remembered while it is away.
  static std::string NameOf(const NexusId& id);
  const NexusId& id() const { return id_; }
  const TargetPortIdentity& port() const { return port_; }
  DeviceServer& server() { return server_; }
  // For task management functions.
  NexusTasks& tasks() { return tasks_; }
  // Of its third-party copies; the reactor's.
  CopyResults& copies() { return copies_; }
  UnitAttentionQueue& attentions() { return attentions_; }
  DeferredError& deferred() { return deferred_; }

  // Which LUNs the initiator port sees through the target port, in ascending order: told by REPORT
  // LUNS, and a change of them as a unit attention. Shared by the nexuses of one session. REQUIRES:
  // not null.
  void SetLuns(std::shared_ptr<const std::vector<uint32_t>> luns);
  const std::vector<uint32_t>& luns() const { return *luns_; }
  // What WRITE BUFFER left for READ BUFFER (SPC-4 6.18.9); empty: nothing yet.
  std::vector<uint8_t>& echo_buffer() { return echo_buffer_; }

 private:
  friend class DeviceServer;
  friend class CommandRun;

  // Constant after construction.
  DeviceServer& server_;
  Reactor& reactor_;
  const NexusId id_;
  const TargetPortIdentity port_;
  const std::string name_;  // of the nexus, for those who remember it while it is away
  // Any thread.
  UnitAttentionQueue attentions_;
  DeferredError deferred_;
  NexusTasks tasks_;
  // The reactor's.
  std::unique_ptr<Nexus> nexus_;
  RangeLane lane_;
  std::optional<RoomLookout> lookout_;  // where the disk has a threshold
  ReservationView view_;
  CopyResults copies_;
  std::shared_ptr<const std::vector<uint32_t>> luns_;
  std::vector<uint8_t> echo_buffer_;
};

}  // namespace quire
