// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/description.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"
#include "pagecache/file.h"
#include "vdisk/command_run.h"

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

// Room is told in sets of 1 MiB: 32 bits of them are more than any file system has.
uint8_t ThresholdExponent(uint32_t block_bytes) {
  constexpr uint64_t kSetBytes = 1 << 20;
  return static_cast<uint8_t>(std::countr_zero(kSetBytes / block_bytes));
}

// In whole sets, rounded up.
uint32_t ThresholdSets(uint64_t bytes, const Provisioning& provisioning, uint32_t block_bytes) {
  if (bytes == 0) return 0;
  const uint64_t set_bytes = uint64_t{block_bytes} << provisioning.threshold_exponent;
  const uint64_t sets = (bytes - 1) / set_bytes + 1;
  return static_cast<uint32_t>(std::min<uint64_t>(sets, ~uint32_t{0}));
}

// How much UNMAP and WRITE SAME do in one command: none takes longer than its initiator waits.
constexpr uint32_t kMaxUnmapBlocks = 1 << 20;
constexpr uint64_t kMaxWriteSameBytes = 256 << 20;
// PRE-FETCH is no way to fill the memory of the machine.
constexpr uint64_t kMaxPrefetchBytes = 64 << 20;

Provisioning ProvisioningOf(Device& device, bool thin) {
  Provisioning provisioning;
  if (!thin || !device.traits().punch_hole) return provisioning;
  if (device.file().CurrentRoom().has_value()) {
    provisioning.threshold_exponent = ThresholdExponent(device.geometry().block_bytes);
  }
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
  limits.max_prefetch = blocks(kMaxPrefetchBytes);
  limits.write_same_needs_count = true;
  limits.max_write_same = blocks(kMaxWriteSameBytes);
  limits.max_atomic = blocks(AtomicUnit(traits, atomic_bytes, block_bytes));
  limits.atomic_alignment = limits.atomic_granularity = limits.max_atomic;
  if (!provisioning.unmap) return limits;
  limits.max_unmap = kMaxUnmapBlocks;
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
ModeTraits ModeTraitsOf(const Device& device, const UnitOptions& options,
                        const Provisioning& provisioning) {
  const CacheMode cache = device.cache();
  ModeTraits traits;
  traits.write_protected = device.read_only();
  traits.implicit_alua = true;
  traits.savable = !options.mode_file.empty();
  traits.thresholds = provisioning.threshold_exponent != 0;
  traits.threshold_sets =
      ThresholdSets(options.threshold_bytes, provisioning, device.geometry().block_bytes);
  traits.wce_changeable = cache != CacheMode::kWritethrough;
  traits.read_cache_disabled = cache == CacheMode::kNone;
  traits.defaults.wce = traits.wce_changeable ? 1 : 0;
  return traits;
}

}  // namespace

absl::StatusOr<Description> Description::Of(Device& device, const UnitOptions& options) {
  constexpr uint8_t kMaxExponent = 15;  // LOGICAL BLOCKS PER PHYSICAL BLOCK EXPONENT (SBC-3 5.16.2)
  if (options.physical_exponent > kMaxExponent) {
    return absl::InvalidArgumentError(
        absl::StrCat("a physical block of 2^", options.physical_exponent,
                     " logical ones; the exponent must be at most ", kMaxExponent));
  }
  Description description;
  description.provisioning = ProvisioningOf(device, options.thin);
  if (options.threshold_bytes != 0 && description.provisioning.threshold_exponent == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        device.file().options().path, ": a threshold is for thin disks in a file; leave it out"));
  }
  description.traits = {.removable = options.removable,
                        .third_party_copy = true,
                        .multiple_ports = options.ports.size() > 1,
                        .port_groups = TargetPortGroupSupport::kImplicit};
  description.limits = LimitsOf(device, description.provisioning, options.atomic_bytes);
  description.operations = OperationsOf(description.limits);
  description.physical = {.exponent = options.physical_exponent};
  description.mode = ModeTraitsOf(device, options, description.provisioning);
  return description;
}

}  // namespace quire
