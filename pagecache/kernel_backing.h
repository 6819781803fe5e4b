// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The real thing: a regular file or a block device, through the kernel's page cache, and beside it
// with O_DIRECT where asked for, or where that makes atomic writes possible.
// Owns: its descriptors. Threads: as Backing.
// Errors: Open by Status that says what to do.
#pragma once

#include <memory>
#include <string>

#include "pagecache/backing.h"

namespace quire {

class KernelBacking final : public Backing {
 public:
  struct Options {
    std::string path;
    bool read_only = false;
    bool direct = false;  // cache=none: refuses where O_DIRECT is impossible
    bool share = false;   // no lock
  };
  static absl::StatusOr<std::unique_ptr<KernelBacking>> Open(const Options& options);
  ~KernelBacking() override;

  const BackingTraits& traits() const override { return traits_; }
  int64_t CurrentSize() override;
  std::optional<Room> CurrentRoom() override;
  absl::StatusOr<std::unique_ptr<Mapping>> Map(uint64_t size_bytes) override;
  int fd() const override { return fd_; }
  int direct_fd() const override { return direct_fd_; }
  int64_t CountCached(ByteRange range) override;
  bool AskPages(const Mapping& mapping, ByteRange range, std::span<uint8_t> pages) override;
  void Populate(const Mapping& mapping, ByteRange range) override;
  void Submit(Reactor& reactor, IoOp& op, Via via, bool direct) override;
  IoResult RunNow(IoOp& op) override;
  IoResult CopyFrom(Backing& source, ByteRange range, uint64_t offset) override;
  int Grow(uint64_t size_bytes) override;
  int Shrink(uint64_t size_bytes) override;
  int CloneTo(int target) override;
  int64_t FindMapped(ByteRange range, std::span<ByteRange> found) override;

 private:
  KernelBacking(int fd, int direct_fd, BackingTraits traits)
      : fd_(fd), direct_fd_(direct_fd), traits_(std::move(traits)) {}

  // Constant after construction.
  const int fd_;
  const int direct_fd_;  // -1 when not needed
  const BackingTraits traits_;
};

}  // namespace quire
