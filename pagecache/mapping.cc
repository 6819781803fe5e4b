// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/mapping.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace quire {
namespace {

// Room to double, and at least 64 GiB: address space only, no memory.
uint64_t CapacityFor(uint64_t size_bytes) {
  constexpr uint64_t kMinRoom = uint64_t{64} << 30;
  const uint64_t wanted = size_bytes + std::max(size_bytes, kMinRoom);
  return ByteRange{0, wanted}.AlignedOut(kWindowBytes).length;
}

int MapFlags(int fd) { return fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE; }

// Replaces a mapping by another one in place. The kernel does that in one step: whoever touches the
// addresses meanwhile finds the old pages or the new ones. By the bare system call, because the
// thread sanitizer takes the C library's mmap for a write to all of the bytes.
bool MapOver(void* address, uint64_t length_bytes, int protection, int flags, int fd,
             uint64_t offset) {
  return syscall(SYS_mmap, address, length_bytes, protection, flags | MAP_FIXED, fd, offset) != -1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Mapping>> Mapping::Create(int fd, uint64_t size_bytes,
                                                         bool writable) {
  const int protection = PROT_READ | (writable ? PROT_WRITE : 0);
  uint64_t capacity = CapacityFor(size_bytes);
  void* base = mmap(nullptr, capacity, protection, MapFlags(fd), fd, 0);
  if (base == MAP_FAILED) {
    // RLIMIT_AS or an exhausted address space: no room to grow then.
    capacity = ByteRange{0, std::max(size_bytes, kPageBytes)}.AlignedOut(kWindowBytes).length;
    base = mmap(nullptr, capacity, protection, MapFlags(fd), fd, 0);
  }
  if (base == MAP_FAILED) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot map ", size_bytes, " bytes"));
  }
  // A touch of an absent page must not read megabytes around it (it would by default).
  if (fd >= 0) madvise(base, capacity, MADV_RANDOM);
  return std::unique_ptr<Mapping>(
      new Mapping(static_cast<std::byte*>(base), capacity, fd, protection));
}

Mapping::Mapping(std::byte* base, uint64_t capacity_bytes, int fd, int protection)
    : base_(base),
      capacity_bytes_(capacity_bytes),
      fd_(fd),
      protection_(protection),
      count_windows_(capacity_bytes / kWindowBytes),
      windows_(std::make_unique<Window[]>(count_windows_)),
      lost_pages_(std::make_unique<std::atomic<uint64_t>[]>(kMaxLost)) {
  for (size_t i = 0; i < kMaxLost; ++i) lost_pages_[i].store(kHealed, std::memory_order_relaxed);
}

Mapping::~Mapping() { munmap(base_, capacity_bytes_); }

void Mapping::NoteTouched(ByteRange range, uint32_t epoch) {
  const uint64_t last = (range.end() - 1) / kPageTableSpanBytes;
  for (uint64_t span = range.offset / kPageTableSpanBytes; span <= last; ++span) {
    constexpr uint64_t kSpansPerWindow = kWindowBytes / kPageTableSpanBytes;
    Window& window = windows_[span / kSpansPerWindow];
    const uint64_t within = span % kSpansPerWindow;
    std::atomic<uint64_t>& word = window.spans[within / 64];
    const uint64_t bit = uint64_t{1} << (within % 64);
    // Plain loads first: in the steady state nothing is written and no cache line moves.
    if ((word.load(std::memory_order_relaxed) & bit) == 0 &&
        (word.fetch_or(bit, std::memory_order_relaxed) & bit) == 0) {
      count_spans_.fetch_add(1, std::memory_order_relaxed);
    }
    if (window.last_epoch.load(std::memory_order_relaxed) != epoch) {
      window.last_epoch.store(epoch, std::memory_order_relaxed);
    }
  }
}

std::optional<uint64_t> Mapping::OldestWindow(uint32_t epoch) const {
  std::optional<uint64_t> oldest;
  uint32_t oldest_epoch = epoch;
  int most_spans = 0;
  for (uint64_t i = 0; i < count_windows_; ++i) {
    const Window& window = windows_[i];
    int spans = 0;
    for (const std::atomic<uint64_t>& word : window.spans) {
      spans += std::popcount(word.load(std::memory_order_relaxed));
    }
    if (spans == 0) continue;
    const uint32_t last = window.last_epoch.load(std::memory_order_relaxed);
    // Of equally old ones the fullest: one pass over it gives most back.
    if (last >= epoch || last > oldest_epoch) continue;
    if (oldest.has_value() && last == oldest_epoch && spans <= most_spans) continue;
    oldest = i;
    oldest_epoch = last;
    most_spans = spans;
  }
  return oldest;
}

ByteRange Mapping::WindowRange(uint64_t window) const {
  return {window * kWindowBytes, kWindowBytes};
}

absl::Status Mapping::RetireWindow(uint64_t index) {
  QUIRE_CHECK(index < count_windows_);
  const ByteRange range = WindowRange(index);
  // Entries go span by span under the shared lock of the address space (250 ns a page), so that
  // the exclusive lock of the mmap below finds nothing to do but free the tables.
  uint64_t retired = 0;
  for (uint64_t word = 0; word < std::size(windows_[index].spans); ++word) {
    uint64_t bits = windows_[index].spans[word].exchange(0, std::memory_order_relaxed);
    retired += static_cast<uint64_t>(std::popcount(bits));
    for (; bits != 0; bits &= bits - 1) {
      const uint64_t span = word * 64 + static_cast<uint64_t>(std::countr_zero(bits));
      madvise(At(range.offset + span * kPageTableSpanBytes), kPageTableSpanBytes, MADV_DONTNEED);
    }
  }
  count_spans_.fetch_sub(retired, std::memory_order_relaxed);
  const LostSlots healed = PatchedIn(index);
  std::byte* const again = At(range.offset);
  if (!MapOver(again, kWindowBytes, protection_, MapFlags(fd_), fd_, fd_ >= 0 ? range.offset : 0)) {
    return absl::ErrnoToStatus(errno, "cannot map a window anew");
  }
  if (fd_ >= 0) madvise(again, kWindowBytes, MADV_RANDOM);
  if (healed.none()) return absl::OkStatus();
  // Counted first: whoever finds a page not lost any more also finds the count changed.
  count_heals_.fetch_add(1, std::memory_order_acq_rel);
  for (size_t slot = 0; slot < healed.size(); ++slot) {
    if (healed[slot]) lost_pages_[slot].store(kHealed, std::memory_order_release);
  }
  return absl::OkStatus();
}

// Which entries are pages of the window whose zeros are there: mapping it anew takes them away.
Mapping::LostSlots Mapping::PatchedIn(uint64_t window) const {
  LostSlots patched;
  const uint64_t count = std::min<uint64_t>(count_lost(), kMaxLost);
  for (uint64_t slot = 0; slot < count; ++slot) {
    const uint64_t page = lost_pages_[slot].load(std::memory_order_acquire);
    if (page == kHealed || (page & kPatching) != 0) continue;
    patched[slot] = page / (kWindowBytes / kPageBytes) == window;
  }
  return patched;
}

bool Mapping::Lost(ByteRange range) const {
  const uint64_t count = count_lost();
  if (count == 0) return false;
  if (count > kMaxLost) return true;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t entry = lost_pages_[i].load(std::memory_order_acquire);
    if (entry == kHealed) continue;
    if (range.Overlaps({(entry & ~kPatching) * kPageBytes, kPageBytes})) return true;
  }
  return false;
}

bool Mapping::PatchLost(const void* address) noexcept {
  const auto offset = static_cast<uint64_t>(static_cast<const std::byte*>(address) - base_);
  const uint64_t page = offset / kPageBytes;
  // Recorded before it is patched, so that nobody takes the zeros for data.
  const uint64_t slot = count_lost_.fetch_add(1, std::memory_order_acq_rel);
  if (slot < kMaxLost) lost_pages_[slot].store(page | kPatching, std::memory_order_release);
  if (!MapOver(base_ + page * kPageBytes, kPageBytes, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    return false;
  }
  if (slot < kMaxLost) lost_pages_[slot].store(page, std::memory_order_release);
  return true;
}

}  // namespace quire
