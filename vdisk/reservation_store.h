// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Where a disk's reservations survive a loss of power: one file, and a copy of the state before.
// Threads: a worker's, the calls block; one at a time per store.
// Errors: an absl::Status that names the file, what is wrong with it and what to do.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/atomic_file.h"
#include "vdisk/reservations.h"

namespace quire {

class ReservationStore {
 public:
  explicit ReservationStore(std::string path) : file_(std::move(path)) {}

  // Whether the change must be saved before it is published and answered.
  static bool Concerns(const Reservations& before, const Reservations& after);

  // Stable when it returns OK; otherwise the file is as it was.
  absl::Status Save(const Reservations& reservations) const;

  struct Loaded {
    Reservations reservations;  // as they were saved; the caller decides about PowerOn
    absl::Status damage;        // not OK: why they are those of the copy, one state older
  };
  // Nothing reserved when there is no file. An error when neither the file nor its copy can be
  // used, or when a later version wrote them: starting without them would let anybody write.
  absl::StatusOr<Loaded> Load() const;

 private:
  AtomicFile file_;
};

}  // namespace quire
