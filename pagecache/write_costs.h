// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What storing into the mapping and writing on the file have lately cost for resident ranges, by
// length: learned from real requests, because it depends on the file system and on the size of the
// folios that the data happens to lie in (44 us against 2 us for the same 4 KiB on ext4).
// Threads: any thread; relaxed atomics, a lost update is harmless.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace quire {

class WriteCosts {
 public:
  enum class Way : uint8_t { kStore, kWrite };

  // Mean over the last dozen or so, ns; 0 before the first.
  uint32_t Get(Way way, uint64_t length_bytes) const;
  void Note(Way way, uint64_t length_bytes, uint64_t cost_ns);

  // The costs to choose by. Now and then the dearer way is made to look cheaper, so that it is
  // measured again: every 8th request while one is unknown, every 64th while they are close, every
  // 4096th when one is more than twice as dear.
  struct Costs {
    uint32_t store_ns;
    uint32_t write_ns;
  };
  Costs ToChooseBy(uint64_t length_bytes);

 private:
  // By power of two of pages: 1, 2-3, 4-7, ... 1024.
  static constexpr size_t kClasses = 11;
  static size_t ClassOf(uint64_t length_bytes);

  struct Class {
    std::array<std::atomic<uint32_t>, 2> mean_ns{};
    std::atomic<uint32_t> asked{0};
  };
  std::array<Class, kClasses> classes_;
};

}  // namespace quire
