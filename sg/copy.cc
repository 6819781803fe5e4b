// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "sg/copy.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/counter.h"
#include "base/mutex.h"

namespace quire {
namespace {

class ThreadCounts;

// Every thread counts for itself: a locked addition would wait until all bytes just stored have
// left the processor's store buffer (100 ns after 4 KiB).
struct Registry {
  Mutex mutex;
  std::vector<const ThreadCounts*> threads QUIRE_GUARDED_BY(mutex);
  CopyCounts former QUIRE_GUARDED_BY(mutex);  // of threads that are gone
};

// Never destroyed: threads may end later than anything else.
Registry& TheRegistry() {
  static Registry& registry = *new Registry;
  return registry;
}

class ThreadCounts {
 public:
  ThreadCounts() {
    Registry& registry = TheRegistry();
    MutexLock lock(registry.mutex);
    registry.threads.push_back(this);
  }
  ~ThreadCounts() {
    Registry& registry = TheRegistry();
    MutexLock lock(registry.mutex);
    registry.former.user_bytes += user_bytes.value();
    registry.former.kernel_bytes += kernel_bytes.value();
    std::erase(registry.threads, this);
  }
  ThreadCounts(const ThreadCounts&) = delete;
  ThreadCounts& operator=(const ThreadCounts&) = delete;

  Counter user_bytes;
  Counter kernel_bytes;
};

ThreadCounts& MyCounts() {
  thread_local ThreadCounts counts;
  return counts;
}

}  // namespace

uint64_t CopyBytes(std::span<std::byte> target, std::span<const std::byte> source) {
  const size_t length = std::min(target.size(), source.size());
  if (length == 0) return 0;
  std::memcpy(target.data(), source.data(), length);
  MyCounts().user_bytes.Add(length);
  return length;
}

uint64_t CopySg(SgView target, SgView source) {
  SgCursor to(target);
  SgCursor from(source);
  uint64_t left = std::min(target.length_bytes(), source.length_bytes());
  const uint64_t total = left;
  while (left > 0) {
    const Segment piece = to.Take(left);
    size_t done = 0;
    while (done < piece.size_bytes) {
      const Segment part = from.Take(piece.size_bytes - done);
      CopyBytes({piece.data + done, part.size_bytes}, {part.data, part.size_bytes});
      done += part.size_bytes;
    }
    left -= piece.size_bytes;
  }
  return total;
}

void CountKernelCopy(uint64_t length_bytes) { MyCounts().kernel_bytes.Add(length_bytes); }

CopyCounts ReadCopyCounts() {
  Registry& registry = TheRegistry();
  MutexLock lock(registry.mutex);
  CopyCounts sum = registry.former;
  for (const ThreadCounts* counts : registry.threads) {
    sum.user_bytes += counts->user_bytes.value();
    sum.kernel_bytes += counts->kernel_bytes.value();
  }
  return sum;
}

}  // namespace quire
