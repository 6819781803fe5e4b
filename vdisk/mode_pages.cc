// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/mode_pages.h"

#include <bit>

#include "base/big_endian.h"
#include "base/check.h"

namespace quire {
namespace {

constexpr uint8_t kCaching = 0x08;
constexpr uint8_t kControl = 0x0a;
constexpr uint8_t kControlExtension = 0x01;  // subpage of kControl
constexpr uint8_t kErrorRecovery = 0x01;
constexpr uint8_t kExceptions = 0x1c;
constexpr uint8_t kProvisioning = 0x02;  // subpage of kExceptions

constexpr ModePage kPages[] = {
    // Read-write error recovery (SBC-3 6.5): AWRE and ARRE, recovery is the host's.
    {kErrorRecovery, 0, 12, {0x01, 0x0a, 0xc0}},
    // Caching (SBC-3 6.5): pre-fetch as far as it likes.
    {kCaching, 0, 20, {0x08, 0x12, 0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff}},
    // Control (SPC-4 7.5.8): GLTSD, no log counters are kept; unrestricted reordering.
    {kControl, 0, 12, {0x0a, 0x0a, 0x02, 0x10}},
    // Control extension (SPC-4 7.5.9): TCMOS, the clock is the host's.
    {kControl, kControlExtension, 32, {0x4a, 0x01, 0, 0x1c, 0x04}},
    // Informational exceptions control (SPC-4 7.5.12): DEXCPT, none is reported.
    {kExceptions, 0, 12, {0x1c, 0x0a, 0x08}},
    // Logical block provisioning (SBC-3 6.5): one threshold, of type 000b (soft) and armed while
    // room gets less, on the available resources (01h); every nexus is told (SITUA is 0).
    {kExceptions,
     kProvisioning,
     24,
     {0x5c, 0x02, 0, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x01}},
};

struct Field {
  uint8_t page_code;
  uint8_t byte;
  uint8_t mask;
  uint8_t ModeParameters::*value;
};
constexpr Field kFields[] = {
    {kCaching, 2, 0x04, &ModeParameters::wce},
    {kControl, 2, 0x04, &ModeParameters::d_sense},
    {kControl, 4, 0x08, &ModeParameters::swp},
    {kControl, 5, 0x40, &ModeParameters::tas},
};

bool Has(const ModePage& page, const Field& field) {
  return page.code == field.page_code && page.subpage == 0;
}

bool MayChange(const Field& field, const ModeTraits& traits) {
  return field.page_code != kCaching || traits.wce_changeable;
}

int Shift(const Field& field) { return std::countr_zero(field.mask); }

// What comes from the configuration.
void Configure(const ModePage& page, const ModeTraits& traits, ModePage::Image& image) {
  constexpr uint8_t kRcd = 0x01;
  constexpr uint8_t kIaluae = 0x01;
  constexpr uint8_t kLbpere = 0x80;
  constexpr uint8_t kEnabled = 0x80;
  const bool armed = traits.threshold_sets != 0;
  if (page.code == kControl && page.subpage == kControlExtension && traits.implicit_alua) {
    image[4] |= kIaluae;
  } else if (page.code == kCaching && traits.read_cache_disabled) {
    image[2] |= kRcd;
  } else if (page.code == kErrorRecovery && armed) {
    image[7] |= kLbpere;
  } else if (page.code == kExceptions && page.subpage == kProvisioning && armed) {
    image[16] |= kEnabled;
    StoreBig<4>(&image[20], traits.threshold_sets);
  }
}

}  // namespace

bool ModePage::Present(const ModeTraits& traits) const {
  return traits.thresholds || code != kExceptions || subpage != kProvisioning;
}

ModePage::Image ModePage::With(const ModeParameters& parameters, const ModeTraits& traits) const {
  Image image = constant;
  for (const Field& field : kFields) {
    if (!Has(*this, field)) continue;
    image[field.byte] |= static_cast<uint8_t>(parameters.*field.value << Shift(field) & field.mask);
  }
  Configure(*this, traits, image);
  return image;
}

ModePage::Image ModePage::Changeable(const ModeTraits& traits) const {
  Image image{};
  for (size_t i = 0; i < head_bytes(); ++i) image[i] = constant[i];
  for (const Field& field : kFields) {
    if (Has(*this, field) && MayChange(field, traits)) image[field.byte] |= field.mask;
  }
  return image;
}

bool ModePage::Savable(const ModeTraits& traits) const {
  if (!traits.savable) return false;
  for (const Field& field : kFields) {
    if (Has(*this, field) && MayChange(field, traits)) return true;
  }
  return false;
}

void ModePage::Read(std::span<const uint8_t> bytes, ModeParameters& parameters) const {
  QUIRE_DCHECK(bytes.size() >= size_bytes);
  for (const Field& field : kFields) {
    if (!Has(*this, field)) continue;
    parameters.*field.value =
        static_cast<uint8_t>((bytes[field.byte] & field.mask) >> Shift(field));
  }
}

std::span<const ModePage> ModePages() { return kPages; }

const ModePage* FindModePage(uint8_t code, uint8_t subpage) {
  for (const ModePage& page : kPages) {
    if (page.code == code && page.subpage == subpage) return &page;
  }
  return nullptr;
}

}  // namespace quire
