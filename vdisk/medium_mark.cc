// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/medium_mark.h"

#include <string_view>

#include "absl/strings/str_cat.h"

namespace quire {
namespace {

constexpr std::string_view kWell = "well\n";

std::string_view WordFor(std::optional<Medium::Work> begun) {
  if (!begun.has_value()) return kWell;
  switch (*begun) {
    case Medium::Work::kFormat:
      return "format\n";
    case Medium::Work::kSanitize:
      return "sanitize\n";
    case Medium::Work::kSanitizeUnrestricted:
      return "sanitize, ause\n";
  }
  return kWell;
}

}  // namespace

absl::StatusOr<std::optional<Medium::Work>> MediumMark::Load() const {
  if (!kept()) return std::nullopt;
  constexpr size_t kMaxBytes = 64;
  const auto bytes = file_.Read(kMaxBytes);
  if (absl::IsNotFound(bytes.status())) return std::nullopt;
  if (!bytes.ok()) return bytes.status();
  const std::string_view word(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  if (word == kWell) return std::nullopt;
  for (const auto work :
       {Medium::Work::kFormat, Medium::Work::kSanitize, Medium::Work::kSanitizeUnrestricted}) {
    if (word == WordFor(work)) return work;
  }
  return absl::DataLossError(
      absl::StrCat(file_.path(),
                   " does not say whether the disk was being erased; look at the "
                   "disk, and remove the file to serve it as it is"));
}

absl::Status MediumMark::Save(std::optional<Medium::Work> begun) const {
  const std::string_view word = WordFor(begun);
  return file_.Write({reinterpret_cast<const uint8_t*>(word.data()), word.size()});
}

}  // namespace quire
