// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// GET LBA STATUS. Source: SBC-3 5.4.
#include <algorithm>
#include <array>
#include <limits>

#include "vdisk/handlers.h"
#include "vdisk/lba_status.h"

namespace quire {
namespace {

// Looked at for one command. What is told may end anywhere; the initiator asks on from there.
constexpr uint64_t kMaxExtents = 16384;

// A block of which a part has room is mapped; so is one whose room is set aside only, as ANC_SUP is
// 0 (SBC-3 4.7.4).
int TellExtents(CommandRun run, BlockRange blocks, LbaStatusWriter& writer) {
  const uint64_t block_bytes = run.geometry().block_bytes;
  const uint64_t end = blocks.first.value + blocks.count.value;
  std::array<ByteRange, 256> found;
  uint64_t next = blocks.first.value;
  uint64_t count_seen = 0;
  while (next < end && count_seen < kMaxExtents && !writer.full() && !run.aborted()) {
    const ByteRange range{next * block_bytes, (end - next) * block_bytes};
    const int64_t count = run.server().device().file().FindMapped(range, found);
    if (count < 0) return static_cast<int>(-count);
    for (const ByteRange& extent : std::span(found).first(static_cast<size_t>(count))) {
      const uint64_t first = std::max(next, extent.offset / block_bytes);
      const uint64_t past = (extent.end() + block_bytes - 1) / block_bytes;
      if (past <= first) continue;  // of the block before
      writer.Add({first - next}, LbaStatus::kDeallocated);
      writer.Add({past - first}, LbaStatus::kMapped);
      next = past;
    }
    count_seen += static_cast<uint64_t>(count);
    if (static_cast<size_t>(count) < found.size()) {
      writer.Add({end - next}, LbaStatus::kDeallocated);
      next = end;
    }
  }
  return 0;
}

Outcome TellStatus(CommandRun run) {
  const uint64_t first = run.cdb().lba;
  const uint64_t count = run.geometry().count.value;
  if (first >= count) return kLbaOutOfRange.WithInformation(first);
  // No more than the descriptors can count that were asked for (24 bytes: one), and one more.
  const uint64_t max_count =
      (run.cdb().length / 16 + uint64_t{1}) * std::numeric_limits<uint32_t>::max();
  const BlockRange blocks{{first}, {std::min(count - first, max_count)}};
  return run.Fill([run, blocks](Response& response) {
    LbaStatusWriter writer(blocks.first, response);
    int error = 0;
    if (run.server().provisioning().managed()) {
      error = TellExtents(run, blocks, writer);
    } else {
      writer.Add(blocks.count, LbaStatus::kMapped);
    }
    writer.Finish();
    return OutcomeFromErrno(error, Direction::kNone);
  });
}

}  // namespace

void GetLbaStatus(CommandRun run) {
  run.OnWorker(TellStatus, [](CommandRun done) { done.End(); });
}

}  // namespace quire
