// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/file_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace quire {
namespace {

std::string FirstLine(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// Whether descriptor `fdinfo` of some process holds an open-file-description lock.
bool HoldsLock(const std::filesystem::path& fdinfo) {
  std::ifstream in(fdinfo);
  for (std::string line; std::getline(in, line);) {
    if (absl::StartsWith(line, "lock:") && absl::StrContains(line, "OFDLCK")) return true;
  }
  return false;
}

// The kernel names no process for such a lock (F_OFD_GETLK says -1), so the descriptors of those
// processes that we may look at are searched: "pid 4711 (tgtd)"; empty when none is found.
std::string NameHolder(const struct stat& file) {
  std::error_code error;
  for (const auto& process : std::filesystem::directory_iterator("/proc", error)) {
    const std::string pid = process.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto descriptors = process.path() / "fd";
    for (auto it = std::filesystem::directory_iterator(descriptors, error);
         !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
      struct stat other;
      if (stat(it->path().c_str(), &other) != 0) continue;
      if (other.st_dev != file.st_dev || other.st_ino != file.st_ino) continue;
      if (!HoldsLock(process.path() / "fdinfo" / it->path().filename())) continue;
      return absl::StrCat("pid ", pid, " (", FirstLine(process.path() / "comm"), ")");
    }
    error.clear();
  }
  return {};
}

bool SetLock(int fd, short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

}  // namespace

absl::Status LockFile(int fd, const std::string& path, bool read_only) {
  constexpr int kTries = 40;
  constexpr useconds_t kPauseUs = 50'000;
  struct stat file = {};
  fstat(fd, &file);
  std::string holder;
  for (int tries = 0; tries < kTries && holder.empty(); ++tries) {
    if (tries > 0) usleep(kPauseUs);
    if (SetLock(fd, read_only ? F_RDLCK : F_WRLCK)) return absl::OkStatus();
    if (errno != EAGAIN && errno != EACCES) {
      return absl::ErrnoToStatus(
          errno, absl::StrCat("cannot lock ", path, "; use the option 'share' to do without"));
    }
    holder = NameHolder(file);
  }
  return absl::FailedPreconditionError(
      absl::StrCat(path, " is in use by ", holder.empty() ? "another process" : holder,
                   "; stop that first, or open with the option 'share'"));
}

void UnlockFile(int fd) { SetLock(fd, F_UNLCK); }

}  // namespace quire
