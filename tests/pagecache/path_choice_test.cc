// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the choice of a path is what the table of costs says, for every fact that it knows.
// Method: one row per rule; the two functions are pure, so the rows are the whole test.

#include "pagecache/path_choice.h"

#include <gtest/gtest.h>

namespace quire {
namespace {

using Hint = Residency::Hint;

struct ReadRow {
  const char* what;
  ReadFacts facts;
  ReadPath path;
};

const ReadRow kReadRows[] = {
    {"warm",
     {.length_bytes = 4096, .hint = Hint::kFreshWarm, .mapped = true},
     ReadPath::kReference},
    {"cold and small",
     {.length_bytes = 4096, .hint = Hint::kFreshCold, .mapped = true},
     ReadPath::kReference},
    {"stale", {.length_bytes = 4096, .hint = Hint::kStale, .mapped = true}, ReadPath::kRenew},
    {"unknown and small", {.length_bytes = kAskMinBytes - 1, .mapped = true}, ReadPath::kCopyNow},
    {"unknown and large", {.length_bytes = kAskMinBytes, .mapped = true}, ReadPath::kAsk},
    {"unknown, small, but references are wanted",
     {.length_bytes = 512, .mapped = true, .references_only = true},
     ReadPath::kAsk},
    {"a stream that misses",
     {.length_bytes = 1 << 20, .mapped = true, .stream_misses = true, .expects_miss = true},
     ReadPath::kCopyNow},
    {"a stream that came to what is in memory",
     {.length_bytes = 4096, .hint = Hint::kStale, .mapped = true, .stream_misses = true},
     ReadPath::kRenew},
    {"small after many misses",
     {.length_bytes = 4096, .mapped = true, .expects_miss = true},
     ReadPath::kFill},
    {"large after many misses: asking is cheap beside the disk",
     {.length_bytes = 1 << 20, .mapped = true, .expects_miss = true},
     ReadPath::kAsk},
    {"copies after many misses",
     {.length_bytes = 4096, .mapped = true, .expects_miss = true, .copies_only = true},
     ReadPath::kFill},
    {"unknown, small, no NOWAIT",
     {.length_bytes = 512, .mapped = true, .nowait_read = false},
     ReadPath::kAsk},
    {"not mapped", {.length_bytes = 1 << 20, .hint = Hint::kFreshWarm}, ReadPath::kCopyNow},
    {"not mapped, no NOWAIT", {.length_bytes = 512, .nowait_read = false}, ReadPath::kFill},
    {"lost pages",
     {.length_bytes = 1 << 20, .hint = Hint::kFreshWarm, .mapped = true, .lost_pages = true},
     ReadPath::kCopyNow},
    {"copies are wanted",
     {.length_bytes = 1 << 20, .hint = Hint::kFreshWarm, .mapped = true, .copies_only = true},
     ReadPath::kCopyNow},
    {"direct",
     {.length_bytes = 4096, .hint = Hint::kFreshWarm, .mapped = true, .direct = true},
     ReadPath::kDirect},
};

TEST(PathChoiceTest, Reads) {
  for (const ReadRow& row : kReadRows) {
    EXPECT_EQ(Name(ChooseRead(row.facts)), Name(row.path)) << row.what;
  }
}

struct WriteRow {
  const char* what;
  WriteFacts facts;
  WritePath path;
  WriteReason reason;
};

const WriteRow kWriteRows[] = {
    {"resident",
     {.resident = Resident::kAll, .mapped = true},
     WritePath::kStore,
     WriteReason::kResident},
    {"resident, but dearer",
     {.resident = Resident::kAll, .mapped = true, .store_pays = false},
     WritePath::kWrite,
     WriteReason::kCheaperOnFile},
    {"absent", {.mapped = true}, WritePath::kWrite, WriteReason::kAbsent},
    {"partly there",
     {.resident = Resident::kSome, .mapped = true},
     WritePath::kWrite,
     WriteReason::kPartlyAbsent},
    {"an absent partial page",
     {.edges_resident = false, .mapped = true},
     WritePath::kWriteByWorker,
     WriteReason::kAbsentEdge},
    {"not mapped", {.resident = Resident::kAll}, WritePath::kWrite, WriteReason::kNotMapped},
    {"lost pages",
     {.resident = Resident::kAll, .mapped = true, .lost_pages = true},
     WritePath::kWrite,
     WriteReason::kLostPages},
    {"sparse",
     {.resident = Resident::kAll, .mapped = true, .dense = false},
     WritePath::kWrite,
     WriteReason::kSparse},
    {"sparse, but stores are wanted",
     {.resident = Resident::kAll,
      .mapped = true,
      .dense = false,
      .stores_only = true,
      .store_pays = false},
     WritePath::kStore,
     WriteReason::kResident},
    {"stores are wanted, absent",
     {.mapped = true, .stores_only = true},
     WritePath::kWrite,
     WriteReason::kAbsent},
    {"no stores are wanted",
     {.resident = Resident::kAll, .mapped = true, .writes_only = true},
     WritePath::kWrite,
     WriteReason::kWanted},
    {"a flush runs, store",
     {.resident = Resident::kAll, .mapped = true, .flush_running = true},
     WritePath::kStoreByWorker,
     WriteReason::kFlushRunning},
    {"a flush runs, write",
     {.mapped = true, .flush_running = true},
     WritePath::kWriteByWorker,
     WriteReason::kFlushRunning},
    {"throttled",
     {.mapped = true, .throttled = true},
     WritePath::kWriteByWorker,
     WriteReason::kThrottled},
    {"the last was slow",
     {.resident = Resident::kAll, .mapped = true, .last_was_slow = true},
     WritePath::kStoreByWorker,
     WriteReason::kLastWasSlow},
    {"direct, whatever else",
     {.mapped = true, .direct = true, .flush_running = true},
     WritePath::kDirect,
     WriteReason::kDirectDisk},
    {"atomic",
     {.resident = Resident::kAll, .mapped = true, .atomic = true, .throttled = true},
     WritePath::kDirect,
     WriteReason::kAtomic},
    {"null, whatever else",
     {.discards = true, .throttled = true},
     WritePath::kDiscard,
     WriteReason::kNullDisk},
};

TEST(PathChoiceTest, Writes) {
  for (const WriteRow& row : kWriteRows) {
    const WriteChoice choice = ChooseWrite(row.facts);
    EXPECT_EQ(Name(choice.path), Name(row.path)) << row.what;
    EXPECT_EQ(Name(choice.reason), Name(row.reason)) << row.what;
  }
}

TEST(PathChoiceTest, EverythingHasAName) {
  for (size_t i = 0; i < kCountReadPaths; ++i) EXPECT_NE(Name(static_cast<ReadPath>(i)), "?");
  for (size_t i = 0; i < kCountWritePaths; ++i) EXPECT_NE(Name(static_cast<WritePath>(i)), "?");
  for (size_t i = 0; i < kCountWriteReasons; ++i) {
    EXPECT_NE(Name(static_cast<WriteReason>(i)), "?");
  }
}

}  // namespace
}  // namespace quire
