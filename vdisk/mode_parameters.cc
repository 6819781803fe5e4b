// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/mode_parameters.h"

#include "base/check.h"

namespace quire {
namespace {

constexpr uint8_t kVersion = 1;

bool Valid(const ModeParameters& parameters) {
  return parameters.wce <= 1 && parameters.d_sense <= 1 && parameters.swp <= 1 &&
         parameters.tas <= 1;
}

}  // namespace

void ModeParameters::CheckInvariants() const { QUIRE_CHECK(Valid(*this)); }

std::array<uint8_t, ModeParameters::kSavedBytes> ModeParameters::Saved() const {
  return {kVersion, wce, d_sense, swp, tas, 0, 0, 0};
}

std::optional<ModeParameters> ModeParameters::FromSaved(std::span<const uint8_t> bytes) {
  if (bytes.size() != kSavedBytes || bytes[0] != kVersion) return std::nullopt;
  if (bytes[5] != 0 || bytes[6] != 0 || bytes[7] != 0) return std::nullopt;
  const ModeParameters parameters{bytes[1], bytes[2], bytes[3], bytes[4]};
  if (!Valid(parameters)) return std::nullopt;
  return parameters;
}

}  // namespace quire
