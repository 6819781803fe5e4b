// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/file_snapshot.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace quire {
namespace {

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

absl::Status Exists(const std::string& path) {
  return absl::AlreadyExistsError(
      absl::StrCat(path, " exists already; remove it, or give the snapshot another name"));
}

absl::Status NoReflink(const File& file) {
  return absl::FailedPreconditionError(absl::StrCat(
      file.options().path, " lies on ", file.traits().file_system,
      ", which cannot share extents (reflink); keep it on XFS (mkfs.xfs -m reflink=1) or btrfs, or "
      "stop the disk and copy the file"));
}

int SyncFolder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  return error;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileSnapshot>> FileSnapshot::Begin(File& file, std::string path) {
  const std::string& source = file.options().path;
  const std::string& kind = file.traits().file_system;
  if (kind == "null" || kind == "block device") {
    return absl::FailedPreconditionError(absl::StrCat(
        source, " is a ", kind == "null" ? "disk of nothing" : kind,
        ", which has no snapshots here; they are for files on XFS or btrfs, and of a block device "
        "its volume manager makes them"));
  }
  if (file.traits().writable && !file.traits().reflink) return NoReflink(file);
  struct stat there;
  if (lstat(path.c_str(), &there) == 0) return Exists(path);
  const std::string folder = FolderOf(path);
  const int copy = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (copy < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot make a file in ", folder));
  }
  auto snapshot = std::unique_ptr<FileSnapshot>(new FileSnapshot(file, std::move(path), copy));
  if (absl::Status done = snapshot->Resemble(); !done.ok()) return done;
  const int error = file.traits().writable ? file.FlushNow() : file.latched_error();
  if (error != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(source, " could not be flushed (", std::strerror(error),
                     "); acknowledged data may be lost, and a snapshot would not have it either. "
                     "Look at the disk and clear the error first"));
  }
  return snapshot;
}

FileSnapshot::~FileSnapshot() { close(copy_); }

// A copy that differs in NOCOW could not share extents on btrfs; it is decided while it is empty.
absl::Status FileSnapshot::Resemble() const {
  const int source = file_.backing_->fd();
  struct stat from;
  if (fstat(source, &from) != 0 || fchmod(copy_, from.st_mode & 07777) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot give ", path_, " the source's mode"));
  }
  int flags = 0;
  int own = 0;
  if (ioctl(source, FS_IOC_GETFLAGS, &flags) != 0 || (flags & FS_NOCOW_FL) == 0) {
    return absl::OkStatus();
  }
  if (ioctl(copy_, FS_IOC_GETFLAGS, &own) == 0) own |= FS_NOCOW_FL;
  if (ioctl(copy_, FS_IOC_SETFLAGS, &own) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", path_, " NOCOW as its source"));
}

absl::Status FileSnapshot::Refused(int error) const {
  const std::string& source = file_.options().path;
  switch (error) {
    case EXDEV:
      return absl::FailedPreconditionError(
          absl::StrCat(path_, " is on another file system than ", source,
                       "; extents are shared within one only, so put the snapshot beside it"));
    case EOPNOTSUPP:
    case ENOTTY:
    case EINVAL:
      return NoReflink(file_);
    default:
      return absl::ErrnoToStatus(error, absl::StrCat("cannot clone ", source, " to ", path_));
  }
}

absl::Status FileSnapshot::Take(uint64_t patience_ns) {
  PinTable& pins = file_.pins_;
  pins.Freeze();
  const bool landed = PollUntil([&pins] { return pins.AllLanded(); }, patience_ns);
  const int error = landed ? file_.backing_->CloneTo(copy_) : 0;
  pins.Thaw();
  if (!landed) {
    return absl::DeadlineExceededError(
        absl::StrCat("writes to ", file_.options().path,
                     " are still in flight; try again when its storage answers"));
  }
  return error == 0 ? absl::OkStatus() : Refused(error);
}

// Once more after it has its name: what has none need not be kept by the file system's journal.
absl::Status FileSnapshot::Publish() {
  int error = fsync(copy_) == 0 ? 0 : errno;
  if (error != 0) return absl::ErrnoToStatus(error, absl::StrCat("cannot flush ", path_));
  const std::string nameless = absl::StrCat("/proc/self/fd/", copy_);
  if (linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return errno == EEXIST ? Exists(path_)
                           : absl::ErrnoToStatus(errno, absl::StrCat("cannot name ", path_));
  }
  if (error = fsync(copy_) == 0 ? SyncFolder(FolderOf(path_)) : errno; error == 0) {
    return absl::OkStatus();
  }
  unlink(path_.c_str());
  return absl::ErrnoToStatus(error, absl::StrCat("cannot flush ", path_));
}

}  // namespace quire
