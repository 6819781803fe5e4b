// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/kernel_backing.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "pagecache/backing_probe.h"
#include "pagecache/extents.h"
#include "pagecache/file_lock.h"

namespace quire {
namespace {

constexpr long kCachestatNumber = 451;  // the same on every architecture
constexpr int kMadvPopulateRead = 22;   // Linux 5.14

struct CachestatRange {
  uint64_t offset;
  uint64_t length;
};
struct Cachestat {
  uint64_t cached;
  uint64_t dirty;
  uint64_t writeback;
  uint64_t evicted;
  uint64_t recently_evicted;
};

absl::StatusOr<int> OpenPath(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd >= 0) return fd;
  switch (errno) {
    case ENOENT:
      return absl::NotFoundError(absl::StrCat(path,
                                              " does not exist; create it first, for example "
                                              "with: truncate -s 10G ",
                                              path));
    case EACCES:
      return absl::PermissionDeniedError(
          absl::StrCat("no permission to open ", path, "; change its mode or owner",
                       (flags & O_ACCMODE) == O_RDONLY ? "" : ", or open it read-only"));
    case EROFS:
      return absl::FailedPreconditionError(
          absl::StrCat(path, " is on a read-only file system; open it read-only"));
    case EINVAL:
      if ((flags & O_DIRECT) != 0) {
        return absl::FailedPreconditionError(
            absl::StrCat("the file system of ", path,
                         " has no O_DIRECT, which cache=none needs; "
                         "use cache=writeback"));
      }
      [[fallthrough]];
    default:
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  }
}

// The sector size where statx cannot tell (before Linux 6.1): what every O_DIRECT file takes.
constexpr uint32_t kSafeDirectAlign = 4096;

}  // namespace

absl::StatusOr<std::unique_ptr<KernelBacking>> KernelBacking::Open(const Options& options) {
  const int mode = options.read_only ? O_RDONLY : O_RDWR;
  absl::StatusOr<int> fd = OpenPath(options.path, mode);
  if (!fd.ok()) return fd.status();
  auto backing = std::unique_ptr<KernelBacking>(nullptr);
  struct stat file = {};
  fstat(*fd, &file);
  absl::Status status;
  if (!S_ISREG(file.st_mode) && !S_ISBLK(file.st_mode)) {
    status = absl::InvalidArgumentError(
        absl::StrCat(options.path, " is neither a regular file nor a block device"));
  } else if (!options.share) {
    status = LockFile(*fd, options.path, options.read_only);
  }
  BackingTraits traits;
  if (status.ok()) traits = ProbeBacking(*fd, !options.read_only);
  if (!traits.writable) traits.atomic_write_max_bytes = 0;
  int direct_fd = -1;
  if (status.ok() && (options.direct || traits.atomic_write_max_bytes > 0)) {
    absl::StatusOr<int> direct = OpenPath(options.path, mode | O_DIRECT);
    if (direct.ok()) {
      direct_fd = *direct;
    } else if (options.direct) {
      status = direct.status();
    } else {
      traits.atomic_write_max_bytes = 0;
    }
  }
  if (!status.ok()) {
    close(*fd);
    return status;
  }
  if (direct_fd >= 0 && traits.direct_offset_align_bytes == 0) {
    traits.direct_offset_align_bytes = traits.direct_memory_align_bytes = kSafeDirectAlign;
  }
  backing.reset(new KernelBacking(*fd, direct_fd, std::move(traits)));
  return backing;
}

KernelBacking::~KernelBacking() {
  UnlockFile(fd_);
  close(fd_);
  if (direct_fd_ >= 0) close(direct_fd_);
}

int64_t KernelBacking::CurrentSize() {
  // Of a block device, too: the end of its page cache.
  const off_t size = lseek(fd_, 0, SEEK_END);
  return size >= 0 ? size : -errno;
}

std::optional<Room> KernelBacking::CurrentRoom() {
  constexpr uint64_t kStatBlockBytes = 512;  // of st_blocks, whatever the file system's is
  struct stat file;
  struct statvfs file_system;
  if (fstat(fd_, &file) != 0 || !S_ISREG(file.st_mode)) return std::nullopt;
  if (fstatvfs(fd_, &file_system) != 0) return std::nullopt;
  return Room{static_cast<uint64_t>(file.st_blocks) * kStatBlockBytes,
              uint64_t{file_system.f_bavail} * file_system.f_frsize};
}

absl::StatusOr<std::unique_ptr<Mapping>> KernelBacking::Map(uint64_t size_bytes) {
  return Mapping::Create(fd_, size_bytes, traits_.writable);
}

int64_t KernelBacking::CountCached(ByteRange range) {
  if (!KernelFeatures::Get().cachestat || !traits_.residency_known) return -1;
  CachestatRange asked{range.offset, range.length};
  Cachestat answer = {};
  if (syscall(kCachestatNumber, fd_, &asked, &answer, 0) != 0) return -1;
  return static_cast<int64_t>(answer.cached * kPageBytes);
}

bool KernelBacking::AskPages(const Mapping& mapping, ByteRange range, std::span<uint8_t> pages) {
  QUIRE_DCHECK(range.AlignedTo(kPageBytes));
  QUIRE_DCHECK(pages.size() >= range.length / kPageBytes);
  if (!traits_.residency_known) return false;
  if (mincore(mapping.At(range.offset), range.length, pages.data()) != 0) return false;
  for (uint8_t& page : pages.first(range.length / kPageBytes)) page &= 1;
  return true;
}

void KernelBacking::Populate(const Mapping& mapping, ByteRange range) {
  if (KernelFeatures::Get().populate_read &&
      madvise(mapping.At(range.offset), range.length, kMadvPopulateRead) == 0) {
    return;
  }
}

void KernelBacking::Submit(Reactor& reactor, IoOp& op, Via via, bool direct) {
  op.fd = direct ? direct_fd_ : fd_;
  QUIRE_DCHECK(op.fd >= 0);
  if (via == Via::kRing) {
    reactor.Submit(op);
  } else {
    reactor.SubmitToWorkers(op);
  }
}

IoResult KernelBacking::RunNow(IoOp& op) {
  op.fd = fd_;
  return op.RunBlocking();
}

IoResult KernelBacking::CopyFrom(Backing& source, ByteRange range, uint64_t offset) {
  const int source_fd = source.fd();
  if (source_fd < 0) return IoResult::Error(EOPNOTSUPP);
  auto from = static_cast<off64_t>(range.offset);
  auto to = static_cast<off64_t>(offset);
  const ssize_t count = copy_file_range(source_fd, &from, fd_, &to, range.length, 0);
  return count >= 0 ? IoResult::FromKernel(count) : IoResult::Error(errno);
}

int KernelBacking::Grow(uint64_t size_bytes) {
  const int64_t now = CurrentSize();
  if (now < 0) return static_cast<int>(-now);
  if (static_cast<uint64_t>(now) >= size_bytes) return 0;
  return ftruncate(fd_, static_cast<off_t>(size_bytes)) == 0 ? 0 : errno;
}

int KernelBacking::Shrink(uint64_t size_bytes) {
  const int64_t now = CurrentSize();
  if (now < 0) return static_cast<int>(-now);
  if (static_cast<uint64_t>(now) <= size_bytes) return 0;
  return ftruncate(fd_, static_cast<off_t>(size_bytes)) == 0 ? 0 : errno;
}

int KernelBacking::CloneTo(int target) { return ioctl(target, FICLONE, fd_) == 0 ? 0 : errno; }

int64_t KernelBacking::FindMapped(ByteRange range, std::span<ByteRange> found) {
  return quire::FindMapped(fd_, range, found);
}

}  // namespace quire
