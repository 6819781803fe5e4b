// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/write_pressure.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "base/clock.h"
#include "pagecache/units.h"

namespace quire {
namespace {

constexpr uint64_t kSampleEveryNs = 100 * kNsPerMs;
constexpr uint64_t kSampleEveryBytes = 32 * 1024 * 1024;

uint64_t FindNumber(std::string_view text, std::string_view name) {
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const bool starts_line = at == 0 || text[at - 1] == '\n';
    const size_t number = at + name.size();
    if (!starts_line || number >= text.size() || text[number] != ' ') continue;
    uint64_t value = 0;
    std::from_chars(text.data() + number + 1, text.data() + text.size(), value);
    return value;
  }
  return 0;
}

}  // namespace

DirtyPages ParseVmstat(std::string_view text) {
  return {.dirty = FindNumber(text, "nr_dirty"),
          .writeback = FindNumber(text, "nr_writeback"),
          .background_threshold = FindNumber(text, "nr_dirty_background_threshold"),
          .threshold = FindNumber(text, "nr_dirty_threshold")};
}

bool WritePressure::NoteDirtied(uint64_t length_bytes, uint64_t now_ns) {
  dirty_bytes_.fetch_add(length_bytes, std::memory_order_relaxed);
  const uint64_t since =
      since_sample_bytes_.fetch_add(length_bytes, std::memory_order_relaxed) + length_bytes;
  uint64_t due_ns = next_sample_ns_.load(std::memory_order_relaxed);
  if (now_ns < due_ns && since < kSampleEveryBytes) return false;
  if (!next_sample_ns_.compare_exchange_strong(due_ns, now_ns + kSampleEveryNs)) return false;
  since_sample_bytes_.store(0, std::memory_order_relaxed);
  return true;
}

bool WritePressure::throttled() const {
  return dirty_bytes_.load(std::memory_order_relaxed) >=
         limit_bytes_.load(std::memory_order_relaxed);
}

void WritePressure::Sample() {
  const int fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;  // no /proc: nothing is foreseen, the last cost still tells
  std::array<char, 16384> text;
  const ssize_t length = read(fd, text.data(), text.size());
  close(fd);
  if (length > 0) Sampled(ParseVmstat({text.data(), static_cast<size_t>(length)}));
}

void WritePressure::Sampled(const DirtyPages& pages) {
  if (pages.threshold == 0) return;
  const uint64_t free_run = (pages.background_threshold + pages.threshold) / 2;
  limit_bytes_.store(free_run * kPageBytes / 10 * 9, std::memory_order_relaxed);
  dirty_bytes_.store((pages.dirty + pages.writeback) * kPageBytes, std::memory_order_relaxed);
}

}  // namespace quire
