// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "sg/regions.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>

namespace quire {
namespace {

constexpr uint64_t UnitsOf(uint64_t length_bytes) {
  return (length_bytes + Regions::kUnitBytes - 1) / Regions::kUnitBytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Regions>> Regions::Create(const Options& options) {
  QUIRE_CHECK(options.max_bytes >= kChunkBytes);
  Options whole = options;
  whole.max_bytes -= whole.max_bytes % kChunkBytes;
  absl::StatusOr<std::unique_ptr<DataArea>> area = DataArea::Create({.size_bytes = whole.max_bytes,
                                                                     .block_bytes = kChunkBytes,
                                                                     .family = options.family,
                                                                     .clock = options.clock});
  if (!area.ok()) return area.status();
  return std::unique_ptr<Regions>(new Regions(whole, *std::move(area)));
}

Regions::Regions(const Options& options, std::unique_ptr<DataArea> area)
    : options_(options), area_(std::move(area)), chunks_(area_->count_blocks()) {}

Regions::~Regions() {
  MutexLock lock(mutex_);
  for (uint32_t index = 0; index < chunks_end_; ++index) {
    if (chunks_[index].buddy == nullptr) continue;
    QUIRE_CHECK(chunks_[index].buddy->empty());
    QUIRE_CHECK(chunks_[index].count_attached == 0);
    Drop(index);
  }
  QUIRE_CHECK(stats_.mapped_bytes == 0);
}

std::span<std::byte> Regions::Take(uint64_t length_bytes) {
  QUIRE_CHECK(length_bytes > 0);
  MutexLock lock(mutex_);
  const std::span<std::byte> block = length_bytes > kChunkBytes
                                         ? TakeMapped(length_bytes)
                                         : TakeBlock(OrderOf(UnitsOf(length_bytes)), length_bytes);
  if (block.empty()) ++stats_.refused;
  // A mapping is no matter of those who have idle pieces.
  if (length_bytes <= kChunkBytes) SetWanting(block.empty());
  return block;
}

std::span<std::byte> Regions::TakePages(uint64_t count_pages) {
  QUIRE_CHECK(count_pages > 0);
  const uint64_t pages = std::min<uint64_t>(count_pages, Buddy::kUnits);
  MutexLock lock(mutex_);
  // The largest block that is not larger: nothing is taken that was not asked for.
  std::span<std::byte> block;
  for (auto order = static_cast<uint32_t>(std::bit_width(pages)); block.empty() && order-- > 0;) {
    block = TakeBlock(order, kUnitBytes << order);
  }
  if (block.empty()) ++stats_.refused;
  SetWanting(block.empty());
  return block;
}

std::span<std::byte> Regions::TakeBlock(uint32_t order, uint64_t length_bytes) {
  uint32_t& first = first_[order];
  while (first < chunks_end_ && !HasRoom(first, order)) ++first;
  Chunk* const chunk = first < chunks_end_ ? &chunks_[first] : Grow();
  if (chunk == nullptr) return {};
  if (chunk->buddy->empty()) --stats_.idle_chunks;
  SetRetiring(*chunk, false);
  const uint32_t unit = *chunk->buddy->Take(order);
  ++stats_.taken;
  stats_.used_bytes += kUnitBytes << order;
  const auto index = static_cast<uint32_t>(chunk - chunks_.data());
  return area_->block(index).subspan(unit * kUnitBytes, length_bytes);
}

bool Regions::HasRoom(uint32_t index, uint32_t order) const {
  const Chunk& chunk = chunks_[index];
  return chunk.buddy != nullptr && chunk.buddy->CanTake(order);
}

// The chunk has got room.
void Regions::LowerFirst(uint32_t index) {
  for (uint32_t order = 0; order <= Buddy::kMaxOrder && HasRoom(index, order); ++order) {
    first_[order] = std::min(first_[order], index);
  }
}

Regions::Chunk* Regions::Grow() {
  uint32_t index = 0;
  if (!area_->Take({&index, 1})) return nullptr;
  Chunk& chunk = chunks_[index];
  chunk.buddy = std::make_unique<Buddy>();
  chunks_end_ = std::max(chunks_end_, index + 1);
  LowerFirst(index);
  ++stats_.chunks;
  ++stats_.idle_chunks;
  ++stats_.grown_chunks;
  return &chunk;
}

std::span<std::byte> Regions::TakeMapped(uint64_t length_bytes) {
  if (length_bytes > options_.max_mapped_bytes) return {};
  const uint64_t mapped_bytes = UnitsOf(length_bytes) * kUnitBytes;
  if (stats_.mapped_bytes + mapped_bytes > options_.max_mapped_bytes) return {};
  void* memory = mmap(nullptr, mapped_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return {};
  stats_.mapped_bytes += mapped_bytes;
  stats_.used_bytes += mapped_bytes;
  ++stats_.mapped_taken;
  return {static_cast<std::byte*>(memory), length_bytes};
}

std::span<std::byte> Regions::TakeRun(uint64_t count_pages) {
  MutexLock lock(mutex_);
  const std::span<std::byte> run = TakeMapped(count_pages * kUnitBytes);
  if (run.empty()) ++stats_.refused;
  return run;
}

void Regions::Release(std::span<std::byte> block) {
  MutexLock lock(mutex_);
  SetWanting(false);
  const std::optional<uint32_t> index = ChunkOf(block.data());
  if (!index.has_value()) {
    const uint64_t mapped_bytes = UnitsOf(block.size()) * kUnitBytes;
    QUIRE_CHECK(mapped_bytes <= stats_.mapped_bytes);
    stats_.mapped_bytes -= mapped_bytes;
    stats_.used_bytes -= mapped_bytes;
    munmap(block.data(), mapped_bytes);
    return;
  }
  Chunk& chunk = chunks_[*index];
  QUIRE_CHECK(chunk.buddy != nullptr);
  const auto offset = static_cast<uint64_t>(block.data() - area_->block(*index).data());
  const uint32_t order = chunk.buddy->Release(static_cast<uint32_t>(offset / kUnitBytes));
  QUIRE_CHECK(order == OrderOf(UnitsOf(block.size())));
  stats_.used_bytes -= kUnitBytes << order;
  LowerFirst(*index);
  if (!chunk.buddy->empty()) return;
  ++stats_.idle_chunks;
  chunk.free_since_ns = options_.clock->NowCoarseNs();
}

uint32_t Regions::Retire(uint64_t idle_ns, uint32_t max_chunks) {
  MutexLock lock(mutex_);
  uint32_t count_gone = 0;
  for (const uint32_t index : IdleSince(idle_ns)) {
    if (max_chunks-- == 0) break;
    if (chunks_[index].count_attached > 0) {
      SetRetiring(chunks_[index], true);
    } else {
      Drop(index);
      ++count_gone;
    }
  }
  area_->Tick();
  return count_gone;
}

// The oldest first, and of the same age the highest.
std::vector<uint32_t> Regions::IdleSince(uint64_t idle_ns) const {
  const uint64_t now_ns = options_.clock->NowCoarseNs();  // not before the latest Release
  std::vector<uint32_t> idle;
  if (stats_.idle_chunks == 0) return idle;
  for (uint32_t index = chunks_end_; index-- > 0;) {
    const Chunk& chunk = chunks_[index];
    if (chunk.buddy == nullptr || !chunk.buddy->empty()) continue;
    if (chunk.retiring.load(std::memory_order_relaxed)) continue;
    if (now_ns - chunk.free_since_ns >= idle_ns) idle.push_back(index);
  }
  std::ranges::stable_sort(idle, {},
                           [this](uint32_t index) { return chunks_[index].free_since_ns; });
  return idle;
}

void Regions::Attach(uint32_t index) {
  MutexLock lock(mutex_);
  QUIRE_CHECK(chunks_[index].buddy != nullptr);
  ++chunks_[index].count_attached;
  ++stats_.registered;
}

void Regions::Detach(uint32_t index) {
  MutexLock lock(mutex_);
  Chunk& chunk = chunks_[index];
  QUIRE_CHECK(chunk.count_attached > 0);
  --chunk.count_attached;
  --stats_.registered;
  if (chunk.count_attached == 0 && chunk.retiring.load(std::memory_order_relaxed)) Drop(index);
}

void Regions::SetRetiring(Chunk& chunk, bool retiring) {
  if (chunk.retiring.load(std::memory_order_relaxed) == retiring) return;
  chunk.retiring.store(retiring, std::memory_order_relaxed);
  count_retiring_.fetch_add(retiring ? 1 : -1u, std::memory_order_relaxed);
}

void Regions::Drop(uint32_t index) {
  Chunk& chunk = chunks_[index];
  SetRetiring(chunk, false);
  chunk.buddy.reset();
  area_->Release(index);
  area_->Drop(index);
  --stats_.chunks;
  --stats_.idle_chunks;
  ++stats_.retired_chunks;
  while (chunks_end_ > 0 && chunks_[chunks_end_ - 1].buddy == nullptr) --chunks_end_;
  SetWanting(false);
}

Regions::Stats Regions::stats() const {
  MutexLock lock(mutex_);
  return stats_;
}

DataArea::Stats Regions::area_stats() const {
  MutexLock lock(mutex_);
  return area_->stats();
}

void Regions::CheckInvariants() const {
  MutexLock lock(mutex_);
  Stats now;
  for (uint32_t index = 0; index < chunks_.size(); ++index) {
    const Chunk& chunk = chunks_[index];
    QUIRE_CHECK(chunk.buddy == nullptr || index < chunks_end_);
    if (chunk.buddy == nullptr) continue;
    chunk.buddy->CheckInvariants();
    for (uint32_t order = 0; order <= Buddy::kMaxOrder; ++order) {
      QUIRE_CHECK(first_[order] <= index || !HasRoom(index, order));
    }
    ++now.chunks;
    now.idle_chunks += chunk.buddy->empty() ? 1 : 0;
    now.used_bytes += (Buddy::kUnits - chunk.buddy->CountFreeUnits()) * kUnitBytes;
    now.registered += chunk.count_attached;
    QUIRE_CHECK(!chunk.retiring.load() || chunk.buddy->empty());
  }
  QUIRE_CHECK(now.chunks == stats_.chunks);
  QUIRE_CHECK(now.idle_chunks == stats_.idle_chunks);
  QUIRE_CHECK(now.registered == stats_.registered);
  QUIRE_CHECK(now.used_bytes + stats_.mapped_bytes == stats_.used_bytes);
  QUIRE_CHECK(stats_.mapped_bytes <= options_.max_mapped_bytes);
  area_->CheckInvariants();
}

}  // namespace quire
