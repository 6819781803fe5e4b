// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/flush_gate.h"

#include "base/check.h"

namespace quire {

FlushGate::~FlushGate() { QUIRE_CHECK(!any_running()); }

void FlushGate::Start(Entry& entry) {
  count_running_.fetch_add(1, std::memory_order_relaxed);
  MutexLock lock(mutex_);
  entry.number_ = next_number_++;
  running_.PushBack(entry);
}

bool FlushGate::End(Entry& entry, bool succeeded) {
  List let_go;
  bool believed = true;
  {
    MutexLock lock(mutex_);
    running_.Remove(entry);
    Entry* const oldest = running_.Front();
    if (succeeded && oldest != nullptr) {
      entry.horizon_ = next_number_ - 1;
      held_.PushBack(entry);
      believed = false;
    }
    for (Entry* held = held_.Front(); held != nullptr;) {
      Entry* const next = held_.Next(*held);
      if (oldest == nullptr || held->horizon_ < oldest->number_) {
        held_.Remove(*held);
        let_go.PushBack(*held);
      }
      held = next;
    }
  }
  count_running_.fetch_sub(1, std::memory_order_relaxed);
  while (Entry* held = let_go.PopFront()) held->let_go(*held);
  return believed;
}

}  // namespace quire
