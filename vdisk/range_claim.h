// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The ranges that one command holds, of one disk or of several, all of them at once.
//
//   idle --Acquire--> granted ---------------------Release--> idle
//               \--> waiting --its turn--> granted
//                          \--Withdraw--> idle
//
// Embedded in the command, so that nothing is allocated.
// Lifetime: from Acquire to Release (or Withdraw) the claim and its parts stay where they are.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/byte_range.h"
#include "base/check.h"
#include "base/intrusive_list.h"

namespace quire {

enum class RangeMode : uint8_t {
  kShared,     // READ, WRITE and the like: beside each other, whatever they overlap
  kExclusive,  // COMPARE AND WRITE, ORWRITE, WRITE SAME, UNMAP, WRITE ATOMIC, EXTENDED COPY
};

class RangeClaim;
class RangeGrants;
class RangeLane;
class RangeLock;
class RangeShards;

// One range of one disk.
class RangePart {
 public:
  // ---- Inputs ----
  RangeLock* table = nullptr;
  ByteRange range;  // not empty
  RangeMode mode = RangeMode::kShared;

 private:
  friend class RangeLane;
  friend class RangeLock;
  friend class RangeShards;

  // A range of up to 128 KiB, however it lies, touches three spans of 64 KiB.
  static constexpr size_t kMaxLinks = 3;
  // Where it is: kLane and the others exclude each other; a lane's holder may be moved.
  enum class Home : uint8_t { kNone, kLane, kShards, kWide };
  struct Link : ListNode<> {
    RangePart* part = nullptr;
    uint64_t order = 0;  // of arrival in its shard
  };

  bool ConflictsWith(const RangePart& other) const;
  bool MeetsFirstAt(const Link& link, const RangePart& wide) const;

  RangeClaim* claim_ = nullptr;
  std::array<Link, kMaxLinks> links_;
  uint64_t era_ = 0;  // how many wide parts had arrived, this one included
  Home home_ = Home::kNone;
};

class RangeClaim {
 public:
  // Runs once when a claim that had to wait is granted. Called on any thread, without locks, inside
  // the release of another: it hands the command to its own reactor.
  using Granted = void (*)(RangeClaim& claim);

  RangeClaim() = default;
  ~RangeClaim() { QUIRE_CHECK(state_.load(std::memory_order_relaxed) == State::kIdle); }
  RangeClaim(const RangeClaim&) = delete;
  RangeClaim& operator=(const RangeClaim&) = delete;

  // What it asked for last.
  std::span<const RangePart> parts() const { return parts_; }

 private:
  friend class RangeGrants;
  friend class RangeLock;
  friend class RangeShards;

  enum class State : uint8_t { kIdle, kWaiting, kGranted };

  std::span<RangePart> parts_;
  RangeLane* lane_ = nullptr;  // not null: it was taken in this lane
  Granted granted_ = nullptr;
  RangeClaim* next_granted_ = nullptr;
  std::atomic<State> state_{State::kIdle};
  // INVARIANT: while waiting, (its part, earlier part) pairs that keep it waiting.
  std::atomic<uint32_t> count_blockers_{0};
};

}  // namespace quire
