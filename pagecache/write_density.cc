// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/write_density.h"

#include <algorithm>

#include "pagecache/units.h"

namespace quire {
namespace {

constexpr uint64_t kDensePages = WriteDensity::kDenseBytes / kPageBytes;
constexpr uint64_t kWasDense = 1;
constexpr uint64_t kStored = 2;
constexpr uint64_t kPagesShift = 2;
constexpr uint64_t kMaxPages = 0x3fff;
constexpr uint64_t kSinceShift = 16;
constexpr uint64_t kFlushShift = 32;
// Dirty pages are written back at this age even if nobody flushes (dirty_expire_centisecs).
constexpr uint16_t kExpireSeconds = 30;
// A flush of more than this counts as one of everything.
constexpr uint64_t kMaxFlushedOneByOne = 16;

uint64_t PagesOf(uint64_t word) { return word >> kPagesShift & kMaxPages; }

}  // namespace

uint64_t WriteDensity::Cleaned(uint64_t word) {
  const uint64_t pages = PagesOf(word);
  if (pages == 0) return word;  // no news since the last time
  return (word & ~(kMaxPages << kPagesShift | kStored | kWasDense)) |
         (pages >= kDensePages ? kWasDense : 0);
}

WriteDensity::Look WriteDensity::Note(ByteRange range, uint32_t now_s) {
  LazyWords::Word& stretch = stretches_[range.offset / kStretchBytes];
  uint64_t word = stretch.load(std::memory_order_relaxed);
  const uint64_t flush = count_flushes_.load(std::memory_order_relaxed);
  const auto since = static_cast<uint16_t>(word >> kSinceShift);
  const auto now = static_cast<uint16_t>(now_s);
  const bool expired = static_cast<uint16_t>(now - since) > kExpireSeconds;
  if (flush != word >> kFlushShift || expired) {
    word = flush << kFlushShift | uint64_t{now} << kSinceShift | (Cleaned(word) & 0xffff);
  }
  const uint64_t before = PagesOf(word);
  const uint64_t pages = (range.length + kPageBytes - 1) / kPageBytes;
  const uint64_t after = std::min(before + pages, kMaxPages);
  const bool dense = before >= kDensePages || pages >= kDensePages || (word & kWasDense) != 0;
  stretch.store((word & ~(kMaxPages << kPagesShift)) | after << kPagesShift,
                std::memory_order_relaxed);
  return {.dense = dense, .stored = (word & kStored) != 0};
}

void WriteDensity::NoteStored(ByteRange range) {
  LazyWords::Word& stretch = stretches_[range.offset / kStretchBytes];
  const uint64_t word = stretch.load(std::memory_order_relaxed);
  if ((word & kStored) == 0) stretch.store(word | kStored, std::memory_order_relaxed);
}

void WriteDensity::Flushed(ByteRange range) {
  const uint64_t first = range.offset / kStretchBytes;
  const uint64_t last = range.empty() ? first : (range.end() - 1) / kStretchBytes;
  if (range.empty() || last - first >= kMaxFlushedOneByOne) {
    count_flushes_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  for (uint64_t index = first; index <= last; ++index) {
    LazyWords::Word& stretch = stretches_[index];
    stretch.store(Cleaned(stretch.load(std::memory_order_relaxed)), std::memory_order_relaxed);
  }
}

}  // namespace quire
