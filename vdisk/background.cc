// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/background.h"

#include <algorithm>
#include <utility>

#include "vdisk/device_server.h"

namespace quire {
namespace {

// The smallest range with both in it.
BlockRange Join(BlockRange a, BlockRange b) {
  const uint64_t first = std::min(a.first.value, b.first.value);
  const uint64_t end = std::max(a.first.value + a.count.value, b.first.value + b.count.value);
  return {{first}, {end - first}};
}

}  // namespace

Background::Background(DeviceServer& server, Reactor& home)
    : server_(server), home_(home), nexus_(server.device().Connect(home)) {
  kick_.background = this;
  flush_.background = this;
  prefetch_.background = this;
}

Background::~Background() {
  home_.CheckMayTurn();
  server_.rewrite().Stop();
  while (busy()) home_.Wait(kNsPerMs);
}

bool Background::busy() {
  MutexLock lock(mutex_);
  return kicked_ || flushing_ || prefetching_ || server_.rewrite().running();
}

void Background::Flush(BlockRange blocks, const NexusId& asker) {
  {
    MutexLock lock(mutex_);
    to_flush_ = to_flush_.has_value() ? Join(*to_flush_, blocks) : blocks;
    if (std::ranges::find(askers_, asker) == askers_.end()) askers_.push_back(asker);
  }
  Wake();
}

bool Background::Prefetch(BlockRange blocks) {
  {
    MutexLock lock(mutex_);
    if (prefetching_) return false;
    prefetching_ = true;
    to_prefetch_ = blocks;
  }
  Wake();
  return true;
}

// One message for all orders until it is read.
void Background::Wake() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(kicked_, true)) return;
  }
  kick_.Start(home_, [](Completion& completion) {
    static_cast<Kick&>(completion).background->TakeOrders();
  });
  home_.Post(kick_, IoResult::Bytes(0));
}

void Background::TakeOrders() {
  std::optional<BlockRange> prefetch;
  {
    MutexLock lock(mutex_);
    kicked_ = false;
    prefetch = std::exchange(to_prefetch_, std::nullopt);
  }
  if (prefetch.has_value()) {
    prefetch_left_ = *prefetch;
    NextPrefetch();
  }
  if (!flushing_) TakeFlush();
}

// What was written before it was asked for is in it: it starts only now.
void Background::TakeFlush() {
  {
    MutexLock lock(mutex_);
    if (!to_flush_.has_value()) return;
    flush_.blocks = *std::exchange(to_flush_, std::nullopt);
    flush_askers_ = std::exchange(askers_, {});
  }
  // The disk may have been cut meanwhile.
  const uint64_t count = server_.device().geometry().count.value;
  BlockRange& blocks = flush_.blocks;
  blocks.first.value = std::min(blocks.first.value, count);
  blocks.count.value = std::min(blocks.count.value, count - blocks.first.value);
  flushing_ = true;
  flush_.kind = CommandKind::kFlush;
  flush_.done = [](Command& done) {
    Background& background = *static_cast<Step&>(done).background;
    const Outcome outcome = done.outcome;
    done.Drop();
    background.OnFlushed(outcome);
  };
  server_.device().Execute(*nexus_, flush_);
}

void Background::OnFlushed(const Outcome& outcome) {
  flushing_ = false;
  if (!outcome.good()) {
    for (const NexusId& asker : flush_askers_) server_.PostDeferredError(asker, outcome);
  }
  TakeFlush();
}

// Read and let go of: what counts is that the page cache has it afterwards.
void Background::NextPrefetch() {
  const uint64_t most = kMaxTransferBytes / server_.device().geometry().block_bytes;
  const BlockRange piece = {prefetch_left_.first, {std::min(prefetch_left_.count.value, most)}};
  if (piece.count.value == 0 || !server_.medium().ready()) {
    MutexLock lock(mutex_);
    prefetching_ = false;
    return;
  }
  prefetch_left_.first.value += piece.count.value;
  prefetch_left_.count.value -= piece.count.value;
  prefetch_.kind = CommandKind::kRead;
  prefetch_.blocks = piece;
  prefetch_.done = [](Command& done) {
    Background& background = *static_cast<Step&>(done).background;
    if (!done.outcome.good()) background.prefetch_left_.count.value = 0;
    done.Drop();
    background.NextPrefetch();
  };
  server_.device().Execute(*nexus_, prefetch_);
}

}  // namespace quire
