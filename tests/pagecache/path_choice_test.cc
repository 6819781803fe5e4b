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
     {.length_bytes = 4096, .resident = Resident::kAll, .mapped = true},
     WritePath::kStore,
     WriteReason::kResident},
    {"resident, long, costs unknown",
     {.length_bytes = kWriteUnknownMinBytes, .resident = Resident::kAll, .mapped = true},
     WritePath::kWrite,
     WriteReason::kCheaperOnFile},
    {"resident, store is cheaper",
     {.length_bytes = 1 << 20,
      .resident = Resident::kAll,
      .mapped = true,
      .store_cost_ns = 1,
      .write_cost_ns = 2},
     WritePath::kStore,
     WriteReason::kResident},
    {"resident, write is cheaper",
     {.length_bytes = 4096,
      .resident = Resident::kAll,
      .mapped = true,
      .store_cost_ns = 2,
      .write_cost_ns = 1},
     WritePath::kWrite,
     WriteReason::kCheaperOnFile},
    {"absent", {.length_bytes = 4096, .mapped = true}, WritePath::kWrite, WriteReason::kAbsent},
    {"partly there",
     {.length_bytes = 8192, .resident = Resident::kSome, .mapped = true},
     WritePath::kWrite,
     WriteReason::kPartlyAbsent},
    {"an absent partial page",
     {.length_bytes = 512, .edges_resident = false, .mapped = true},
     WritePath::kWriteByWorker,
     WriteReason::kAbsentEdge},
    {"not mapped", {.length_bytes = 4096}, WritePath::kWrite, WriteReason::kNotMapped},
    {"lost pages",
     {.length_bytes = 4096, .resident = Resident::kAll, .mapped = true, .lost_pages = true},
     WritePath::kWrite,
     WriteReason::kLostPages},
    {"a flush runs, store",
     {.length_bytes = 4096, .resident = Resident::kAll, .mapped = true, .flush_running = true},
     WritePath::kStoreByWorker,
     WriteReason::kFlushRunning},
    {"a flush runs, write",
     {.length_bytes = 4096, .mapped = true, .flush_running = true},
     WritePath::kWriteByWorker,
     WriteReason::kFlushRunning},
    {"throttled",
     {.length_bytes = 4096, .mapped = true, .throttled = true},
     WritePath::kWriteByWorker,
     WriteReason::kThrottled},
    {"the last was slow",
     {.length_bytes = 4096, .resident = Resident::kAll, .mapped = true, .last_was_slow = true},
     WritePath::kStoreByWorker,
     WriteReason::kLastWasSlow},
    {"direct, whatever else",
     {.length_bytes = 4096, .mapped = true, .direct = true, .flush_running = true},
     WritePath::kDirect,
     WriteReason::kDirectDisk},
    {"null, whatever else",
     {.length_bytes = 4096, .discards = true, .throttled = true},
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
