// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/preemption.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>

namespace quire {

uint64_t ParseRunDelay(std::string_view schedstat) {
  const size_t space = schedstat.find(' ');
  if (space == std::string_view::npos) return 0;
  uint64_t delay_ns = 0;
  std::from_chars(schedstat.data() + space + 1, schedstat.data() + schedstat.size(), delay_ns);
  return delay_ns;
}

uint64_t Preemption::Since() {
  const int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  std::array<char, 128> text;
  const ssize_t length = read(fd, text.data(), text.size());
  close(fd);
  if (length <= 0) return 0;
  const uint64_t now_ns = ParseRunDelay({text.data(), static_cast<size_t>(length)});
  const uint64_t since_ns = now_ns - last_ns_;
  last_ns_ = now_ns;
  return since_ns;
}

}  // namespace quire
