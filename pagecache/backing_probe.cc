// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/backing_probe.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "pagecache/units.h"

namespace quire {
namespace {

// Newer than Debian 12's headers; the numbers are the kernel's.
constexpr unsigned kStatxDioAlign = 0x2000;      // Linux 6.1
constexpr unsigned kStatxWriteAtomic = 0x10000;  // Linux 6.11
constexpr uint32_t kXfsMagic = 0x58465342;
constexpr uint32_t kFuseMagic = 0x65735546;

// The tail of struct statx as of Linux 6.11.
struct StatxTail {
  uint32_t dio_mem_align;
  uint32_t dio_offset_align;
  uint64_t subvol;
  uint32_t atomic_write_unit_min;
  uint32_t atomic_write_unit_max;
};
constexpr size_t kStatxTailOffset = 0x98;

std::string FileSystemName(int fd) {
  struct statfs info = {};
  if (fstatfs(fd, &info) != 0) return "unknown";
  switch (static_cast<uint32_t>(info.f_type)) {
    case EXT4_SUPER_MAGIC:
      return "ext4";
    case kXfsMagic:
      return "xfs";
    case BTRFS_SUPER_MAGIC:
      return "btrfs";
    case TMPFS_MAGIC:
      return "tmpfs";
    case OVERLAYFS_SUPER_MAGIC:
      return "overlay";
    case NFS_SUPER_MAGIC:
      return "nfs";
    case kFuseMagic:
      return "fuse";
    default:
      return absl::StrCat("0x", absl::Hex(static_cast<uint64_t>(info.f_type)));
  }
}

void ProbeStatx(int fd, BackingTraits& traits) {
  alignas(struct statx) std::array<std::byte, 512> space{};
  auto* info = reinterpret_cast<struct statx*>(space.data());
  if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH,
              STATX_BASIC_STATS | kStatxDioAlign | kStatxWriteAtomic, info) != 0) {
    return;
  }
  const auto* tail = reinterpret_cast<const StatxTail*>(space.data() + kStatxTailOffset);
  if ((info->stx_mask & kStatxDioAlign) != 0) {
    traits.direct_memory_align_bytes = tail->dio_mem_align;
    traits.direct_offset_align_bytes = tail->dio_offset_align;
  }
  if ((info->stx_mask & kStatxWriteAtomic) != 0) {
    traits.atomic_write_min_bytes = tail->atomic_write_unit_min;
    traits.atomic_write_max_bytes = tail->atomic_write_unit_max;
  }
}

// A nameless file in the same directory: some answers (NOWAIT on ext4, ZERO_RANGE on tmpfs) come
// only from a real operation, and the file that is served is not the one to try it on. -1 where the
// file system has no such files.
int OpenScratch(int fd) {
  std::error_code error;
  const auto path = std::filesystem::read_symlink(absl::StrCat("/proc/self/fd/", fd), error);
  if (error) return -1;
  return open(path.parent_path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

void ProbeByTrying(int scratch, BackingTraits& traits) {
  std::array<std::byte, kPageBytes> page{};
  const iovec piece{page.data(), page.size()};
  if (pwritev2(scratch, &piece, 1, 0, 0) != static_cast<ssize_t>(page.size())) return;
  traits.nowait_write = pwritev2(scratch, &piece, 1, 0, RWF_NOWAIT) >= 0 || errno == EAGAIN;
  const auto does = [scratch](int mode) {
    return fallocate(scratch, mode | FALLOC_FL_KEEP_SIZE, 0, kPageBytes) == 0;
  };
  traits.zero_range = does(FALLOC_FL_ZERO_RANGE);
  traits.punch_hole = does(FALLOC_FL_PUNCH_HOLE);
}

// FICLONE refuses a file onto itself with EINVAL where reflinks exist, else with EOPNOTSUPP.
bool HasReflink(int fd) {
  file_clone_range range = {};
  range.src_fd = fd;
  range.src_length = 0;
  return ioctl(fd, FICLONERANGE, &range) == 0 || errno == EINVAL;
}

// mincore says "all resident", and cachestat EPERM, to whoever neither owns nor may write a file.
bool MayAskResidency(int fd, const struct stat& file, bool writable) {
  if (writable || geteuid() == 0 || file.st_uid == geteuid()) return true;
  return faccessat(AT_FDCWD, absl::StrCat("/proc/self/fd/", fd).c_str(), W_OK, AT_EACCESS) == 0;
}

uint32_t SectorBytes(int fd) {
  int sector = 0;
  return ioctl(fd, BLKSSZGET, &sector) == 0 ? static_cast<uint32_t>(sector) : 512;
}

// A file below the device's folder; 0 where there is none.
uint32_t SysfsNumber(dev_t device, const char* name) {
  std::ifstream file(absl::StrCat("/sys/dev/block/", major(device), ":", minor(device), name));
  uint64_t value = 0;
  return file >> value ? static_cast<uint32_t>(std::min<uint64_t>(value, UINT32_MAX)) : 0;
}

// A partition has the queue of its disk.
uint32_t QueueLimit(dev_t device, const char* name) {
  const uint32_t own = SysfsNumber(device, absl::StrCat("/queue/", name).c_str());
  return own != 0 ? own : SysfsNumber(device, absl::StrCat("/../queue/", name).c_str());
}

// A hole is a command of the device that zeroes and unmaps; the kernel never falls back to a
// discard that leaves the bytes as they may be.
void ProbeBlockDevice(dev_t device, BackingTraits& traits) {
  traits.zero_range = true;  // the kernel writes zeros where the device has no better way
  traits.punch_granularity_bytes = QueueLimit(device, "discard_granularity");
  traits.punch_hole =
      traits.punch_granularity_bytes != 0 && QueueLimit(device, "write_zeroes_max_bytes") != 0;
  const uint32_t offset = SysfsNumber(device, "/discard_alignment");
  if (offset < traits.punch_granularity_bytes) traits.punch_offset_bytes = offset;
}

uint32_t BlockBytes(int fd) {
  struct statfs info = {};
  return fstatfs(fd, &info) == 0 ? static_cast<uint32_t>(info.f_bsize) : 0;
}

}  // namespace

BackingTraits ProbeBacking(int fd, bool writable) {
  BackingTraits traits;
  struct stat file = {};
  fstat(fd, &file);
  const bool block_device = S_ISBLK(file.st_mode);
  traits.file_system = block_device ? "block device" : FileSystemName(fd);
  traits.writable = writable;
  traits.writes_back = traits.file_system != "tmpfs";
  traits.residency_known = MayAskResidency(fd, file, writable);
  ProbeStatx(fd, traits);
  if (traits.direct_offset_align_bytes == 0 && block_device) {
    traits.direct_offset_align_bytes = traits.direct_memory_align_bytes = SectorBytes(fd);
  }
  if (writable) {
    traits.reflink = !block_device && HasReflink(fd);
    if (block_device) {
      ProbeBlockDevice(file.st_rdev, traits);
    } else if (const int scratch = OpenScratch(fd); scratch >= 0) {
      ProbeByTrying(scratch, traits);
      close(scratch);
      traits.punch_granularity_bytes = BlockBytes(fd);
    }
  }
  return traits;
}

}  // namespace quire
