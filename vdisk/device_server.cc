// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/device_server.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "pagecache/file.h"
#include "vdisk/command_run.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

// The kernel's atomic writes are powers of two at multiples of themselves, and Block Limits have no
// words for that: between two sizes they promise every multiple of the granularity, which
// initiators make use of when they join neighbouring writes. So one size is told and taken; 0 for
// none.
uint32_t AtomicUnit(const BackingTraits& traits, uint32_t wanted_bytes, uint32_t block_bytes) {
  const uint32_t unit = std::bit_floor(std::min<uint32_t>(
      {wanted_bytes, traits.atomic_write_max_bytes, static_cast<uint32_t>(kMaxTransferBytes)}));
  return unit < std::max(block_bytes, traits.atomic_write_min_bytes) ? 0 : unit;
}

// How much UNMAP and WRITE SAME do in one command: none takes longer than its initiator waits.
constexpr uint64_t kMaxUnmapBytes = uint64_t{4} << 30;
constexpr uint64_t kMaxWriteSameBytes = 256 << 20;

Provisioning ProvisioningOf(const Device& device, bool thin) {
  Provisioning provisioning;
  if (!thin || !device.traits().punch_hole) return provisioning;
  provisioning.type = ProvisioningType::kThin;
  provisioning.unmap = true;
  provisioning.write_same16 = true;
  provisioning.write_same10 = true;
  provisioning.reads_zeroes = true;  // as every hole does
  return provisioning;
}

// One command's longest transfer is what one step carries.
BlockLimits LimitsOf(const Device& device, const Provisioning& provisioning,
                     uint32_t atomic_bytes) {
  const BackingTraits& traits = device.traits();
  const uint32_t block_bytes = device.geometry().block_bytes;
  const auto blocks = [block_bytes](uint64_t bytes) {
    return static_cast<uint32_t>(bytes / block_bytes);
  };
  BlockLimits limits;
  limits.max_compare_and_write = 255;
  limits.optimal_granularity = static_cast<uint16_t>(blocks(4096));  // a page of the cache
  limits.max_transfer = blocks(kMaxTransferBytes);
  limits.optimal_transfer = blocks(kMaxTransferBytes / 4);
  limits.write_same_needs_count = true;
  limits.max_write_same = blocks(kMaxWriteSameBytes);
  limits.max_atomic = blocks(AtomicUnit(traits, atomic_bytes, block_bytes));
  limits.atomic_alignment = limits.atomic_granularity = limits.max_atomic;
  if (!provisioning.unmap) return limits;
  limits.max_unmap = blocks(kMaxUnmapBytes);
  limits.max_unmap_descriptors = 256;
  limits.unmap_granularity = std::max(1u, blocks(traits.punch_granularity_bytes));
  limits.unmap_alignment = blocks(traits.punch_offset_bytes);
  return limits;
}

OperationSet OperationsOf(const BlockLimits& limits) {
  OperationSet operations = OperationSet::All();
  for (const Opcode& row : AllOpcodes()) {
    if (CommandRun::HandlerOf(row.operation) == nullptr) {
      operations = operations.Without(row.operation);
    }
  }
  if (limits.max_unmap == 0) operations = operations.Without(Operation::kUnmap);
  if (limits.max_atomic == 0) operations = operations.Without(Operation::kWriteAtomic);
  return operations;
}

// WCE as the file's cache is. What a writeback or uncached file does can be had stable by flushing
// each write; a writethrough one cannot be made to write back.
ModeTraits ModeTraitsOf(const Device& device) {
  const CacheMode cache = device.cache();
  ModeTraits traits;
  traits.write_protected = device.read_only();
  traits.savable = false;
  traits.wce_changeable = cache != CacheMode::kWritethrough;
  traits.read_cache_disabled = cache == CacheMode::kNone;
  traits.defaults.wce = traits.wce_changeable ? 1 : 0;
  return traits;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceServer>> DeviceServer::Create(Device& device,
                                                                   const Options& options) {
  IdentityOptions named = options.identity;
  if (named.name.empty()) named.name = device.file().options().path;
  absl::StatusOr<Identity> identity = Identity::Make(named);
  if (!identity.ok()) return identity.status();
  absl::StatusOr<std::unique_ptr<ReservationState>> reservations =
      ReservationState::Open(options.reservation_file);
  if (!reservations.ok()) return reservations.status();
  auto server = std::unique_ptr<DeviceServer>(
      new DeviceServer(device, options, *std::move(identity), *std::move(reservations)));
  if (options.units != nullptr) {
    if (absl::Status added = options.units->Add(*server, server->identity_); !added.ok()) {
      return added;
    }
  }
  return server;
}

DeviceServer::DeviceServer(Device& device, const Options& options, Identity identity,
                           std::unique_ptr<ReservationState> reservations)
    : device_(device),
      identity_(std::move(identity)),
      traits_{.removable = options.removable, .third_party_copy = true},
      provisioning_(ProvisioningOf(device, options.thin)),
      limits_(LimitsOf(device, provisioning_, options.atomic_bytes)),
      operations_(OperationsOf(limits_)),
      physical_{.exponent = options.physical_exponent},
      ports_(options.ports),
      units_(options.units),
      reservations_(std::move(reservations)) {
  MutexLock lock(mutex_);
  mode_.traits = ModeTraitsOf(device);
  mode_.saved = mode_.traits.defaults;
  SetMode(mode_.traits.defaults);
}

void DeviceServer::SetMode(const ModeParameters& parameters) {
  mode_.current = parameters;
  wce_.store(parameters.wce != 0, std::memory_order_relaxed);
  d_sense_.store(parameters.d_sense != 0, std::memory_order_relaxed);
  swp_.store(parameters.swp != 0, std::memory_order_relaxed);
}

DeviceServer::~DeviceServer() {
  if (units_ != nullptr) units_->Remove(*this);
  MutexLock lock(mutex_);
  QUIRE_CHECK(nexuses_.empty());
}

std::unique_ptr<ScsiNexus> DeviceServer::Connect(Reactor& reactor, NexusId id,
                                                 TargetPortIdentity port) {
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
  MutexLock lock(mutex_);
  std::erase(nexuses_, &nexus);
  absent_.Leave(nexus.name_, nexus.attentions_.list());
  reservations_->ReleaseSpc2(&nexus.id_);
}

// SAM-5 6.3.3; commands and unit attentions are the task set's.
void DeviceServer::Reset() {
  SetMode(mode_.saved);
  absent_.PostAll(UnitAttention::kUnitReset);
  reservations_->ReleaseSpc2();
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
          .traits = traits_,
          .port = nexus.port(),
          .limits = limits_,
          .provisioning = provisioning_,
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

}  // namespace quire
