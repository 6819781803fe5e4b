// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "sg/data_area.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/check.h"

namespace quire {
namespace {

absl::Status Refusal(const char* what, int error) {
  return absl::ResourceExhaustedError(std::string("data area: ") + what + ": " +
                                      std::strerror(error));
}

// vm.memfd_noexec=2 refuses what may be executed; kernels before 6.3 do not know the flag.
int MakeMemfd() {
  constexpr unsigned int kNoExecSeal = 0x0008;  // MFD_NOEXEC_SEAL
  const int fd = memfd_create("quire", MFD_CLOEXEC | MFD_ALLOW_SEALING | kNoExecSeal);
  if (fd >= 0 || errno != EINVAL) return fd;
  return memfd_create("quire", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

}  // namespace

uint64_t DataAreaFamily::ExcessBytes() const {
  const uint64_t touched = touched_bytes();
  if (touched <= soft_limit_bytes_) return 0;
  return touched - (soft_limit_bytes_ - soft_limit_bytes_ / 8);
}

absl::StatusOr<std::unique_ptr<DataArea>> DataArea::Create(const Options& options) {
  QUIRE_CHECK(std::has_single_bit(options.block_bytes));
  QUIRE_CHECK(options.block_bytes >= 4096);
  QUIRE_CHECK(options.size_bytes % options.block_bytes == 0);
  if (options.size_bytes / options.block_bytes > UINT32_MAX) {
    return absl::InvalidArgumentError("data area: more than 2^32 - 1 blocks; make them larger");
  }
  // The kernel would end the process for it.
  if (rlimit limit{}; getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < options.size_bytes) {
    return Refusal("raise RLIMIT_FSIZE (ulimit -f)", EFBIG);
  }
  const int fd = MakeMemfd();
  if (fd < 0) return Refusal("no memfd", errno);
  void* memory = MAP_FAILED;
  if (ftruncate(fd, static_cast<off_t>(options.size_bytes)) == 0 &&
      fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
    memory = mmap(nullptr, options.size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
                  fd, 0);
  }
  if (memory == MAP_FAILED) {
    const int error = errno;
    close(fd);
    return Refusal("no address space (raise RLIMIT_AS)", error);
  }
  return std::unique_ptr<DataArea>(
      new DataArea(options, {static_cast<std::byte*>(memory), options.size_bytes}, fd));
}

DataArea::DataArea(const Options& options, std::span<std::byte> memory, int fd)
    : options_(options),
      memory_(memory),
      count_blocks_(static_cast<uint32_t>(options.size_bytes / options.block_bytes)),
      fd_(fd),
      used_(count_blocks_),
      spare_(count_blocks_),
      absent_(count_blocks_),
      given_(count_blocks_),
      period_start_ns_(options.clock->NowCoarseNs()) {
  for (uint32_t block = 0; block < count_blocks_; ++block) absent_.Insert(block);
}

DataArea::~DataArea() {
  QUIRE_CHECK(used_.empty());
  QUIRE_CHECK(waiters_.empty());
  Account(-static_cast<int64_t>(spare_.size()));
  munmap(memory_.data(), memory_.size());
  close(fd_);
}

void DataArea::Account(int64_t change_blocks) {
  if (options_.family == nullptr) return;
  options_.family->touched_bytes_.fetch_add(
      static_cast<uint64_t>(change_blocks) * options_.block_bytes, std::memory_order_relaxed);
}

bool DataArea::Take(std::span<uint32_t> blocks) {
  if (!waiters_.empty() || blocks.size() > CountAvailable()) {
    ++stats_.refused;
    return false;
  }
  for (uint32_t& block : blocks) TakeOne(block);
  return true;
}

void DataArea::TakeOne(uint32_t& block) {
  if (const auto spare = spare_.Lowest(); spare.has_value()) {
    block = static_cast<uint32_t>(*spare);
    spare_.Remove(block);
    --stats_.spare_blocks;
    ++stats_.reused;
  } else {
    block = static_cast<uint32_t>(*absent_.Lowest());
    absent_.Remove(block);
    Account(1);
    ++stats_.grown;
  }
  used_.Insert(block);
  ++stats_.used_blocks;
  peak_ = std::max<uint64_t>(peak_, block + 1);
}

void DataArea::Release(uint32_t block) {
  if (given_.Contains(block)) given_.Remove(block);
  used_.Remove(block);
  spare_.Insert(block);
  --stats_.used_blocks;
  ++stats_.spare_blocks;
  ServeWaiters();
}

void DataArea::Wait(Waiter& waiter) {
  QUIRE_CHECK(waiter.blocks.size() <= count_blocks_);
  waiters_.PushBack(waiter);
  ServeWaiters();
}

void DataArea::Cancel(Waiter& waiter) {
  waiters_.Remove(waiter);
  ServeWaiters();
}

void DataArea::Give(uint32_t block) {
  QUIRE_CHECK(used_.Contains(block));
  given_.Insert(block);
}

// Within a `done` it does nothing: the loop that called that goes on.
void DataArea::ServeWaiters() {
  if (serving_) return;
  serving_ = true;
  while (Waiter* waiter = waiters_.Front()) {
    if (waiter->blocks.size() > CountAvailable()) break;
    waiters_.Remove(*waiter);
    for (uint32_t& block : waiter->blocks) TakeOne(block);
    waiter->done(*waiter, true);
  }
  serving_ = false;
}

std::optional<std::span<std::byte>> DataArea::Look(uint64_t untrusted_index) {
  if (!given_.Contains(untrusted_index)) {
    ++stats_.untrusted_refused;
    return std::nullopt;
  }
  return block(static_cast<uint32_t>(untrusted_index));
}

std::optional<uint32_t> DataArea::TakeBack(uint64_t untrusted_index) {
  if (!Look(untrusted_index).has_value()) return std::nullopt;
  const auto block = static_cast<uint32_t>(untrusted_index);
  given_.Remove(block);
  return block;
}

void DataArea::Tick() {
  const uint64_t now_ns = options_.clock->NowCoarseNs();
  RefuseOverdue(now_ns);
  ServeWaiters();  // those behind one that asked for too much
  if (now_ns - period_start_ns_ >= options_.period_ns) {
    StartPeriod(now_ns);
    DropStrangers();
  }
  if (options_.family != nullptr) CullTail(options_.family->ExcessBytes());
}

// All at once: one that waits again, for whatever deadline, is for the next tick.
void DataArea::RefuseOverdue(uint64_t now_ns) {
  IntrusiveList<Waiter> overdue;
  for (Waiter* waiter = waiters_.Front(); waiter != nullptr;) {
    Waiter* const next = waiters_.Next(*waiter);
    if (waiter->deadline_ns <= now_ns) {
      waiters_.Remove(*waiter);
      overdue.PushBack(*waiter);
    }
    waiter = next;
  }
  while (Waiter* const waiter = overdue.PopFront()) {
    ++stats_.expired;
    waiter->done(*waiter, false);
  }
}

void DataArea::StartPeriod(uint64_t now_ns) {
  // After a pause of more than two periods nothing is known to have been used.
  const bool paused = now_ns - period_start_ns_ >= 2 * options_.period_ns;
  const uint64_t in_use = used_.empty() ? 0 : *used_.Highest() + 1;
  last_peak_ = paused ? in_use : peak_;
  peak_ = in_use;
  period_start_ns_ = now_ns;
}

void DataArea::CullTail(uint64_t excess_bytes) {
  const uint64_t keep = std::max(peak_, last_peak_);
  while (excess_bytes >= options_.block_bytes) {
    const auto last = spare_.Highest();
    if (!last.has_value() || *last < keep) return;
    Drop(static_cast<uint32_t>(*last));
    excess_bytes -= options_.block_bytes;
  }
}

void DataArea::Drop(uint32_t block) {
  spare_.Remove(block);
  absent_.Insert(block);
  Punch(block, 1);
  Account(-1);
  --stats_.spare_blocks;
  ++stats_.culled;
}

// The other process can touch what it was not given. That memory is ours to give back.
void DataArea::DropStrangers() {
  struct stat status = {};
  if (fstat(fd_, &status) != 0) return;
  const uint64_t known = (used_.size() + spare_.size()) * options_.block_bytes;
  if (static_cast<uint64_t>(status.st_blocks) * 512 <= known) return;
  uint64_t first = 0;
  for (uint64_t block = 0; block <= count_blocks_; ++block) {
    if (block < count_blocks_ && absent_.Contains(block)) continue;
    if (block > first) Punch(first, block - first);
    first = block + 1;
  }
}

void DataArea::Punch(uint64_t first, uint64_t count) const {
  const int result = fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                               static_cast<off_t>(first * options_.block_bytes),
                               static_cast<off_t>(count * options_.block_bytes));
  QUIRE_DCHECK(result == 0);
  static_cast<void>(result);  // the memory stays where a hole cannot be made; all else holds
}

void DataArea::CheckInvariants() const {
  QUIRE_CHECK(used_.size() + spare_.size() + absent_.size() == count_blocks_);
  for (uint32_t block = 0; block < count_blocks_; ++block) {
    QUIRE_CHECK(used_.Contains(block) + spare_.Contains(block) + absent_.Contains(block) == 1);
    QUIRE_CHECK(used_.Contains(block) || !given_.Contains(block));
  }
  QUIRE_CHECK(stats_.used_blocks == used_.size());
  QUIRE_CHECK(stats_.spare_blocks == spare_.size());
}

}  // namespace quire
