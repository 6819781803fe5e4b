// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/registered.h"

#include <sys/uio.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <utility>

#include "base/log.h"
#include "engine/reactor.h"
#include "engine/ring.h"

namespace quire {
namespace {

void LogNotRegistered(size_t size_bytes, int error) {
  if (error != ENOMEM) return;
  static std::atomic_flag logged;
  if (logged.test_and_set()) return;
  Log(LogLevel::kWarning,
      "RLIMIT_MEMLOCK is too small to register " + std::to_string(size_bytes >> 20) +
          " MiB of buffers with io_uring; all works, direct I/O costs more CPU. Raise it "
          "(LimitMEMLOCK= of the systemd unit, memlock in limits.conf)");
}

}  // namespace

FixedFile::FixedFile(Reactor& reactor, int fd) : reactor_(&reactor) {
  int error = 0;
  if (reactor.ring_ != nullptr && fd >= 0) index_ = reactor.ring_->AddFile(fd, error);
}

FixedFile::FixedFile(FixedFile&& other) noexcept
    : reactor_(other.reactor_), index_(std::exchange(other.index_, -1)) {}

FixedFile& FixedFile::operator=(FixedFile&& other) noexcept {
  std::swap(reactor_, other.reactor_);
  std::swap(index_, other.index_);
  return *this;
}

FixedFile::~FixedFile() {
  if (index_ >= 0) reactor_->ring_->RemoveFile(index_);
}

FixedBuffer::FixedBuffer(Reactor& reactor, std::span<std::byte> memory) : reactor_(&reactor) {
  if (reactor.ring_ == nullptr) return;
  int error = 0;
  index_ = reactor.ring_->AddBuffer({memory.data(), memory.size()}, error);
  if (index_ < 0) LogNotRegistered(memory.size(), error);
}

FixedBuffer::FixedBuffer(FixedBuffer&& other) noexcept
    : reactor_(other.reactor_), index_(std::exchange(other.index_, -1)) {}

FixedBuffer& FixedBuffer::operator=(FixedBuffer&& other) noexcept {
  std::swap(reactor_, other.reactor_);
  std::swap(index_, other.index_);
  return *this;
}

FixedBuffer::~FixedBuffer() {
  if (index_ >= 0) reactor_->ring_->RemoveBuffer(index_);
}

}  // namespace quire
