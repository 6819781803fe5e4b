// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Where ready-made vectors get their pages from: the shared regions, or memory of an embedder's own
// (its "custom allocator").
// Threads: as the implementation says; one source may serve several pools.
// Errors: "none left" is an ordinary answer.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace quire {

class PageSource {
 public:
  static constexpr uint64_t kPageBytes = 4096;

  virtual ~PageSource() = default;
  // A page-aligned piece of 1 to `count_pages` pages; empty when there is none left.
  virtual std::span<std::byte> TakePages(uint64_t count_pages) = 0;
  // All of them in one piece, perhaps one that is made for this request only; empty when there is
  // none.
  virtual std::span<std::byte> TakeRun(uint64_t count_pages) {
    static_cast<void>(count_pages);
    return {};
  }
  // A piece as it was taken.
  virtual void ReleasePages(std::span<std::byte> piece) = 0;

  // Set while the source has nothing left: those who keep idle pieces give them back then.
  bool wanting() const { return wanting_.load(std::memory_order_relaxed); }

 protected:
  void SetWanting(bool wanting) {
    if (this->wanting() != wanting) wanting_.store(wanting, std::memory_order_relaxed);
  }

 private:
  std::atomic<bool> wanting_{false};
};

}  // namespace quire
