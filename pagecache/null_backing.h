// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A disk of nothing: reads give zeros, writes are dropped. The upper end of the ladder local disk,
// null, real that storage people measure with.
// Owns: nothing. Threads: as Backing.
#pragma once

#include <cerrno>

#include "pagecache/backing.h"

namespace quire {

class NullBacking final : public Backing {
 public:
  explicit NullBacking(uint64_t size_bytes);

  const BackingTraits& traits() const override { return traits_; }
  int64_t CurrentSize() override { return static_cast<int64_t>(size_bytes_.load()); }
  absl::StatusOr<std::unique_ptr<Mapping>> Map(uint64_t size_bytes) override;
  int64_t CountCached(ByteRange range) override { return static_cast<int64_t>(range.length); }
  bool AskPages(const Mapping& mapping, ByteRange range, std::span<uint8_t> pages) override;
  void Populate(const Mapping&, ByteRange) override {}
  void Submit(Reactor& reactor, IoOp& op, Via via, bool direct) override;
  IoResult RunNow(IoOp& op) override;
  int Grow(uint64_t size_bytes) override;
  int Shrink(uint64_t size_bytes) override;
  int CloneTo(int) override { return EOPNOTSUPP; }
  // It keeps nothing, so nothing has room, whatever was written.
  int64_t FindMapped(ByteRange, std::span<ByteRange>) override { return 0; }

 private:
  BackingTraits traits_;
  std::atomic<uint64_t> size_bytes_;
};

}  // namespace quire
