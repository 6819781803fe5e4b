// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/memory_backing.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "pagecache/extents.h"

namespace quire {

MemoryBacking::MemoryBacking(uint64_t size_bytes) : fd_(memfd_create("quire-test", MFD_CLOEXEC)) {
  QUIRE_CHECK(fd_ >= 0);
  traits_.file_system = "memory";
  traits_.punch_hole = true;  // zero_range stays false: zeros are written
  Truncate(size_bytes);
}

MemoryBacking::~MemoryBacking() { close(fd_); }

void MemoryBacking::Drop() {
  MutexLock lock(mutex_);
  std::ranges::fill(resident_, uint8_t{0});
}

void MemoryBacking::Truncate(uint64_t size_bytes) {
  QUIRE_CHECK(ftruncate(fd_, static_cast<off_t>(size_bytes)) == 0);
  MutexLock lock(mutex_);
  resident_.resize(ByteRange{0, size_bytes}.AlignedOut(kPageBytes).length / kPageBytes, 0);
}

uint64_t MemoryBacking::count_flushes() {
  MutexLock lock(mutex_);
  return count_flushes_;
}

int64_t MemoryBacking::CurrentSize() {
  struct stat file = {};
  return fstat(fd_, &file) == 0 ? file.st_size : -errno;
}

absl::StatusOr<std::unique_ptr<Mapping>> MemoryBacking::Map(uint64_t size_bytes) {
  return Mapping::Create(fd_, size_bytes, /*writable=*/true);
}

int MemoryBacking::Grow(uint64_t size_bytes) {
  if (CurrentSize() < static_cast<int64_t>(size_bytes)) Truncate(size_bytes);
  return 0;
}

int MemoryBacking::Shrink(uint64_t size_bytes) {
  if (CurrentSize() > static_cast<int64_t>(size_bytes)) Truncate(size_bytes);
  return 0;
}

int MemoryBacking::CloneTo(int) { return EOPNOTSUPP; }

int64_t MemoryBacking::FindMapped(ByteRange range, std::span<ByteRange> found) {
  return quire::FindMapped(fd_, range, found);
}

// ---- Residency ----

int64_t MemoryBacking::CountCached(ByteRange range) {
  const ByteRange pages = range.AlignedOut(kPageBytes);
  MutexLock lock(mutex_);
  const uint64_t first = std::min<uint64_t>(pages.offset / kPageBytes, resident_.size());
  const uint64_t end = std::min<uint64_t>(pages.end() / kPageBytes, resident_.size());
  const auto begin = resident_.begin();
  return std::count(begin + static_cast<ptrdiff_t>(first), begin + static_cast<ptrdiff_t>(end), 1) *
         static_cast<int64_t>(kPageBytes);
}

bool MemoryBacking::AskPages(const Mapping&, ByteRange range, std::span<uint8_t> pages) {
  QUIRE_CHECK(range.AlignedTo(kPageBytes));
  MutexLock lock(mutex_);
  for (uint64_t i = 0; i < range.length / kPageBytes; ++i) {
    const uint64_t page = range.offset / kPageBytes + i;
    pages[i] = page < resident_.size() ? resident_[page] : 0;
  }
  return true;
}

void MemoryBacking::Populate(const Mapping&, ByteRange range) { SetResident(range, true); }

void MemoryBacking::SetResident(ByteRange range, bool resident) {
  if (range.empty()) return;
  const ByteRange out = range.AlignedOut(kPageBytes);
  uint64_t first = out.offset / kPageBytes;
  uint64_t end = out.end() / kPageBytes;
  if (!resident) {
    first += range.offset % kPageBytes != 0 ? 1 : 0;
    end -= range.end() % kPageBytes != 0 ? 1 : 0;
  }
  MutexLock lock(mutex_);
  end = std::min<uint64_t>(end, resident_.size());
  for (uint64_t page = first; page < end; ++page) resident_[page] = resident ? 1 : 0;
}

uint64_t MemoryBacking::ResidentPrefix(ByteRange range) {
  MutexLock lock(mutex_);
  uint64_t page = range.offset / kPageBytes;
  while (page < resident_.size() && resident_[page] != 0) ++page;
  const uint64_t end = page * kPageBytes;
  return end > range.offset ? std::min(end - range.offset, range.length) : 0;
}

// ---- Operations ----

void MemoryBacking::Submit(Reactor& reactor, IoOp& op, Via, bool direct) {
  QUIRE_CHECK(!direct);
  reactor.Complete(op, RunNow(op));
}

IoResult MemoryBacking::RunNow(IoOp& op) {
  op.fd = fd_;
  switch (op.kind) {
    case IoOp::Kind::kRead:
      return Read(op);
    case IoOp::Kind::kWrite: {
      op.flags = 0;
      const IoResult result = op.RunBlocking();
      if (result.ok()) SetResident({op.range.offset, result.bytes()}, true);
      return result;
    }
    case IoOp::Kind::kFlush: {
      MutexLock lock(mutex_);
      ++count_flushes_;
      return IoResult::Bytes(0);
    }
    case IoOp::Kind::kFallocate: {
      const IoResult result = op.RunBlocking();
      if (result.ok()) SetResident(op.range, false);
      return result;
    }
  }
  return IoResult::Error(EINVAL);
}

// With RWF_NOWAIT: what is resident up to the first gap, or EAGAIN.
IoResult MemoryBacking::Read(IoOp& op) {
  if ((op.flags & RWF_NOWAIT) != 0) {
    QUIRE_CHECK(op.segments.size() == 1);
    const uint64_t length = ResidentPrefix(op.range);
    if (length == 0) return IoResult::Error(EAGAIN);
    op.single.size_bytes = length;
    op.flags = 0;
  }
  const IoResult result = op.RunBlocking();
  if (result.ok()) SetResident({op.range.offset, result.bytes()}, true);
  return result;
}

}  // namespace quire
