// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The right to use some memory, given back once: {function, owner, cookie}, no heap.
// Owns: whatever the function returns when the hold is destroyed.
// Lifetime: the owner outlives the hold. Threads: moves between threads; the release function says
// on which threads it may run.
#pragma once

#include <cstdint>
#include <utility>

namespace quire {

class Hold {
 public:
  using ReleaseFunction = void (*)(void* owner, uint64_t cookie) noexcept;

  Hold() = default;
  Hold(ReleaseFunction release, void* owner, uint64_t cookie)
      : release_(release), owner_(owner), cookie_(cookie) {}
  Hold(Hold&& other) noexcept
      : release_(std::exchange(other.release_, nullptr)),
        owner_(other.owner_),
        cookie_(other.cookie_) {}
  Hold& operator=(Hold&& other) noexcept {
    if (this != &other) {
      Release();
      release_ = std::exchange(other.release_, nullptr);
      owner_ = other.owner_;
      cookie_ = other.cookie_;
    }
    return *this;
  }
  ~Hold() { Release(); }

  bool held() const { return release_ != nullptr; }

  // Gives the memory back now; a second call does nothing.
  void Release() noexcept {
    if (const ReleaseFunction release = std::exchange(release_, nullptr); release != nullptr) {
      release(owner_, cookie_);
    }
  }

 private:
  ReleaseFunction release_ = nullptr;
  void* owner_ = nullptr;
  uint64_t cookie_ = 0;
};

}  // namespace quire
