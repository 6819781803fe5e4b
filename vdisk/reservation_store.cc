// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/reservation_store.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "vdisk/reservation_file.h"

namespace quire {
namespace {

absl::StatusOr<Reservations> Decode(const absl::StatusOr<std::vector<uint8_t>>& bytes,
                                    const std::string& path) {
  if (!bytes.ok()) return bytes.status();
  auto decoded = DecodeReservations(*bytes);
  if (decoded.ok()) return decoded;
  return absl::Status(decoded.status().code(),
                      absl::StrCat("reservations in ", path, ": ", decoded.status().message()));
}

// Another copy would not help, or would be believed wrongly.
bool IsFinal(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) || absl::IsPermissionDenied(status);
}

}  // namespace

bool ReservationStore::Concerns(const Reservations& before, const Reservations& after) {
  if (!before.aptpl() && !after.aptpl()) return false;
  return EncodeReservations(before) != EncodeReservations(after);
}

absl::Status ReservationStore::Save(const Reservations& reservations) const {
  return file_.Write(EncodeReservations(reservations));
}

absl::StatusOr<ReservationStore::Loaded> ReservationStore::Load() const {
  auto newest = Decode(file_.Read(kMaxReservationFileBytes), file_.path());
  if (newest.ok()) return Loaded{*std::move(newest), absl::OkStatus()};
  if (IsFinal(newest.status())) return newest.status();
  auto copy = Decode(file_.ReadPrevious(kMaxReservationFileBytes), file_.previous_path());
  if (copy.ok()) return Loaded{*std::move(copy), newest.status()};
  if (absl::IsNotFound(newest.status()) && absl::IsNotFound(copy.status())) return Loaded{};
  const bool by_copy = absl::IsNotFound(newest.status()) || IsFinal(copy.status());
  return absl::Status(by_copy ? copy.status().code() : newest.status().code(),
                      absl::StrCat(newest.status().message(), "; ", copy.status().message(),
                                   "; move both away to start with nothing reserved"));
}

}  // namespace quire
