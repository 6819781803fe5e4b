// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Where saved mode parameters survive a restart: one small file.
//
//   0  "QuireMod"
//   8  the parameters, as ModeParameters::Saved gives them: a version first
//   16 CRC-32C of all before it, 4 bytes, the most significant first
//
// Threads: a worker's, the calls block; one at a time per file.
// Errors: an absl::Status that names the file and says what is wrong with it.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/atomic_file.h"
#include "vdisk/mode_parameters.h"

namespace quire {

class ModeFile {
 public:
  explicit ModeFile(std::string path) : file_(std::move(path)) {}

  // Stable when it returns OK; otherwise the file is as it was.
  absl::Status Save(const ModeParameters& parameters) const;
  // None where nothing was ever saved.
  absl::StatusOr<std::optional<ModeParameters>> Load() const;

 private:
  AtomicFile file_;
};

}  // namespace quire
