// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/mode_file.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/big_endian.h"
#include "base/crc32c.h"

namespace quire {
namespace {

constexpr std::array<uint8_t, 8> kMagic = {'Q', 'u', 'i', 'r', 'e', 'M', 'o', 'd'};
constexpr size_t kChecksumAt = kMagic.size() + ModeParameters::kSavedBytes;
constexpr size_t kFileBytes = kChecksumAt + 4;

}  // namespace

absl::Status ModeFile::Save(const ModeParameters& parameters) const {
  std::array<uint8_t, kFileBytes> bytes;
  const auto saved = parameters.Saved();
  std::ranges::copy(saved, std::ranges::copy(kMagic, bytes.begin()).out);
  StoreBig<4>(&bytes[kChecksumAt], Crc32c(std::span(bytes).first(kChecksumAt)));
  return file_.Write(bytes);
}

absl::StatusOr<std::optional<ModeParameters>> ModeFile::Load() const {
  const absl::StatusOr<std::vector<uint8_t>> bytes = file_.Read(kFileBytes);
  if (absl::IsNotFound(bytes.status())) return std::nullopt;
  if (!bytes.ok()) return bytes.status();
  const auto damage = [this](absl::string_view what) {
    return absl::DataLossError(absl::StrCat("mode parameters in ", file_.path(), ": ", what));
  };
  if (bytes->size() != kFileBytes) return damage(absl::StrCat("only ", bytes->size(), " bytes"));
  const std::span<const uint8_t> all(*bytes);
  if (!std::ranges::equal(all.first(kMagic.size()), kMagic)) return damage("not its mark");
  if (LoadBig<4>(&all[kChecksumAt]) != Crc32c(all.first(kChecksumAt))) {
    return damage("a wrong checksum");
  }
  const auto parameters =
      ModeParameters::FromSaved(all.subspan(kMagic.size(), ModeParameters::kSavedBytes));
  if (!parameters.has_value()) return damage("of a version or with values that are not known");
  return parameters;
}

}  // namespace quire
