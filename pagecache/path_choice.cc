// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/path_choice.h"

namespace quire {

ReadPath ChooseRead(const ReadFacts& facts) {
  if (facts.direct) return ReadPath::kDirect;
  const bool reference = facts.mapped && !facts.lost_pages && !facts.copies_only;
  if (!reference) {
    return facts.nowait_read && !facts.expects_miss ? ReadPath::kCopyNow : ReadPath::kFill;
  }
  switch (facts.hint) {
    case Residency::Hint::kFreshWarm:
    case Residency::Hint::kFreshCold:
      return ReadPath::kReference;
    case Residency::Hint::kStale:
      return ReadPath::kRenew;
    case Residency::Hint::kUnknown:
      break;
  }
  if (facts.references_only) return ReadPath::kAsk;
  if (facts.stream_misses) return facts.nowait_read ? ReadPath::kCopyNow : ReadPath::kFill;
  if (facts.length_bytes >= kAskMinBytes) return ReadPath::kAsk;
  if (facts.expects_miss) return ReadPath::kFill;
  return facts.nowait_read ? ReadPath::kCopyNow : ReadPath::kAsk;
}

namespace {

// Where the bytes go, as if nothing could make the caller wait.
WriteChoice ChoosePlace(const WriteFacts& facts) {
  if (facts.discards) return {WritePath::kDiscard, WriteReason::kNullDisk};
  if (facts.direct) return {WritePath::kDirect, WriteReason::kDirectDisk};
  if (facts.atomic) return {WritePath::kDirect, WriteReason::kAtomic};
  if (!facts.mapped) return {WritePath::kWrite, WriteReason::kNotMapped};
  if (facts.lost_pages) return {WritePath::kWrite, WriteReason::kLostPages};
  if (facts.writes_only) return {WritePath::kWrite, WriteReason::kWanted};
  if (!facts.dense && !facts.stores_only) return {WritePath::kWrite, WriteReason::kSparse};
  switch (facts.resident) {
    case Resident::kNone:
      return {WritePath::kWrite, WriteReason::kAbsent};
    case Resident::kSome:
      return {WritePath::kWrite, WriteReason::kPartlyAbsent};
    case Resident::kAll:
      break;
  }
  if (!facts.store_pays && !facts.stores_only) {
    return {WritePath::kWrite, WriteReason::kCheaperOnFile};
  }
  return {WritePath::kStore, WriteReason::kResident};
}

}  // namespace

WriteChoice ChooseWrite(const WriteFacts& facts) {
  const WriteChoice choice = ChoosePlace(facts);
  if (choice.path != WritePath::kStore && choice.path != WritePath::kWrite) return choice;
  const WritePath by_worker =
      choice.path == WritePath::kStore ? WritePath::kStoreByWorker : WritePath::kWriteByWorker;
  if (choice.path == WritePath::kWrite && !facts.edges_resident) {
    return {by_worker, WriteReason::kAbsentEdge};
  }
  if (facts.flush_running) return {by_worker, WriteReason::kFlushRunning};
  if (facts.throttled) return {by_worker, WriteReason::kThrottled};
  if (facts.last_was_slow) return {by_worker, WriteReason::kLastWasSlow};
  return choice;
}

std::string_view Name(ReadPath path) {
  switch (path) {
    case ReadPath::kReference:
      return "reference";
    case ReadPath::kRenew:
      return "renew";
    case ReadPath::kAsk:
      return "ask";
    case ReadPath::kCopyNow:
      return "copy-now";
    case ReadPath::kFill:
      return "fill";
    case ReadPath::kDirect:
      return "direct";
  }
  return "?";
}

std::string_view Name(WritePath path) {
  switch (path) {
    case WritePath::kStore:
      return "store";
    case WritePath::kStoreByWorker:
      return "store-by-worker";
    case WritePath::kWrite:
      return "write";
    case WritePath::kWriteByWorker:
      return "write-by-worker";
    case WritePath::kDirect:
      return "direct";
    case WritePath::kDiscard:
      return "discard";
  }
  return "?";
}

std::string_view Name(WriteReason reason) {
  switch (reason) {
    case WriteReason::kResident:
      return "resident";
    case WriteReason::kCheaperOnFile:
      return "cheaper-on-file";
    case WriteReason::kSparse:
      return "sparse";
    case WriteReason::kWanted:
      return "wanted";
    case WriteReason::kAbsent:
      return "absent";
    case WriteReason::kPartlyAbsent:
      return "partly-absent";
    case WriteReason::kAbsentEdge:
      return "absent-edge";
    case WriteReason::kNotMapped:
      return "not-mapped";
    case WriteReason::kLostPages:
      return "lost-pages";
    case WriteReason::kFlushRunning:
      return "flush-running";
    case WriteReason::kThrottled:
      return "throttled";
    case WriteReason::kLastWasSlow:
      return "last-was-slow";
    case WriteReason::kDirectDisk:
      return "direct-disk";
    case WriteReason::kNullDisk:
      return "null-disk";
    case WriteReason::kAtomic:
      return "atomic";
  }
  return "?";
}

}  // namespace quire
