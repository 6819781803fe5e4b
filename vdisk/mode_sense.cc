// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/mode_sense.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "vdisk/mode_pages.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

constexpr uint8_t kAllPages = 0x3f;
constexpr uint8_t kAllSubpages = 0xff;
constexpr uint8_t kPs = 0x80;

// SPC-4 6.11.1: what a page code and a subpage code ask for.
bool Asked(const ModePage& page, const Cdb& cdb, const ModeState& state) {
  if (!page.Present(state.traits)) return false;
  const uint8_t code = cdb.sense_page_code();
  const uint8_t subpage = cdb.subpage_code();
  if (code != kAllPages && code != page.code) return false;
  if (subpage == kAllSubpages) return true;
  return subpage == page.subpage && (code != kAllPages || subpage == 0);
}

// SBC-3 6.5.1: WP and DPOFUA.
uint8_t DeviceSpecific(const ModeState& state) {
  constexpr uint8_t kWp = 0x80;
  constexpr uint8_t kDpofua = 0x10;
  const bool read_only = state.traits.write_protected || state.current.swp != 0;
  return static_cast<uint8_t>((read_only ? kWp : 0) | kDpofua);
}

// SBC-3 6.5.2.
void WriteBlockDescriptor(const Geometry& geometry, bool long_lba, Response& response) {
  if (long_lba) {
    response.Big<8>(geometry.count.value);
    response.Zeros(4);
    response.Big<4>(geometry.block_bytes);
    return;
  }
  constexpr uint64_t kMore = std::numeric_limits<uint32_t>::max();
  response.Big<4>(std::min(geometry.count.value, kMore));
  response.Zeros(1);
  response.Big<3>(geometry.block_bytes);
}

void WritePage(const ModePage& page, PageControl control, const ModeState& state,
               Response& response) {
  const ModePage::Image image = [&] {
    switch (control) {
      case PageControl::kCurrent:
        return page.With(state.current, state.traits);
      case PageControl::kChangeable:
        return page.Changeable(state.traits);
      case PageControl::kDefault:
        return page.With(state.traits.defaults, state.traits);
      case PageControl::kSaved:
        return page.With(state.saved, state.traits);
    }
    return page.constant;
  }();
  response.Byte(image[0] | (page.Savable(state.traits) ? kPs : 0));
  response.Bytes(std::span(image).first(page.size_bytes).subspan(1));
}

}  // namespace

Outcome WriteModeSense(const Cdb& cdb, const ModeState& state, const Geometry& geometry,
                       Response& response) {
  QUIRE_DCHECK(cdb.operation() == Operation::kModeSense);
  const auto control = static_cast<PageControl>(cdb.page_control());
  if (control == PageControl::kSaved && !state.traits.savable) {
    return kSavingParametersNotSupported;
  }
  const auto asked = [&](const ModePage& page) { return Asked(page, cdb, state); };
  if (std::ranges::none_of(ModePages(), asked)) {
    const bool page_known =
        cdb.sense_page_code() == kAllPages || FindModePage(cdb.sense_page_code(), 0) != nullptr;
    return page_known ? kInvalidFieldInCdb.AtCdbField(3) : kInvalidFieldInCdb.AtCdbField(2, 5);
  }
  const bool form6 = cdb.opcode->cdb_bytes == 6;
  const bool long_lba = cdb.Has(CdbFlag::kLlbaa);
  const bool described = !cdb.Has(CdbFlag::kDbd);
  const uint8_t descriptor_bytes = !described ? 0 : long_lba ? 16 : 8;
  if (form6) {  // SPC-4 7.5.5
    response.Zeros(2);
    response.Byte(DeviceSpecific(state));
    response.Byte(descriptor_bytes);
  } else {  // the same
    response.Zeros(3);
    response.Byte(DeviceSpecific(state));
    response.Byte(described && long_lba ? 0x01 : 0);
    response.Zeros(1);
    response.Big<2>(descriptor_bytes);
  }
  if (described) WriteBlockDescriptor(geometry, long_lba, response);
  for (const ModePage& page : ModePages()) {
    if (asked(page)) WritePage(page, control, state, response);
  }
  if (form6) {
    response.SetBig<1>(0, response.full_bytes() - 1);
  } else {
    response.SetBig<2>(0, response.full_bytes() - 2);
  }
  return kGood;
}

}  // namespace quire
