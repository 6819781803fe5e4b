// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Makes the whole medium anew, piece by piece: what FORMAT UNIT and SANITIZE do.
//
//   Start -> all blocks claimed -> mark -> pieces -> flush -+-> mark -> Medium::EndWork -> answer
//                                            ^--next pass---'
//
// New commands are refused from Medium::Begin on; those that came before finish first, since the
// claim is exclusive. So nothing of an older command lands behind it.
// Owns: the pattern; one operation at a time. Lifetime: the server outlives it; the workplace stays
// until it has ended. Threads: Start any thread, the rest on the workplace's reactor.
// Errors: to the command that waits, else a deferred error; and the state of the medium.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vdisk/command.h"
#include "vdisk/medium.h"
#include "vdisk/medium_mark.h"
#include "vdisk/nexus.h"
#include "vdisk/nexus_id.h"
#include "vdisk/range_claim.h"

namespace quire {

class DeviceServer;
class ScsiCommand;

// Where long work is done.
struct Workplace {
  Reactor* reactor = nullptr;
  Nexus* nexus = nullptr;
  bool stays = false;  // whatever becomes of the command that asked
};

class MediumRewrite {
 public:
  struct Plan {
    Medium::Work work = Medium::Work::kFormat;
    // Of every block, again and again; empty: zeros, by giving back the space where the disk is
    // thin. Borrowed until Start returns.
    std::span<const uint8_t> pattern = {};
    uint32_t count_passes = 1;
    bool invert = false;  // between passes; the last one writes the pattern
  };

  MediumRewrite(DeviceServer& server, MediumMark mark) : server_(server), mark_(std::move(mark)) {}
  ~MediumRewrite() { QUIRE_CHECK(!running()); }
  MediumRewrite(const MediumRewrite&) = delete;
  MediumRewrite& operator=(const MediumRewrite&) = delete;

  // `waiting` is ended when all is done; nullptr: nobody waits, and `by` hears of a failure.
  // REQUIRES: Medium::Begin was good; somebody waits where the workplace does not stay.
  void Start(const Workplace& place, const Plan& plan, ScsiCommand* waiting, const NexusId& by);
  // Ends it after the piece under way, as a failure. On the workplace's thread.
  void Stop() { stopping_ = true; }
  // SANITIZE with EXIT FAILURE MODE: the failure is forgotten, also by the mark. Blocks.
  Outcome ExitFailureMode();
  bool running() const { return running_.load(std::memory_order_acquire); }

 private:
  struct Hop : Completion {
    MediumRewrite* rewrite = nullptr;
  };
  struct Claim : RangeClaim {
    MediumRewrite* rewrite = nullptr;
  };
  struct Step : Command {
    MediumRewrite* rewrite = nullptr;
  };
  struct Work : WorkOp {
    MediumRewrite* rewrite = nullptr;
  };
  using Next = void (MediumRewrite::*)();

  void Prepare(std::span<const uint8_t> pattern);
  void HopTo(Next next);
  void ClaimAll();
  void Mark(std::optional<Medium::Work> begun, Next next);
  void BeginPass();
  void NextPiece();
  void Take(CommandKind kind, BlockRange blocks, Next next);
  void EndPass();
  void Succeed();
  void Fail();
  void End(bool good);
  // True: it stops here, for want of anybody to go on for, and has ended.
  bool GivenUp();

  // Constant after construction.
  DeviceServer& server_;
  const MediumMark mark_;
  // Any thread.
  std::atomic<bool> running_{false};
  // Set by Start, then the workplace's.
  Workplace place_;
  Plan plan_;  // its pattern is in fill_
  BlockCount count_;
  std::vector<std::byte> fill_;  // whole blocks of the pattern
  ScsiCommand* waiting_ = nullptr;
  std::optional<NexusId> by_;  // who hears of a failure
  uint64_t done_blocks_ = 0;   // of this pass
  uint32_t pass_ = 0;
  bool stopping_ = false;
  // What it waits for.
  Hop hop_;
  Claim claim_;
  RangePart part_;
  Step step_;
  Segment segment_{};
  Work mark_work_;
  std::optional<Medium::Work> marked_;
  Next next_ = nullptr;
};

}  // namespace quire
