// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Which way a request goes, as pure functions of what is known about it, and why.
// Threads: values, any thread.
//
// The costs behind the rules (ns of CPU, one request, Linux 6.18, ext4):
//
//                                   4 KiB   64 KiB   128 KiB    1 MiB
//   hint, reference                   ~60      ~60       ~60      ~60
//   mincore, reference                770     1700      2800    17000    (page tables cold)
//   the same                          770      770       780      830    (warm)
//   first touch of the reference     2000     2000      2200     6000    (page tables cold)
//   preadv2(RWF_NOWAIT) copy          740     3100      5400    35000
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pagecache/residency.h"

namespace quire {

// ---- Reads ----

enum class ReadPath : uint8_t {
  kReference,  // resident for sure: page references, no system call
  kRenew,      // was resident: one mincore, then references
  kAsk,        // ask page by page; references, private bytes, or both
  kCopyNow,    // copy what is in memory without waiting (out of the mapping where a hint is fresh,
               // else by one preadv2); the rest as kFill
  kFill,       // read from the file into private memory
  kDirect,     // O_DIRECT into registered memory
};

struct ReadFacts {
  uint64_t length_bytes = 0;
  Residency::Hint hint = Residency::Hint::kUnknown;
  bool mapped = false;           // references are possible at all
  bool direct = false;           // cache=none
  bool lost_pages = false;       // zeros stand in for pages of this range
  bool residency_known = true;   // AskPages tells the truth
  bool nowait_read = true;       // preadv2(RWF_NOWAIT) works
  bool stream_misses = false;    // continues a stream that goes to the disk
  bool expects_miss = false;     // the last reads all missed
  bool references_only = false;  // the caller wants references even where a copy is cheaper
  bool copies_only = false;      // the caller wants private bytes
};

// Below this a copy is cheaper than a question about each page and the page faults after it.
inline constexpr uint64_t kAskMinBytes = 64 * 1024;

ReadPath ChooseRead(const ReadFacts& facts);

// ---- Writes ----

enum class WritePath : uint8_t {
  kStore,  // guarded store into the mapping
  kStoreByWorker,
  kWrite,  // pwritev2 on the file, on the reactor
  kWriteByWorker,
  kDirect,
  kDiscard,  // the null disk
};

enum class WriteReason : uint8_t {
  kResident,       // store: every page is in memory
  kCheaperOnFile,  // write: resident, but measured cheaper
  kSparse,         // write: a store would dirty far more than is written
  kWanted,         // write: the caller wants no store
  kAbsent,         // write: a store would read first
  kPartlyAbsent,
  kAbsentEdge,  // worker: a partial page must be read first
  kNotMapped,
  kLostPages,
  kFlushRunning,  // worker: stores were seen to wait 5 ms for a flush
  kThrottled,     // worker: the kernel is about to throttle writers
  kLastWasSlow,   // worker: the last write on the reactor took too long
  kDirectDisk,
  kNullDisk,
  kAtomic,  // direct: the kernel knows no other way
};
inline constexpr size_t kCountWriteReasons = static_cast<size_t>(WriteReason::kAtomic) + 1;
inline constexpr size_t kCountWritePaths = static_cast<size_t>(WritePath::kDiscard) + 1;
inline constexpr size_t kCountReadPaths = static_cast<size_t>(ReadPath::kDirect) + 1;

std::string_view Name(ReadPath path);
std::string_view Name(WritePath path);
std::string_view Name(WriteReason reason);

enum class Resident : uint8_t { kNone, kSome, kAll };

struct WriteFacts {
  Resident resident = Resident::kNone;
  bool edges_resident = true;  // partial pages at the ends are in memory (or there are none)
  bool mapped = false;
  bool direct = false;
  bool discards = false;
  bool atomic = false;
  bool lost_pages = false;
  bool dense = true;  // this part of the file is written densely
  bool stores_only = false;
  bool writes_only = false;
  bool flush_running = false;
  bool throttled = false;
  bool last_was_slow = false;
  bool store_pays = true;  // of a range that is all there: cheaper than a write on the file
};

struct WriteChoice {
  WritePath path;
  WriteReason reason;
};

WriteChoice ChooseWrite(const WriteFacts& facts);

}  // namespace quire
