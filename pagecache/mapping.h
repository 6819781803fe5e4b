// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The whole backing file mapped once, and an account of the page tables that this costs.
// Owns: its address range. Lifetime: every reference into it goes first.
// Threads: any thread; RetireWindow on a worker thread (it may take milliseconds).
// Errors: Create by Status; lost pages by Lost().
//
// Page tables cost 4 KiB per 2 MiB span touched and stay until a window is retired, that is, mapped
// anew over itself: addresses stay valid throughout, the next touch fills the entries again.
//
//   |<------------- capacity: rounded up, so that the file can grow in place ------------->|
//   [ window 0 (256 MiB)  ][ window 1             ][ window 2             ]   beyond the end:
//    ssssssssssssssssssss    a bit per 2 MiB span touched since it was retired   SIGBUS, see
//                                                                                bus_guard.h
#pragma once

#include <atomic>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "base/byte_range.h"
#include "pagecache/units.h"

namespace quire {

class Mapping {
 public:
  // Maps `size_bytes` of `fd` and room to grow. fd = -1 maps zeros (the null disk).
  static absl::StatusOr<std::unique_ptr<Mapping>> Create(int fd, uint64_t size_bytes,
                                                         bool writable);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  // REQUIRES: offset < capacity_bytes().
  std::byte* At(uint64_t offset) const { return base_ + offset; }
  uint64_t capacity_bytes() const { return capacity_bytes_; }

  // Accounts for page tables that touching `range` at time `epoch` fills.
  void NoteTouched(ByteRange range, uint32_t epoch);
  uint64_t page_table_bytes() const {
    return count_spans_.load(std::memory_order_relaxed) * kPageBytes;
  }
  // A window whose page tables are worth giving back: the one unused for longest, when it was last
  // used before `epoch`.
  std::optional<uint64_t> OldestWindow(uint32_t epoch) const;
  ByteRange WindowRange(uint64_t window) const;
  // Takes the window for used at `epoch`, though nothing was touched.
  void Postpone(uint64_t window, uint32_t epoch) {
    windows_[window].last_epoch.store(epoch, std::memory_order_relaxed);
  }
  // Gives the window's page tables back and heals its lost pages. Blocks.
  // REQUIRES: no reference into the window is lent (their touches would fault again).
  absl::Status RetireWindow(uint64_t window);
  uint64_t count_windows() const { return count_windows_; }

  // Lost pages: the file could not supply them (truncated, I/O error), so that zeros stand in their
  // place until the window is retired.
  bool Lost(ByteRange range) const;
  uint64_t count_lost() const { return count_lost_.load(std::memory_order_acquire); }
  // Grows when lost pages are healed: what was stored into them before is gone with the zeros.
  uint64_t count_heals() const { return count_heals_.load(std::memory_order_acquire); }
  // From the SIGBUS handler: puts a page of zeros at `address`. False when that fails.
  bool PatchLost(const void* address) noexcept;
  bool Contains(const void* address) const {
    const auto* byte = static_cast<const std::byte*>(address);
    return byte >= base_ && byte < base_ + capacity_bytes_;
  }

 private:
  static constexpr size_t kMaxLost = 4096;
  using LostSlots = std::bitset<kMaxLost>;
  LostSlots PatchedIn(uint64_t window) const;

  struct Window {
    std::atomic<uint64_t> spans[kWindowBytes / kPageTableSpanBytes / 64] = {};
    std::atomic<uint32_t> last_epoch{0};
  };

  Mapping(std::byte* base, uint64_t capacity_bytes, int fd, int protection);

  // Constant after construction.
  std::byte* const base_;
  const uint64_t capacity_bytes_;
  const int fd_;
  const int protection_;
  const uint64_t count_windows_;
  const std::unique_ptr<Window[]> windows_;
  // Any thread.
  std::atomic<uint64_t> count_spans_{0};
  // INVARIANT: count_lost_ only grows; entries below min(count_lost_, kMaxLost) are page numbers
  // or kHealed. More than kMaxLost lost pages: everything counts as lost. A page number with
  // kPatching is about to get its zeros: only without it may the page be healed.
  static constexpr uint64_t kHealed = ~uint64_t{0};
  static constexpr uint64_t kPatching = uint64_t{1} << 63;
  std::atomic<uint64_t> count_lost_{0};
  std::atomic<uint64_t> count_heals_{0};
  const std::unique_ptr<std::atomic<uint64_t>[]> lost_pages_;
};

}  // namespace quire
