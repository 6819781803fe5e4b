// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A copy of a file as it is at one moment, which shares its extents until one of them is changed:
// a reflink (FICLONE), taken while no write is on its way.
//
//   Begin    refuses what can be refused, and flushes, so that little is left to flush when frozen
//   Take     frozen: writes wait, those before have landed, the extents are shared
//   Publish  makes it stable, and gives it its name
//
// Until it is published the copy has no name (O_TMPFILE), so that neither a failure nor a loss of
// power leaves half of one. It has the source's mode, and on btrfs its NOCOW attribute.
// Owns: the copy's descriptor. Lifetime: the file outlives it. Threads: one that may block, not a
// reactor's: Take waits for requests in flight. Errors: Status that says what to do.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/poll_until.h"
#include "pagecache/file.h"

namespace quire {

class FileSnapshot {
 public:
  static absl::StatusOr<std::unique_ptr<FileSnapshot>> Begin(File& file, std::string path);
  ~FileSnapshot();
  FileSnapshot(const FileSnapshot&) = delete;
  FileSnapshot& operator=(const FileSnapshot&) = delete;

  // All requests that were answered before are in it; of a request in flight (a discard: of each
  // piece of 4 MiB) all or nothing.
  absl::Status Take(uint64_t patience_ns = kPatienceNs);
  absl::Status Publish();

 private:
  FileSnapshot(File& file, std::string path, int copy)
      : file_(file), path_(std::move(path)), copy_(copy) {}
  absl::Status Resemble() const;
  absl::Status Refused(int error) const;

  File& file_;
  const std::string path_;
  const int copy_;
};

}  // namespace quire
