// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/scsi_nexus.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "vdisk/device_server.h"

namespace quire {
namespace {

std::shared_ptr<const std::vector<uint32_t>> OnlyLun0() {
  static const auto kLuns = std::make_shared<const std::vector<uint32_t>>(1, 0);
  return kLuns;
}

}  // namespace

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
      lane_(server.ranges_),
      luns_(OnlyLun0()) {
  if (server.room_watch_.has_value()) {
    lookout_.emplace(
        *server.room_watch_, reactor,
        [](void* owner) {
          static_cast<DeviceServer*>(owner)->PostAttention(UnitAttention::kThinThreshold);
        },
        &server);
  }
  server_.Enter(*this);
}

ScsiNexus::~ScsiNexus() { server_.Leave(*this); }

void ScsiNexus::SetLuns(std::shared_ptr<const std::vector<uint32_t>> luns) {
  QUIRE_CHECK(luns != nullptr);
  const bool changed = *luns != *luns_;
  luns_ = std::move(luns);
  if (changed) attentions_.Post(UnitAttention::kReportedLunsChanged);
}

}  // namespace quire
