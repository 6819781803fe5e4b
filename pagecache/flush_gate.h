// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Which flushes of one file run beside each other, and when the success of one may be believed.
//
// The kernel reports a failed writeback once per open file, to whichever flush looks first: the one
// beside it, whose data was lost in the same writeback, is told that all is well. So a flush that
// succeeded is held until every flush that was running when it ended has ended, too; whoever is let
// go then asks the file's latch once more.
//
//   A  |----------------------x  EIO: latched
//   B        |--------o.......|  succeeded, held; let go with A's error
//   C                    |----|------  began after B's end: B does not wait for it
//
// Owns: nothing; entries belong to their requests. Lifetime: the destructor checks that it is
// empty. Threads: any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/intrusive_list.h"
#include "base/mutex.h"

namespace quire {

class FlushGate {
 public:
  struct Entry : ListNode<FlushGate> {
    // Runs when a held flush is let go, on any thread, without locks.
    void (*let_go)(Entry& entry) = nullptr;

   private:
    friend class FlushGate;
    uint64_t number_ = 0;   // in order of their starts
    uint64_t horizon_ = 0;  // held: waits for all up to this number
  };

  ~FlushGate();

  void Start(Entry& entry);
  // The flush has ended. True: its result may be told now. False: it is held, and let_go will run.
  [[nodiscard]] bool End(Entry& entry, bool succeeded);

  bool any_running() const { return count_running_.load(std::memory_order_relaxed) > 0; }

 private:
  using List = IntrusiveList<Entry, FlushGate>;

  std::atomic<uint32_t> count_running_{0};
  Mutex mutex_;
  uint64_t next_number_ QUIRE_GUARDED_BY(mutex_) = 1;
  List running_ QUIRE_GUARDED_BY(mutex_);  // in order of their numbers
  List held_ QUIRE_GUARDED_BY(mutex_);
};

}  // namespace quire
