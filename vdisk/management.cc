// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What an operator does to a disk that is being served: snapshots and another size.
#include <atomic>

#include "absl/strings/str_cat.h"
#include "base/poll_until.h"
#include "pagecache/file_snapshot.h"
#include "vdisk/device_server.h"

namespace quire {
namespace {

// Blocks of the disk to itself: no command is half done there, and those that come wait.
class BlocksHeld {
 public:
  BlocksHeld(RangeLock& table, ByteRange range) {
    part_.table = &table;
    part_.range = range;
    part_.mode = RangeMode::kExclusive;
    const bool now = RangeLock::Acquire(claim_, {&part_, 1}, [](RangeClaim& claim) {
      static_cast<Claim&>(claim).granted.store(true, std::memory_order_release);
    });
    if (now) claim_.granted.store(true, std::memory_order_relaxed);
  }
  ~BlocksHeld() {
    if (held_) RangeLock::Release(claim_);
  }
  BlocksHeld(const BlocksHeld&) = delete;
  BlocksHeld& operator=(const BlocksHeld&) = delete;

  // False: they are not to be had so soon. To be called once.
  bool Wait(uint64_t patience_ns) {
    const auto granted = [this] { return claim_.granted.load(std::memory_order_acquire); };
    held_ = PollUntil(granted, patience_ns) || !RangeLock::Withdraw(claim_);
    // Granted just now: whoever did it is about to say so.
    while (held_ && !PollUntil(granted, kPatienceNs)) continue;
    return held_;
  }

 private:
  struct Claim : RangeClaim {
    std::atomic<bool> granted{false};
  };
  Claim claim_;
  RangePart part_;
  bool held_ = false;
};

absl::Status StillBusy(const File& file) {
  return absl::DeadlineExceededError(
      absl::StrCat("commands to ", file.options().path,
                   " are still in flight; nothing was changed. Try again when it is less busy, or "
                   "when a FORMAT or the like has ended"));
}

}  // namespace

absl::Status DeviceServer::Snapshot(const std::string& path) {
  MutexLock lock(management_mutex_);
  absl::StatusOr<std::unique_ptr<FileSnapshot>> snapshot =
      FileSnapshot::Begin(device_.file(), path);
  if (!snapshot.ok()) return snapshot.status();
  {
    BlocksHeld all(ranges_, {0, device_.geometry().size_bytes()});
    if (!all.Wait(kPatienceNs)) return StillBusy(device_.file());
    if (absl::Status taken = (*snapshot)->Take(); !taken.ok()) return taken;
  }
  return (*snapshot)->Publish();
}

absl::Status DeviceServer::Resize(uint64_t size_bytes, const Resizing& how) {
  MutexLock lock(management_mutex_);
  const Geometry geometry = device_.geometry();
  const uint64_t surplus_bytes = size_bytes % geometry.block_bytes;
  if (size_bytes == 0 || surplus_bytes != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        size_bytes, " bytes are not whole blocks of ", geometry.block_bytes, "; ask for ",
        size_bytes - surplus_bytes + (size_bytes < geometry.block_bytes ? geometry.block_bytes : 0),
        " bytes, for example"));
  }
  if (size_bytes == geometry.size_bytes()) return absl::OkStatus();
  const absl::Status resized =
      size_bytes > geometry.size_bytes() ? device_.file().Grow(size_bytes) : Cut(size_bytes, how);
  if (resized.ok()) PostAttention(UnitAttention::kCapacityChanged);
  return resized;
}

// No command runs in the part that is cut off; those that come find it gone when it is their turn.
absl::Status DeviceServer::Cut(uint64_t size_bytes, const Resizing& how) {
  File& file = device_.file();
  const uint64_t before = device_.geometry().size_bytes();
  if (!how.force) {
    return absl::FailedPreconditionError(absl::StrCat(
        file.options().path, " is ", before, " bytes long; all that lies behind ", size_bytes,
        " would be lost. Shrink what is on the disk first, then force it"));
  }
  BlocksHeld cut(ranges_, {size_bytes, before - size_bytes});
  if (!cut.Wait(how.patience_ns)) return StillBusy(file);
  return file.Shrink(size_bytes, how.patience_ns);
}

}  // namespace quire
