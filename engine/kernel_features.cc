// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/kernel_features.h"

#include <fcntl.h>
#include <liburing.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "engine/ring.h"

namespace quire {
namespace {

// Newer than Debian 12's headers; the numbers are the same on every architecture.
constexpr long kSysCachestat = 451;
constexpr int kMadvPopulateRead = 22;

std::atomic<const KernelFeatures*> g_override{nullptr};

int ReadSysctl(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char digit = '0';
  const ssize_t length = read(fd, &digit, 1);
  close(fd);
  return length == 1 ? digit - '0' : 0;
}

// A call on no descriptor: EBADF from a kernel that knows it, ENOSYS (or EPERM) otherwise.
bool KnowsCachestat() {
  return syscall(kSysCachestat, -1, nullptr, nullptr, 0) != 0 && errno == EBADF;
}

bool KnowsPreadv2() {
  char byte;
  const iovec piece{&byte, 1};
  return preadv2(-1, &piece, 1, 0, RWF_NOWAIT) != 0 && errno == EBADF;
}

bool KnowsPopulateRead() {
  const auto size_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* page = mmap(nullptr, size_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return false;
  const bool known = madvise(page, size_bytes, kMadvPopulateRead) == 0;
  munmap(page, size_bytes);
  return known;
}

// Sets up a small ring with what `features` claim; 0 or the errno.
int TryRing(KernelFeatures& features) {
  io_uring ring{};
  io_uring_params params{};
  params.flags = Ring::SetupFlags(features);
  const int result = io_uring_queue_init_params(2, &ring, &params);
  if (result < 0) return -result;
  const bool has_timeouts = (params.features & IORING_FEAT_EXT_ARG) != 0;  // Linux 5.11
  const int no_file = -1;
  const iovec no_buffer{};
  features.fixed_files = io_uring_register_files(&ring, &no_file, 1) == 0;
  features.fixed_buffers = io_uring_register_buffers(&ring, &no_buffer, 1) == 0;
  io_uring_queue_exit(&ring);
  return has_timeouts ? 0 : ENOSYS;
}

void ProbeRing(KernelFeatures& features) {
  features.io_uring_disabled = ReadSysctl("/proc/sys/kernel/io_uring_disabled");
  // From the newest set-up to the oldest; EINVAL means "I do not know that flag".
  features.coop_taskrun = features.defer_taskrun = true;
  int error = TryRing(features);
  if (error == EINVAL) {
    features.defer_taskrun = false;
    error = TryRing(features);
  }
  if (error == EINVAL) {
    features.coop_taskrun = false;
    error = TryRing(features);
  }
  features.io_uring = error == 0;
  features.io_uring_error = error;
  if (features.io_uring) return;
  features.coop_taskrun = features.defer_taskrun = false;
  features.fixed_files = features.fixed_buffers = false;
}

std::string WhyNoRing(const KernelFeatures& features) {
  switch (features.io_uring_error) {
    case EPERM:
    case EACCES:
      if (features.io_uring_disabled == 2) return "is disabled (kernel.io_uring_disabled=2)";
      if (features.io_uring_disabled == 1) {
        return "is kept for a group (kernel.io_uring_disabled=1, see kernel.io_uring_group)";
      }
      return "is refused by a seccomp or security policy; containers must allow it";
    case ENOSYS:
      return "is not in this kernel (Linux 5.11 is needed)";
    case ENOMEM:
      return "got no memory (raise RLIMIT_MEMLOCK)";
    case 0:
      return "is not used";
    default:
      return std::string("failed: ") + std::strerror(features.io_uring_error);
  }
}

}  // namespace

KernelFeatures KernelFeatures::Probe() {
  KernelFeatures features;
  ProbeRing(features);
  features.cachestat = KnowsCachestat();
  features.populate_read = KnowsPopulateRead();
  features.nowait_read = KnowsPreadv2();
  return features;
}

const KernelFeatures& KernelFeatures::Get() {
  const KernelFeatures* replaced = g_override.load(std::memory_order_acquire);
  if (replaced != nullptr) return *replaced;
  static const KernelFeatures probed = Probe();
  return probed;
}

void KernelFeatures::OverrideForTest(const KernelFeatures* features) {
  g_override.store(features, std::memory_order_release);
}

std::string KernelFeatures::Describe() const {
  std::string line;
  if (!io_uring) {
    line = "io_uring " + WhyNoRing(*this) + ": all I/O by worker threads";
  } else {
    line = "io_uring with ";
    line += defer_taskrun ? "deferred" : coop_taskrun ? "cooperative" : "interrupting";
    line += " completions";
  }
  std::string missing;
  const auto need = [&missing](bool present, const char* name) {
    if (!present) missing += (missing.empty() ? "" : ", ") + std::string(name);
  };
  if (io_uring) {
    need(fixed_files, "registered files");
    need(fixed_buffers, "registered buffers");
  }
  need(cachestat, "cachestat (Linux 6.5)");
  need(populate_read, "MADV_POPULATE_READ (Linux 5.14)");
  need(nowait_read, "preadv2");
  return missing.empty() ? line : line + "; missing: " + missing;
}

}  // namespace quire
