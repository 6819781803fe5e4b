// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "base/log.h"

namespace quire {
namespace {

using Step = AtomicFile::Step;

std::atomic<AtomicFile::StepHook> g_hook{nullptr};

// 0, or the errno that a test wants from the step.
int Begin(Step step) {
  const AtomicFile::StepHook hook = g_hook.load(std::memory_order_relaxed);
  return hook == nullptr ? 0 : hook(step);
}

// The errno of a call that returns -1 when it fails.
int ErrorOf(int returned) { return returned == 0 ? 0 : errno; }

absl::Status Failed(int error, absl::string_view what, const std::string& path) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot ", what, " ", path));
}

// Closed in any case.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags)
      : fd_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {
    error_ = fd_ < 0 ? errno : 0;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int fd() const { return fd_; }
  int error() const { return error_; }

 private:
  int fd_;
  int error_ = 0;
};

int WriteAll(int fd, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) return EIO;
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return 0;
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

int SyncFolder(const std::string& path) {
  const Descriptor folder(FolderOf(path), O_RDONLY | O_DIRECTORY);
  return folder.error() != 0 ? folder.error() : ErrorOf(fsync(folder.fd()));
}

absl::StatusOr<std::vector<uint8_t>> ReadWhole(const std::string& path, size_t max_bytes) {
  const Descriptor file(path, O_RDONLY);
  if (file.error() != 0) return Failed(file.error(), "open", path);
  std::vector<uint8_t> bytes(max_bytes + 1);
  size_t length = 0;
  while (length < bytes.size()) {
    const ssize_t count = read(file.fd(), bytes.data() + length, bytes.size() - length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failed(errno, "read", path);
    if (count == 0) break;
    length += static_cast<size_t>(count);
  }
  if (length > max_bytes) {
    return absl::OutOfRangeError(absl::StrCat(path, " is longer than ", max_bytes, " bytes"));
  }
  bytes.resize(length);
  return bytes;
}

}  // namespace

absl::Status AtomicFile::Write(std::span<const uint8_t> bytes) const {
  absl::Status status = WriteTemporary(bytes);
  if (status.ok()) status = Replace();
  if (!status.ok()) unlink(temporary_path().c_str());
  return status;
}

absl::Status AtomicFile::WriteTemporary(std::span<const uint8_t> bytes) const {
  const std::string temporary = temporary_path();
  if (const int error = Begin(Step::kCreate); error != 0) return Failed(error, "create", temporary);
  const Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
  if (file.error() != 0) return Failed(file.error(), "create", temporary);
  int error = Begin(Step::kWrite);
  if (error == 0) error = WriteAll(file.fd(), bytes);
  if (error != 0) return Failed(error, "write", temporary);
  error = Begin(Step::kSync);
  if (error == 0) error = ErrorOf(fsync(file.fd()));
  if (error != 0) return Failed(error, "sync", temporary);
  return absl::OkStatus();
}

absl::Status AtomicFile::Replace() const {
  const std::string kept = kept_path();
  unlink(kept.c_str());  // of a crash
  int error = Begin(Step::kKeep);
  if (error == 0) error = ErrorOf(link(path_.c_str(), kept.c_str()));
  const bool first = error == ENOENT;
  if (error != 0 && !first) return Failed(error, "make a second name (hard link) of", path_);

  error = Begin(Step::kReplace);
  if (error == 0) error = ErrorOf(rename(temporary_path().c_str(), path_.c_str()));
  if (error != 0) {
    unlink(kept.c_str());
    return Failed(error, "replace", path_);
  }
  error = Begin(Step::kSyncFolder);
  if (error == 0) error = SyncFolder(path_);
  if (error != 0) {
    const int lost = ErrorOf(first ? unlink(path_.c_str()) : rename(kept.c_str(), path_.c_str()));
    return Failed(error, lost == 0 ? "sync the folder of" : "sync the folder of, nor restore,",
                  path_);
  }
  if (first) return absl::OkStatus();
  error = Begin(Step::kRetire);
  if (error == 0) error = ErrorOf(rename(kept.c_str(), previous_path().c_str()));
  if (error != 0) {  // the new content is stable all the same
    Log(LogLevel::kWarning, std::string(Failed(error, "renew", previous_path()).message()));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<uint8_t>> AtomicFile::Read(size_t max_bytes) const {
  return ReadWhole(path_, max_bytes);
}

absl::StatusOr<std::vector<uint8_t>> AtomicFile::ReadPrevious(size_t max_bytes) const {
  return ReadWhole(previous_path(), max_bytes);
}

void AtomicFile::HookStepsForTest(StepHook hook) { g_hook.store(hook, std::memory_order_relaxed); }

}  // namespace quire
