// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A small file that is replaced as a whole: after a crash at any moment it has the old content or
// the new one. The content before that is kept in "<path>.1".
//
//   <path>.tmp  --write, fsync-->  complete --rename-->  <path>  --fsync of the folder--> written
//   <path>      --link--> <path>.1.tmp      ---------------------------rename-->  <path>.1
//
// Threads: a worker's, the calls block; one at a time per path.
// Errors: an absl::Status that names the file. After a failed Write the old content is back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace quire {

class AtomicFile {
 public:
  explicit AtomicFile(std::string path) : path_(std::move(path)) {}

  // Stable when it returns OK. The folder must exist, on a file system with hard links.
  absl::Status Write(std::span<const uint8_t> bytes) const;
  // NotFound when there is none, OutOfRange when it is longer than that.
  absl::StatusOr<std::vector<uint8_t>> Read(size_t max_bytes) const;
  absl::StatusOr<std::vector<uint8_t>> ReadPrevious(size_t max_bytes) const;

  const std::string& path() const { return path_; }
  std::string previous_path() const { return path_ + ".1"; }

  // What Write does, in this order.
  enum class Step : uint8_t { kCreate, kWrite, kSync, kKeep, kReplace, kSyncFolder, kRetire };
  // Called before each step; the step fails with the errno it returns, unless that is 0.
  using StepHook = int (*)(Step step);
  static void HookStepsForTest(StepHook hook);

 private:
  absl::Status WriteTemporary(std::span<const uint8_t> bytes) const;
  absl::Status Replace() const;
  std::string temporary_path() const { return path_ + ".tmp"; }
  std::string kept_path() const { return previous_path() + ".tmp"; }

  std::string path_;
};

}  // namespace quire
