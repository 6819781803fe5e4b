// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/device_server.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "pagecache/file.h"
#include "vdisk/background.h"
#include "vdisk/command_run.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

// Those of the last start, or the default ones where there are none or they are damaged.
ModeParameters SavedParameters(const std::optional<ModeFile>& file, const ModeTraits& traits) {
  if (!file.has_value()) return traits.defaults;
  const absl::StatusOr<std::optional<ModeParameters>> loaded = file->Load();
  if (!loaded.ok()) {
    Log(LogLevel::kError,
        absl::StrCat("default mode parameters are used: ", loaded.status().message()));
  }
  ModeParameters saved = loaded.ok() ? loaded->value_or(traits.defaults) : traits.defaults;
  if (!traits.wce_changeable) saved.wce = traits.defaults.wce;
  return saved;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceServer>> DeviceServer::Create(Device& device,
                                                                   const Options& options) {
  IdentityOptions named = options.identity;
  if (named.name.empty()) named.name = device.file().options().path;
  absl::StatusOr<Identity> identity = Identity::Make(named);
  if (!identity.ok()) return identity.status();
  absl::StatusOr<Description> description = Description::Of(device, options);
  if (!description.ok()) return description.status();
  absl::StatusOr<std::unique_ptr<ReservationState>> reservations =
      ReservationState::Open(options.reservation_file);
  if (!reservations.ok()) return reservations.status();
  MediumMark mark(options.medium_file);
  const absl::StatusOr<std::optional<Medium::Work>> begun = mark.Load();
  if (!begun.ok()) return begun.status();
  auto server = std::unique_ptr<DeviceServer>(
      new DeviceServer(device, options, *std::move(identity), *description,
                       *std::move(reservations), std::move(mark)));
  if (begun->has_value()) server->medium_.RestoreFailed(**begun);
  if (options.home != nullptr) {
    server->background_ = std::make_unique<Background>(*server, *options.home);
  }
  if (options.units != nullptr) {
    if (absl::Status added = options.units->Add(*server, server->identity_); !added.ok()) {
      return added;
    }
  }
  return server;
}

DeviceServer::DeviceServer(Device& device, const Options& options, Identity identity,
                           const Description& description,
                           std::unique_ptr<ReservationState> reservations, MediumMark mark)
    : device_(device),
      identity_(std::move(identity)),
      description_(description),
      ports_(options.ports),
      units_(options.units),
      home_(options.home),
      mode_file_(options.mode_file.empty() ? std::nullopt
                                           : std::optional<ModeFile>(options.mode_file)),
      reservations_(std::move(reservations)),
      medium_(options.removable),
      rewrite_(*this, std::move(mark)) {
  MutexLock lock(mutex_);
  mode_.traits = description_.mode;
  mode_.saved = SavedParameters(mode_file_, mode_.traits);
  SetMode(mode_.saved);
  if (options.threshold_bytes != 0) room_watch_.emplace(device.file(), options.threshold_bytes);
}

void DeviceServer::SetMode(const ModeParameters& parameters) {
  mode_.current = parameters;
  wce_.store(parameters.wce != 0, std::memory_order_relaxed);
  d_sense_.store(parameters.d_sense != 0, std::memory_order_relaxed);
  swp_.store(parameters.swp != 0, std::memory_order_relaxed);
}

DeviceServer::~DeviceServer() {
  if (units_ != nullptr && home_ != nullptr) {  // whoever copies may need this very reactor
    units_->BeginRemove(*this);
    while (!units_->TryRemove(*this)) home_->Wait(kNsPerMs);
  } else if (units_ != nullptr) {
    units_->Remove(*this);
  }
  MutexLock lock(mutex_);
  QUIRE_CHECK(nexuses_.empty());
}

std::unique_ptr<ScsiNexus> DeviceServer::Connect(Reactor& reactor, NexusId id,
                                                 TargetPortIdentity port) {
  port.port_group = kPortGroup;
  return std::make_unique<ScsiNexus>(*this, reactor, std::move(id), port);
}

// Here or away, never neither: whoever tells a nexus something finds it in one of both.
void DeviceServer::Enter(ScsiNexus& nexus) {
  MutexLock lock(mutex_);
  UnitAttentionList missed = absent_.Return(nexus.name_);
  while (const auto attention = missed.Take()) nexus.attentions_.Post(*attention);
  nexuses_.push_back(&nexus);
}

void DeviceServer::Leave(ScsiNexus& nexus) {
  medium_.Allow(nexus);
  MutexLock lock(mutex_);
  std::erase(nexuses_, &nexus);
  absent_.Leave(nexus.name_, nexus.attentions_.list());
  reservations_->ReleaseSpc2(&nexus.id_);
}

// SAM-5 6.3.3; commands and unit attentions are the task set's. A write cache that is on stays on:
// what is in it would have to be made stable first, which initiators then need not ask for.
void DeviceServer::Reset() {
  ModeParameters parameters = mode_.saved;
  if (mode_.current.wce != 0) parameters.wce = 1;
  SetMode(parameters);
  absent_.PostAll(UnitAttention::kUnitReset);
  reservations_->ReleaseSpc2();
  medium_.AllowAll();
}

void DeviceServer::CheckInvariants() {
  task_set_.CheckInvariants();
  ranges_.CheckInvariants();
}

ModeState DeviceServer::mode_state() const {
  MutexLock lock(mutex_);
  return mode_;
}

InquirySource DeviceServer::inquiry_source(const ScsiNexus& nexus) const {
  return {.identity = identity_,
          .traits = description_.traits,
          .port = nexus.port(),
          .limits = description_.limits,
          .provisioning = description_.provisioning,
          .block_bytes = device_.geometry().block_bytes};
}

Outcome DeviceServer::write_protection() const {
  if (device_.read_only()) return kWriteProtected;
  return swp_.load(std::memory_order_relaxed) ? kSoftwareWriteProtected : kGood;
}

bool DeviceServer::Allows(const NexusId& id, ReservationClass command_class) const {
  ReservationView view;
  reservations_->Renew(view, id);
  return view.Allows(command_class);
}

std::optional<MappingResources> DeviceServer::mapping_resources() const {
  if (description_.provisioning.threshold_exponent == 0) return std::nullopt;
  const std::optional<Room> room = device_.file().CurrentRoom();
  if (!room.has_value()) return std::nullopt;
  const uint32_t block_bytes = device_.geometry().block_bytes;
  return MappingResources{.available = room->available_bytes / block_bytes,
                          .used = room->used_bytes / block_bytes,
                          .threshold_exponent = description_.provisioning.threshold_exponent,
                          .available_scope = ResourceScope::kShared};
}

Outcome DeviceServer::SaveMode(const ModeParameters& parameters) {
  const absl::Status saved = mode_file_->Save(parameters);
  if (!saved.ok()) {
    Log(LogLevel::kError, absl::StrCat("mode parameters are as they were: ", saved.message()));
    return kInternalTargetFailure;
  }
  MutexLock lock(mutex_);
  mode_.saved = parameters;
  return kGood;
}

void DeviceServer::ChangeMode(const ModeParameters& parameters, const ScsiNexus& by) {
  {
    MutexLock lock(mutex_);
    if (parameters == mode_.current) return;
    SetMode(parameters);
  }
  PostAttention(UnitAttention::kModeParametersChanged, &by);
}

void DeviceServer::PostAttention(UnitAttention attention, const ScsiNexus* except) {
  MutexLock lock(mutex_);
  for (ScsiNexus* const nexus : nexuses_) {
    if (nexus != except) nexus->attentions_.Post(attention);
  }
  absent_.PostAll(attention);
}

void DeviceServer::PostDeferredError(const NexusId& asker, const Outcome& outcome) {
  MutexLock lock(mutex_);
  const auto there = std::ranges::find_if(
      nexuses_, [&asker](const ScsiNexus* nexus) { return nexus->id_ == asker; });
  if (there != nexuses_.end()) (*there)->deferred_.Post(outcome);
}

}  // namespace quire
