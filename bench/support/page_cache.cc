// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Page-cache control by fadvise and the kind of reads that are made.
#include "bench/support/page_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "bench/support/die.h"

namespace quire::bench {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kPiece = 1 << 20;

void ReadAll(int fd, ByteRange range) {
  std::vector<std::byte> buffer(kPiece);
  for (uint64_t at = range.offset; at < range.end();) {
    const size_t length = std::min(kPiece, range.end() - at);
    const ssize_t got = pread(fd, buffer.data(), length, static_cast<off_t>(at));
    if (got <= 0) DieErrno("cannot read the file");
    at += static_cast<uint64_t>(got);
  }
}

}  // namespace

void DropPages(int fd) {
  if (fdatasync(fd) != 0) DieErrno("cannot flush the file");
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

void LoadLargeFolios(int fd, ByteRange range) {
  posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  ReadAll(fd, range);
  posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL);
}

// A file that is advised to be read at random gets folios of one page, however long the read.
void LoadSmallFolios(int fd, ByteRange range) {
  posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
  ReadAll(fd, range);
  posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL);
}

void TouchFreeMemory(uint64_t length_bytes) {
  void* memory = mmap(nullptr, length_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) DieErrno("mmap");
  munmap(memory, length_bytes);
}

CacheState LookAtCache(int fd, ByteRange range) {
  constexpr long kCachestatNumber = 451;  // newer than Debian 12's headers
  struct {
    uint64_t cached, dirty, writeback, evicted, recently_evicted;
  } answer = {};
  if (syscall(kCachestatNumber, fd, &range, &answer, 0) != 0) return {};
  return {answer.cached * kPage, answer.dirty * kPage};
}

}  // namespace quire::bench
