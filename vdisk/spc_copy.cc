// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// EXTENDED COPY(LID1) and RECEIVE COPY RESULTS, within one disk and between disks of this process.
// All that can be known beforehand is checked before the first byte is copied; from then on a
// failure is COPY ABORTED. Source: SPC-4 6.5, 6.21 to 6.24.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "vdisk/copy_list.h"
#include "vdisk/copy_results.h"
#include "vdisk/handlers.h"

namespace quire {
namespace {

// A copy asks between such pieces whether it was aborted.
constexpr uint64_t kPieceBytes = 16 * 1024 * 1024;

Outcome Fault(const Outcome& outcome, size_t byte) {
  return outcome.AtParameterField(static_cast<uint16_t>(byte));
}

// The unit of a segment's CSCD descriptor ID.
DeviceServer& UnitOf(CommandRun run, uint16_t id) {
  return id == CopyList::kOwnUnit ? run.server() : *run.copy_task()->units[id];
}

// What a unit's reservations, or somebody who removes it, have against a segment (SPC-4 5.13.1:
// the copy manager acts for the nexus that the command came from).
Outcome CheckAccess(CommandRun run, const CopySegment& segment) {
  DeviceServer& source = UnitOf(run, segment.source);
  DeviceServer& target = UnitOf(run, segment.target);
  for (DeviceServer* const unit : {&source, &target}) {
    if (unit == &run.server()) continue;
    if (run.server().units()->leaving(*unit) || !unit->medium().ready()) {
      return kCopyTargetNotReachable;
    }
  }
  const NexusId& id = run.nexus().id();
  if (!source.Allows(id, ReservationClass::kMediumRead)) return kThirdPartyDeviceFailure;
  if (!target.Allows(id, ReservationClass::kMediumWrite)) return kThirdPartyDeviceFailure;
  return kGood;
}

// Every CSCD descriptor gets its unit.
Outcome FindUnits(CommandRun run) {
  CopyTask& task = *run.copy_task();
  DeviceServer& own = run.server();
  for (size_t i = 0; i < task.list.count_cscds(); ++i) {
    const CscdDescriptor cscd = task.list.cscd(i);
    DeviceServer* unit = nullptr;
    if (IsNamed(own.identity(), cscd.designator)) {
      unit = &own;
    } else if (own.units() != nullptr) {
      if (auto use = own.units()->Find(cscd.designator); use.has_value()) {
        unit = &use->unit();
        task.uses.push_back(*std::move(use));
      }
    }
    if (unit == nullptr) return Fault(kCopyTargetNotReachable, cscd.at);
    if (cscd.block_bytes != unit->device().geometry().block_bytes) {
      return Fault(kInvalidFieldInParameterList, cscd.at + CopyList::kBlockLengthAt);
    }
    task.units.push_back(unit);
  }
  return kGood;
}

Outcome CheckSegment(CommandRun run, const CopySegment& segment) {
  DeviceServer& source = UnitOf(run, segment.source);
  DeviceServer& target = UnitOf(run, segment.target);
  const Geometry from = source.device().geometry();
  const Geometry to = target.device().geometry();
  if (from.block_bytes != to.block_bytes) return Fault(kInvalidOperationForCopy, segment.at);
  if (!from.Contains(segment.source_blocks)) {
    return Fault(kCopyAborted, segment.at + CopyList::kSourceLbaAt);
  }
  if (!to.Contains(segment.target_blocks)) {
    return Fault(kCopyAborted, segment.at + CopyList::kTargetLbaAt);
  }
  const Outcome protection = target.write_protection();
  if (!protection.good()) return &target == &run.server() ? protection : kThirdPartyDeviceFailure;
  return CheckAccess(run, segment);
}

Outcome CheckSegments(CommandRun run) {
  const CopyList& list = run.copy_task()->list;
  for (size_t i = 0; i < list.count_segments(); ++i) {
    const Outcome outcome = CheckSegment(run, list.segment(i));
    if (!outcome.good()) return outcome;
  }
  return kGood;
}

// What the medium of either disk says about a piece; no space and write protection stay what they
// are, since initiators act on them.
Outcome OutcomeOfPiece(const Outcome& outcome) {
  const bool medium =
      outcome.key == SenseKey::kMediumError || outcome.key == SenseKey::kHardwareError;
  return medium ? kThirdPartyDeviceFailure : outcome;
}

void CopyNext(CommandRun run);

void OnCopied(CommandRun run) {
  const CopyTask& task = *run.copy_task();
  if (const Outcome outcome = run.step_outcome(); !outcome.good()) {
    run.End(OutcomeOfPiece(outcome));
    return;
  }
  if (task.result != nullptr) task.result->count_bytes += task.piece_bytes;
  CopyNext(run);
}

// The next piece of a segment; `left` is of the target's blocks.
void CopyPiece(CommandRun run, const CopySegment& segment) {
  CopyTask& task = *run.copy_task();
  DeviceServer& target = UnitOf(run, segment.target);
  const Geometry geometry = target.device().geometry();
  BlockRange& left = run.left();
  const uint64_t count = std::min(left.count.value, kPieceBytes / geometry.block_bytes);
  const BlockRange piece{left.first, {count}};
  const CopyEnds ends{.source = &UnitOf(run, segment.source).device(),
                      .source_first = {segment.source_blocks.first.value + left.first.value -
                                       segment.target_blocks.first.value},
                      .target = &target.device()};
  left.first.value += count;
  left.count.value -= count;
  task.piece_bytes = geometry.Bytes(piece).length;
  run.Copy(ends, piece, target.writes_through(), OnCopied);
}

void CopyNext(CommandRun run) {
  const CopyTask& task = *run.copy_task();
  while (run.left().count.value == 0) {
    ++run.index();
    if (task.result != nullptr) task.result->count_segments = static_cast<uint16_t>(run.index());
    if (run.index() == task.list.count_segments()) {
      run.End(kGood);
      return;
    }
    run.left() = task.list.segment(run.index()).target_blocks;
  }
  const CopySegment segment = task.list.segment(run.index());
  const Outcome outcome = CheckAccess(run, segment);
  if (run.aborted() || !outcome.good()) {
    run.End(outcome);
  } else {
    CopyPiece(run, segment);
  }
}

// Of all segments, the copy's alone: of what is read, too, nobody changes a part between two
// pieces.
std::vector<CommandRun::ClaimedBlocks> BlocksOf(CommandRun run) {
  const CopyList& list = run.copy_task()->list;
  std::vector<CommandRun::ClaimedBlocks> all;
  for (size_t i = 0; i < list.count_segments(); ++i) {
    const CopySegment segment = list.segment(i);
    if (segment.target_blocks.count.value == 0) continue;
    all.push_back({.of = UnitOf(run, segment.source), .blocks = segment.source_blocks});
    all.push_back({.of = UnitOf(run, segment.target), .blocks = segment.target_blocks});
  }
  return all;
}

}  // namespace

void ExtendedCopy(CommandRun run) {
  if (!run.HasAllData()) return;
  const ParsedCopyList parsed = CopyList::Parse(run.List());
  const CopyList& list = parsed.list;
  if (!parsed.outcome.good()) {
    run.End(parsed.outcome);
    return;
  }
  CopyResults& results = run.nexus().copies();
  const auto before = results.find(list.identifier());
  if (list.has_identifier() && before != results.end() && before->second.running) {
    run.End(kOperationInProgress);
    return;
  }
  run.copy_task() = std::make_unique<CopyTask>();
  CopyTask& task = *run.copy_task();
  task.list = list;
  if (list.has_identifier()) task.result = &(results[list.identifier()] = {});
  Outcome outcome = FindUnits(run);
  if (outcome.good()) outcome = CheckSegments(run);
  if (!outcome.good() || list.count_segments() == 0) {
    run.End(outcome);
    return;
  }
  run.index() = 0;
  run.left() = list.segment(0).target_blocks;
  const std::vector<CommandRun::ClaimedBlocks> blocks = BlocksOf(run);
  if (blocks.empty()) {
    CopyNext(run);
  } else {
    run.Claim(blocks, CopyNext);
  }
}

void ReceiveCopyResults(CommandRun run) {
  constexpr uint8_t kStatus = 0x00;
  constexpr uint8_t kParameters = 0x03;
  const CopyResults& results = run.nexus().copies();
  const uint8_t identifier = run.cdb().list_identifier();
  run.Respond([&](Response& response) {
    switch (run.cdb().opcode->service_action) {
      case kStatus:
        return WriteCopyStatus(results, identifier, response);
      case kParameters:
        WriteCopyParameters(run.geometry().block_bytes, response);
        return kGood;
      default:  // FAILED SEGMENT DETAILS, the only other one in the table
        return WriteCopyFailure(results, identifier, run.sense_format(), response);
    }
  });
}

}  // namespace quire
