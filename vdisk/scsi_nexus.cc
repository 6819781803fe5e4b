// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/scsi_nexus.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "vdisk/device_server.h"

namespace quire {

std::string ScsiNexus::NameOf(const NexusId& id) {
  return absl::StrCat(id.initiator.ToString(), " ", id.target_port);
}

ScsiNexus::ScsiNexus(DeviceServer& server, Reactor& reactor, NexusId id, TargetPortIdentity port)
    : server_(server),
      reactor_(reactor),
      id_(std::move(id)),
      port_(port),
      name_(NameOf(id_)),
      tasks_(server.task_set_, attentions_),
      nexus_(server.device_.Connect(reactor)),
      lane_(server.ranges_) {
  server_.Enter(*this);
}

ScsiNexus::~ScsiNexus() { server_.Leave(*this); }

}  // namespace quire
