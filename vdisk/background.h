// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What a disk does after it has answered (IMMED): flushes, read-ahead, and the rewriting of the
// medium, on a reactor that no initiator's coming and going touches.
//
// Orders that come while their like is being carried out are put together: one flush for all that
// asked meanwhile, of all their blocks. So there is one of each kind at most, and nothing to limit.
// Owns: a way into the device. Lifetime: the server, its device and the reactor outlive it.
// Threads: made and destroyed on the reactor's, not inside a turn; orders from any thread.
// Errors: deferred errors to those who asked.
#pragma once

#include <optional>
#include <vector>

#include "base/mutex.h"
#include "vdisk/command.h"
#include "vdisk/medium_rewrite.h"
#include "vdisk/nexus.h"
#include "vdisk/nexus_id.h"

namespace quire {

class Background {
 public:
  Background(DeviceServer& server, Reactor& home);
  // Waits for what is under way; a rewriting stops after its piece.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // `asker` hears of a failure. REQUIRES: on the disk, not empty.
  void Flush(BlockRange blocks, const NexusId& asker);
  // Into memory. False: it is not done, for another one is under way.
  bool Prefetch(BlockRange blocks);

  Workplace workplace() { return {&home_, nexus_.get(), /*stays=*/true}; }

 private:
  struct Kick : Completion {
    Background* background = nullptr;
  };
  struct Step : Command {
    Background* background = nullptr;
  };

  void Wake();
  void TakeOrders();
  void TakeFlush();
  void NextPrefetch();
  void OnFlushed(const Outcome& outcome);
  bool busy();

  // Constant after construction.
  DeviceServer& server_;
  Reactor& home_;
  const std::unique_ptr<Nexus> nexus_;
  // The home reactor's.
  Kick kick_;
  Step flush_;
  Step prefetch_;
  bool flushing_ = false;
  std::vector<NexusId> flush_askers_;  // of the one under way
  BlockRange prefetch_left_;
  // Guarded.
  Mutex mutex_;
  bool kicked_ QUIRE_GUARDED_BY(mutex_) = false;
  std::vector<NexusId> askers_ QUIRE_GUARDED_BY(mutex_);  // of the next flush
  std::optional<BlockRange> to_flush_ QUIRE_GUARDED_BY(mutex_);
  std::optional<BlockRange> to_prefetch_ QUIRE_GUARDED_BY(mutex_);
  bool prefetching_ QUIRE_GUARDED_BY(mutex_) = false;
};

}  // namespace quire
