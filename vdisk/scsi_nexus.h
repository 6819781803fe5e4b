// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One initiator port's relationship with one logical unit through one target port, as SCSI sees it:
// what it has to be told, what it may do, which of its commands are in the task set.
// Owns: its way into the device. Lifetime: the device server and the reactor outlive it; no command
// of it is running or lent when it goes. Threads: the reactor's.
#pragma once

#include <memory>
#include <string>

#include "vdisk/copy_results.h"
#include "vdisk/identity.h"
#include "vdisk/nexus.h"
#include "vdisk/nexus_id.h"
#include "vdisk/range_lock.h"
#include "vdisk/reservation_view.h"
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
  NexusTasks tasks_;
  // The reactor's.
  std::unique_ptr<Nexus> nexus_;
  RangeLane lane_;
  ReservationView view_;
  CopyResults copies_;
};

}  // namespace quire
