// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A note in a small file that FORMAT UNIT or SANITIZE has begun and not ended well, so that a loss
// of power meanwhile is seen as their failure and half an erasure is not mistaken for a whole one.
// Without a path nothing is kept: after a crash the medium is ready, with whatever is on it.
// Threads: a worker's, the calls block; one at a time.
// Errors: an absl::Status that names the file and what to do.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "engine/atomic_file.h"
#include "vdisk/medium.h"

namespace quire {

class MediumMark {
 public:
  explicit MediumMark(std::string path) : file_(std::move(path)) {}

  bool kept() const { return !file_.path().empty(); }
  // What has begun; none: all is well.
  absl::StatusOr<std::optional<Medium::Work>> Load() const;
  absl::Status Save(std::optional<Medium::Work> begun) const;

 private:
  AtomicFile file_;
};

}  // namespace quire
