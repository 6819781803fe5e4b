// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Many words, all zero, that cost no memory until they are touched.
// Owns: its address range. Threads: any thread; relaxed atomics.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstdint>

#include "base/check.h"

namespace quire {

class LazyWords {
 public:
  using Word = std::atomic<uint64_t>;

  explicit LazyWords(uint64_t count)
      : count_(count), words_([count] {
          void* memory = mmap(nullptr, count * sizeof(Word), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
          QUIRE_CHECK(memory != MAP_FAILED);
          return static_cast<Word*>(memory);
        }()) {}
  ~LazyWords() { munmap(words_, count_ * sizeof(Word)); }
  LazyWords(const LazyWords&) = delete;
  LazyWords& operator=(const LazyWords&) = delete;

  uint64_t count() const { return count_; }
  Word& operator[](uint64_t index) const {
    QUIRE_DCHECK(index < count_);
    return words_[index];
  }

 private:
  const uint64_t count_;
  Word* const words_;
};

}  // namespace quire
