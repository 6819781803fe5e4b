// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Each peer as its manual page says, and no cleverer.
#include "bench/support/peers.h"

#include <liburing.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "bench/support/die.h"
#include "bench/support/pattern.h"
#include "sg/copy.h"

namespace quire::bench {
namespace {

std::vector<std::byte> PatternBuffer(uint64_t length_bytes) {
  std::vector<std::byte> buffer(length_bytes);
  FillPattern(buffer, 0, 7);
  return buffer;
}

class PlainWay : public Way {
 public:
  PlainWay(int fd, Transfer transfer)
      : fd_(fd), transfer_(transfer), buffer_(PatternBuffer(kMaxRequestBytes)) {}

  std::string name() const override { return transfer_ == Transfer::kRead ? "pread" : "pwrite"; }
  uint64_t own_system_calls() const override { return count_calls_; }

  uint64_t Run(const Batch& batch) override {
    uint64_t sum = 0;
    for (const uint64_t offset : batch.offsets) {
      const auto at = static_cast<off_t>(offset);
      const ssize_t done = transfer_ == Transfer::kRead
                               ? pread(fd_, buffer_.data(), batch.length_bytes, at)
                               : pwrite(fd_, buffer_.data(), batch.length_bytes, at);
      if (done != static_cast<ssize_t>(batch.length_bytes)) DieErrno(name());
      if (batch.consume) sum += SumWords(std::span(buffer_).first(batch.length_bytes));
    }
    count_calls_ += batch.offsets.size();
    CountKernelCopy(batch.offsets.size() * batch.length_bytes);
    return sum;
  }

 private:
  const int fd_;
  const Transfer transfer_;
  std::vector<std::byte> buffer_;
  uint64_t count_calls_ = 0;
};

class UringWay : public Way {
 public:
  UringWay(int fd, Transfer transfer)
      : fd_(fd), transfer_(transfer), memory_(PatternBuffer(kDepth * kMaxRequestBytes)) {}
  ~UringWay() override {
    if (open_) io_uring_queue_exit(&ring_);
  }
  UringWay(const UringWay&) = delete;
  UringWay& operator=(const UringWay&) = delete;

  bool Open() {
    open_ = io_uring_queue_init(kDepth, &ring_, 0) == 0;
    return open_;
  }

  std::string name() const override { return "io_uring"; }
  uint64_t own_system_calls() const override { return count_calls_; }

  uint64_t Run(const Batch& batch) override {
    uint64_t sum = 0;
    for (size_t done = 0; done < batch.offsets.size();) {
      const size_t count = std::min<size_t>(kDepth, batch.offsets.size() - done);
      for (size_t i = 0; i < count; ++i) Prepare(i, batch.offsets[done + i], batch.length_bytes);
      const int submitted = io_uring_submit_and_wait(&ring_, static_cast<unsigned>(count));
      ++count_calls_;
      if (submitted != static_cast<int>(count)) Die("io_uring took less than it was given");
      for (size_t i = 0; i < count; ++i) sum += TakeOne(batch);
      done += count;
    }
    CountKernelCopy(batch.offsets.size() * batch.length_bytes);
    return sum;
  }

 private:
  std::byte* BufferOf(size_t index, uint64_t length_bytes) {
    return memory_.data() + index * length_bytes;
  }

  void Prepare(size_t index, uint64_t offset, uint64_t length_bytes) {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    const auto length = static_cast<unsigned>(length_bytes);
    if (transfer_ == Transfer::kRead) {
      io_uring_prep_read(sqe, fd_, BufferOf(index, length_bytes), length, offset);
    } else {
      io_uring_prep_write(sqe, fd_, BufferOf(index, length_bytes), length, offset);
    }
    io_uring_sqe_set_data64(sqe, index);
  }

  uint64_t TakeOne(const Batch& batch) {
    io_uring_cqe* cqe = nullptr;
    if (io_uring_wait_cqe(&ring_, &cqe) != 0) Die("io_uring lost a completion");
    if (cqe->res != static_cast<int>(batch.length_bytes)) {
      errno = cqe->res < 0 ? -cqe->res : EIO;
      DieErrno("io_uring");
    }
    const size_t index = io_uring_cqe_get_data64(cqe);
    io_uring_cqe_seen(&ring_, cqe);
    return batch.consume ? SumWords({BufferOf(index, batch.length_bytes), batch.length_bytes}) : 0;
  }

  const int fd_;
  const Transfer transfer_;
  std::vector<std::byte> memory_;
  io_uring ring_ = {};
  bool open_ = false;
  uint64_t count_calls_ = 0;
};

}  // namespace

std::unique_ptr<Way> MakePlain(int fd, Transfer transfer) {
  return std::make_unique<PlainWay>(fd, transfer);
}

std::unique_ptr<Way> MakeUring(int fd, Transfer transfer) {
  auto way = std::make_unique<UringWay>(fd, transfer);
  if (!way->Open()) return nullptr;
  return way;
}

MappedWay::MappedWay(int fd, uint64_t size_bytes, Transfer transfer)
    : size_bytes_(size_bytes), transfer_(transfer), source_(PatternBuffer(kMaxRequestBytes)) {
  void* memory = mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) DieErrno("mmap");
  base_ = static_cast<std::byte*>(memory);
  madvise(base_, size_bytes, MADV_RANDOM);  // a fault reads what it must and no more
}

MappedWay::~MappedWay() { munmap(base_, size_bytes_); }

void MappedWay::Retire() { madvise(base_, size_bytes_, MADV_DONTNEED); }

uint64_t MappedWay::Run(const Batch& batch) {
  uint64_t sum = 0;
  for (const uint64_t offset : batch.offsets) {
    if (transfer_ == Transfer::kWrite) {
      CopyBytes({base_ + offset, batch.length_bytes}, std::span(source_).first(batch.length_bytes));
    } else if (batch.consume) {
      sum += SumWords({base_ + offset, batch.length_bytes});
    }
  }
  return sum;
}

}  // namespace quire::bench
