// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Files and buffers registered with a reactor's ring, as slots that unregister themselves.
// Owns: the slot. Lifetime: the reactor outlives the slot. Threads: the reactor's.
// Errors: registration is an optimisation: an invalid slot (index() < 0) means "use it
// unregistered".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace quire {

class Reactor;

// A descriptor in the ring's fixed file table.
class FixedFile {
 public:
  FixedFile() = default;
  FixedFile(Reactor& reactor, int fd);
  FixedFile(FixedFile&& other) noexcept;
  FixedFile& operator=(FixedFile&& other) noexcept;
  ~FixedFile();
  int32_t index() const { return index_; }

 private:
  Reactor* reactor_ = nullptr;
  int32_t index_ = -1;
};

// A piece of memory in the ring's fixed buffer table. The memory outlives the slot.
// When RLIMIT_MEMLOCK refuses, says so in one log line and stays invalid.
class FixedBuffer {
 public:
  FixedBuffer() = default;
  FixedBuffer(Reactor& reactor, std::span<std::byte> memory);
  FixedBuffer(FixedBuffer&& other) noexcept;
  FixedBuffer& operator=(FixedBuffer&& other) noexcept;
  ~FixedBuffer();
  int32_t index() const { return index_; }

 private:
  Reactor* reactor_ = nullptr;
  int32_t index_ = -1;
};

}  // namespace quire
